// What Redis pays for single things, at the port of the engine: nodes of one process, so that
// Redis alone is measured. Many things are on their way at once, as on a Redis that is busy.
import { hash, randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Engine } from '../../src/engine/engine.ts'
import type { Follower } from '../../src/engine/message-log.ts'
import { openEngine } from '../../src/engine/open-engine.ts'
import { systemClock } from '../../src/time/system-clock.ts'
import { Redis } from '../nodes/redis-server.ts'

const PAYLOAD = Buffer.alloc(64, 'x')
const RETENTION = { messages: 10_000, ageMs: null }
const ROOMS = 100
const AT_ONCE = 500
/** What the code and Redis need to become warm. */
const FIRST = 2_000
/** Long enough for beats of a second to be counted. */
const REST_MS = 4_000
/** That hear, or ask, what one does. */
const NODES = 16

type Deed = (number: number, engine: Engine) => unknown

/** CPU time of Redis in microseconds, and its commands, each for one thing. */
export interface Cost {
  micros: number
  commands: number
}

export type EngineCosts = Readonly<Record<string, Cost>>

/** `count` is how often each thing is done. */
export async function engineCosts(count: number): Promise<EngineCosts> {
  const redis = await Redis.start()
  try {
    const engine = await open(redis)
    const found: Record<string, Cost> = {}
    for (const [name, deed] of Object.entries(DEEDS)) {
      await doAll(FIRST, 0, (number) => deed(number, engine))
      found[name] = await costOf(redis, count, () =>
        doAll(count, FIRST, (number) => deed(number, engine)),
      )
    }
    return { ...found, ...(await wakeCosts(redis, engine, count)) }
  } finally {
    await redis.end()
  }
}

/** What nothing is gathered with: one thing after the other, by one node and to many nodes. */
async function wakeCosts(redis: Redis, engine: Engine, count: number): Promise<EngineCosts> {
  const few = Math.ceil(count / 10)
  const look = DEEDS['look at a room'] as Deed
  const tell = DEEDS['ephemeral message'] as Deed
  const all = await openAll(redis, NODES)
  const alone = await costOf(redis, few, () => doAll(few, 0, (number) => look(number, engine), 1))
  const each = await costOf(redis, few * NODES, () =>
    Promise.all(all.map((other) => doAll(few, 0, (number) => look(number, other), 1))),
  )
  const told = await costOf(redis, few, () => doAll(few, 0, (number) => tell(number, engine), 1))
  for (const { log } of all) for (let room = 0; room < ROOMS; room += 1) await follow(log, room)
  const heard = await costOf(redis, few, () => doAll(few, 0, (number) => tell(number, engine), 1))
  const pushed = await costOf(redis, count, () => doAll(count, 0, (number) => tell(number, engine)))
  await Promise.all(all.map((other) => other.close()))
  return {
    'look, one at a time': alone,
    [`look, one at a time by each of ${NODES} nodes`]: each,
    'push to a node, one at a time': perNode(heard.micros - told.micros),
    'push to a node': perNode(pushed.micros),
  }
}

function follow(log: Engine['log'], room: number): Promise<unknown> {
  return log.follow(roomOf(room), FOLLOWER)
}

function perNode(micros: number): Cost {
  return { micros: micros / NODES, commands: 0 }
}

/** What each of so many nodes costs Redis in a second in which nothing happens. */
export async function restingNode(nodes: number): Promise<Cost> {
  const redis = await Redis.start()
  try {
    const engines = await openAll(redis, nodes)
    engines.forEach(holdMuch)
    await sleep(2_000)
    const cost = await costOf(redis, nodes, () => sleep(REST_MS))
    const seconds = REST_MS / 1_000
    return { micros: cost.micros / seconds, commands: cost.commands / seconds }
  } finally {
    await redis.end()
  }
}

const DEEDS: Readonly<Record<string, Deed>> = {
  'stored message': (number, engine) => append(engine, number, { isStored: true, key: null }),
  'stored message with a key': (number, engine) =>
    append(engine, number, { isStored: true, key: `k${number}` }),
  'ephemeral message': (number, engine) => append(engine, number, { isStored: false, key: null }),
  'ticket, issued and redeemed': ticket,
  'entry of presence': (number, { presence }) =>
    presence.enter(roomOf(number), { connection: `c${number}`, user: 'u', name: null, info: null }),
  'look at a room': (number, { log }) => log.head(roomOf(number)),
  'room that is followed': (number, { log }) => log.follow(`own:${number}`, FOLLOWER),
  revocation: (number, { revocations }) => revocations.revoke({ user: `u${number}` }),
}

const FOLLOWER: Follower = {
  ...{ onMessage() {}, onRedacted() {}, onUserRedacted() {}, onRecounted() {} },
  ...{ onHidden() {}, onGap() {} },
}

function roomOf(number: number): string {
  return `chat:${number % ROOMS}`
}

function append(
  { log }: Engine,
  number: number,
  { isStored, key }: { isStored: boolean; key: string | null },
): unknown {
  const draft = { kind: 'text', payload: PAYLOAD, user: 'u_1', name: 'Ada', origin: null } as const
  return log.append(roomOf(number), draft, {
    retention: isStored ? RETENTION : null,
    key: key === null ? null : { sender: 'u_1', value: key },
    holder: { user: null, address: null, server: 'bench' },
  })
}

async function ticket(number: number, { tickets }: Engine): Promise<void> {
  const now = Date.now()
  const digest = hash('sha256', `${number} ${randomBytes(4).toString('hex')}`, 'hex')
  const nothing = { session: null, rooms: null, name: null, info: null, connectionExpiresAt: null }
  const times = { issuedAt: now, expiresAt: now + 30_000 }
  await tickets.issue({ hash: digest, user: `u${number}`, ...nothing, ...times })
  await tickets.read(digest, now)
  await tickets.redeem(digest, now)
}

/** A user that holds so much that the other nodes are told of it. */
function holdMuch({ shares }: Engine, number: number): void {
  const holder = { user: `bot-${number}`, address: null, server: null }
  for (let count = 0; count < 5; count += 1) shares.take('connections', holder)
}

function open(redis: Redis): Promise<Engine> {
  const url = `redis://127.0.0.1:${redis.port}`
  return openEngine({ kind: 'redis', url, prefix: 'b:' }, systemClock)
}

function openAll(redis: Redis, count: number): Promise<Engine[]> {
  return Promise.all(Array.from({ length: count }, () => open(redis)))
}

async function costOf(redis: Redis, count: number, act: () => Promise<unknown>): Promise<Cost> {
  const [cpu, commands] = [await redis.cpuSeconds(), await redis.commands()]
  await act()
  const micros = (((await redis.cpuSeconds()) - cpu) / count) * 1e6
  return { micros, commands: ((await redis.commands()) - commands) / count }
}

/** Does all of them, so many at once. */
async function doAll(
  count: number,
  from: number,
  deed: (number: number) => unknown,
  atOnce = AT_ONCE,
): Promise<void> {
  let next = from
  const doing = async (): Promise<void> => {
    while (next < from + count) {
      next += 1
      await deed(next)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, doing))
}
