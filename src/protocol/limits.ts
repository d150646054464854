// Every bound that an operator can set, with its unit in its name. `null` means none.

/** Limits of one node. Counts are live numbers, rates are per second unless the name says more. */
export interface Limits {
  connections: number | null
  connectionsPerUser: number | null
  connectionsPerAddress: number | null
  roomsPerConnection: number | null
  /** Per connection and per user; server keys are exempt. */
  messagesPerSecond: number | null
  /** Per connection and per user; server keys are exempt. */
  bytesPerSecond: number | null
  /** Size of one message's payload, over every door. */
  messageBytes: number
  /** What may wait for one reader before it is cut as slow. */
  outboxBytes: number
  /** How long a byte may wait for one reader before it is cut as slow. */
  outboxSeconds: number
  /** What may wait for all readers of a node; a buffer that they share counts for each. */
  outboxTotalBytes: number | null
  handshakesPerSecond: number | null
  /** Connections that are open but have not said who they are. */
  pendingConnections: number | null
  pendingPerAddress: number | null
  /** Per user that tickets are issued for. */
  ticketsPerMinute: number | null
}

/** Every limit that somebody can hit, for metrics and logs. */
export type LimitName =
  | keyof Limits
  /** Frames held back while something before them was decided. */
  | 'heldFrames'
  /** Failed log-ins of an account or an address. */
  | 'failedLogins'
  /** Passwords that are hashed at once. */
  | 'loginsAtOnce'
  /** Bounds of the store: tickets that were not used yet, keys, pages being read, publishes. */
  | 'ticketsOut'
  | 'idempotencyKeys'
  | 'pagesAtOnce'
  | 'waitingForDisk'

/** How dead connections are found: a ping this often, and how long to wait for an answer. */
export interface HeartbeatSettings {
  pingSeconds: number
  pongSeconds: number
}

export const DEFAULT_LIMITS: Readonly<Limits> = Object.freeze({
  connections: 100_000,
  connectionsPerUser: 50,
  connectionsPerAddress: 1_000,
  roomsPerConnection: 128,
  messagesPerSecond: 50,
  bytesPerSecond: 262_144,
  messageBytes: 65_536,
  outboxBytes: 1_048_576,
  outboxSeconds: 15,
  outboxTotalBytes: 1_073_741_824,
  handshakesPerSecond: 2_000,
  pendingConnections: 1_000,
  pendingPerAddress: 20,
  ticketsPerMinute: 60,
})

export const DEFAULT_HEARTBEAT: Readonly<HeartbeatSettings> = Object.freeze({
  pingSeconds: 25,
  pongSeconds: 10,
})

/** The first message of a connection that authenticates by it: its size and its deadline. */
export const FIRST_MESSAGE = Object.freeze({ bytesMax: 4_096, deadlineMs: 10_000 })

/** What may wait while an application is asked whether a message is allowed. */
export const WAITING_FRAMES: FrameBounds = Object.freeze({ countMax: 256, bytesMax: 262_144 })

/** Characters of a password. The bound above keeps hashing cheap, not passwords short. */
export const PASSWORD_LENGTH = Object.freeze({ min: 8, max: 256 })

/** How long an access token of ours is good for. */
export const ACCESS_TOKEN_SECONDS = 900

/** What a ticket may be asked for, and how long the connections of a back end's tickets live. */
export const TICKET = Object.freeze({
  secondsMin: 1,
  secondsMax: 30,
  roomsMax: 128,
  infoCharactersMax: 2_048,
  connectionSecondsMax: 2_592_000,
  connectionSeconds: 86_400,
})

/** How much may wait in front of a connection. */
export interface FrameBounds {
  readonly countMax: number
  readonly bytesMax: number
}

/** What may wait behind a first message until it is decided. */
export const HELD_FRAMES: FrameBounds = Object.freeze({ countMax: 16, bytesMax: 65_536 })
