// What things cost, as they were measured: the only numbers that the model has of this program.
// CPU time in microseconds, on one core of the machine of docs/performance.md.

export interface Cost {
  readonly value: number
  /** How it was measured. */
  readonly by: string
}

const CHECK = 'npm run bench:simulate -- --check'

/** Of a node, which is one process on one core. */
export const NODE = {
  /** A turn of the event loop, whatever is done in it: waking, and reading the sockets. */
  turn: { value: 70, by: `${CHECK}: rows of small rooms, 1,000/s beside 4,000/s` },
  /** To take a message from a client and hand it to Redis. */
  publish: { value: 28, by: `${CHECK}: small rooms at 4,000/s, one node` },
  /** To hear a message from Redis. */
  hear: { value: 12, by: `${CHECK}: small rooms at 4,000/s, two nodes less one` },
  /** To write to one member what its room was told in a turn. */
  write: { value: 9.6, by: `${CHECK}: one big room at 40/s` },
  /** Each further message of the same write. */
  gathered: { value: 0.06, by: 'npm run bench -- --only "one big room"' },
  /** A ping and its answer. */
  ping: { value: 20, by: 'two writes; not measured by itself' },
  /** A connection with a ticket, from SYN to a member, and the ticket that it was issued before. */
  connect: { value: 343, by: 'npm run bench:redis -- connect' },
  ticket: { value: 253, by: 'npm run bench:redis -- connect' },
  /** A handshake that is refused for the rate. */
  refuse: { value: 60, by: 'less than half of a bare connection; not measured by itself' },
  /** A second in which nothing happens. */
  rest: { value: 8_000, by: `${CHECK}: a node at rest` },
} as const satisfies Record<string, Cost>

/** Bytes of memory of a node. */
export const MEMORY = {
  node: { value: 120e6, by: `${CHECK}: a node at rest` },
  connection: { value: 6_000, by: 'npm run bench -- --only rich: idle, JSON' },
  /** A room that has a member on the node, and its subscription. */
  room: { value: 5_000, by: `${CHECK}: rooms of one member less one room` },
  /** What the kernel keeps for a TCP connection without bytes in flight. */
  kernel: { value: 4_000, by: 'not measured: the size of its structures in Linux 6' },
} as const satisfies Record<string, Cost>

/** Of a primary, which does its commands on one core. */
export const REDIS = {
  /** A turn of its event loop. */
  turn: { value: 36, by: `${CHECK}: looks one at a time, by one node less by 16` },
  /** A turn that wrote, for its append-only file, synced each second. */
  fileTurn: { value: 28, by: 'npm run bench:redis -- rooms: stored less ephemeral' },
  /** To read what one node sent in a turn, and to answer it. */
  exchange: { value: 11, by: `${CHECK}: looks one at a time by 16 nodes` },
  /** To send one node what its channels said in a turn. */
  write: { value: 5.1, by: `${CHECK}: pushes one at a time` },
  /** Each message to one node. */
  push: { value: 0.38, by: `${CHECK}: pushes` },
  ephemeral: { value: 0.7, by: CHECK },
  stored: { value: 18, by: CHECK },
  keyed: { value: 28, by: CHECK },
  /** A ticket, from its issue to its use. */
  ticket: { value: 17, by: CHECK },
  /** A room that a node begins to follow. */
  follow: { value: 4.5, by: CHECK },
  /** A join or a leave that is told. */
  presence: { value: 8.6, by: CHECK },
  /** A look at where a quiet room stands. */
  look: { value: 2, by: CHECK },
  revoke: { value: 9, by: CHECK },
  /** A connection with a ticket, from its issue on, in one room. */
  connect: { value: 72, by: 'npm run bench:redis -- connect' },
  /** The commands of a node at rest in a second, those within scripts included; alone. */
  rest: { value: 180, by: `${CHECK}: 64 nodes at rest` },
  restCommands: { value: 17, by: `${CHECK}: 64 nodes at rest` },
} as const satisfies Record<string, Cost>

export type Values<Table> = { readonly [Name in keyof Table]: number }

export interface Costs {
  readonly node: Values<typeof NODE>
  readonly redis: Values<typeof REDIS>
  readonly memory: Values<typeof MEMORY>
}

/** On a machine that takes `slowness` times as long for the same. */
export function costsOf(slowness = 1): Costs {
  return {
    node: scaled(NODE, slowness),
    redis: { ...scaled(REDIS, slowness), restCommands: REDIS.restCommands.value },
    memory: scaled(MEMORY, 1),
  }
}

function scaled<Table extends Record<string, Cost>>(table: Table, by: number): Values<Table> {
  const entries = Object.entries(table).map(([name, { value }]) => [name, value * by])
  return Object.fromEntries(entries) as Values<Table>
}
