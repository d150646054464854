// Every bound that an operator can set, with its unit in its name. `null` means none.

/** A number that an operator can set: its default, its greatest value, and what it means. */
export interface NumberSetting {
  readonly standard: number | null
  /** The least is 1. */
  readonly max?: number
  /** Without this, `null` may be given, for no limit. */
  readonly needed?: true
  readonly sentence: string
}

/**
 * Limits of one node. Connections and the like are counted as they are now; messages and bytes per
 * second count per connection and per user, and server keys are exempt from them.
 */
export const LIMITS = {
  connections: { standard: 100_000, sentence: 'open connections' },
  connectionsPerUser: { standard: 50, sentence: 'open connections of a user' },
  connectionsPerAddress: { standard: 10_000, sentence: 'open connections from one address' },
  socketsPerAddress: {
    standard: 5_000,
    sentence: 'TCP connections from one address that carry no WebSocket and no event stream',
  },
  requestsPerSecondPerAddress: {
    standard: 1_000,
    sentence: 'requests from one address in a second; those of ten seconds may come at once',
  },
  messagesPerSecond: {
    standard: 50,
    sentence: 'messages that a connection, and a user, may publish in a second',
  },
  bytesPerSecond: {
    standard: 262_144,
    sentence: 'bytes that a connection, and a user, may publish in a second',
  },
  messageBytes: {
    standard: 65_536,
    max: 16_777_216,
    needed: true,
    sentence: 'bytes of one payload, however it is published',
  },
  commandBytes: {
    standard: 262_144,
    max: 16_777_216,
    needed: true,
    sentence: 'bytes of one frame of commands, and in any case 65,536 more than `messageBytes`',
  },
  commandsPerSecond: {
    standard: 128,
    sentence:
      'commands of a connection in a second, besides those that publish; those of eight seconds ' +
      'may come at once',
  },
  roomsPerConnection: { standard: 128, sentence: 'rooms that a connection may be in' },
  outboxBytes: {
    standard: 1_048_576,
    needed: true,
    sentence: 'bytes that may wait for one reader before it is cut as slow',
  },
  outboxSeconds: {
    standard: 15,
    needed: true,
    sentence: 'seconds that a byte may wait for one reader before it is cut as slow',
  },
  outboxTotalBytes: {
    standard: 1_073_741_824,
    sentence: 'bytes that may wait for all readers; a buffer that they share counts for each',
  },
  handshakesPerSecond: { standard: 2_000, sentence: 'connections that may be opened in a second' },
  pendingConnections: {
    standard: 10_000,
    sentence: 'connections that are not authenticated yet',
  },
  pendingPerAddress: { standard: 500, sentence: 'such connections from one address' },
  pendingBytes: {
    standard: 67_108_864,
    sentence: 'bytes that all such connections together may have sent ahead',
  },
  signUpsPerHourPerAddress: {
    standard: 300,
    sentence: 'accounts that may be made from one address in an hour',
  },
  ticketsPerMinute: { standard: 300, sentence: 'tickets that are issued for one user in a minute' },
  readBytesPerSecondPerUser: {
    standard: 4_194_304,
    sentence:
      'bytes of history and replay that a user may read in a second, and those of thirty seconds ' +
      'at once; without a user it counts per address',
  },
  storedBytesPerDayPerUser: {
    standard: 1_073_741_824,
    sentence: 'bytes of messages of a user that are kept on one day (UTC)',
  },
  newRoomsPerDayPerUser: {
    standard: 1_000,
    sentence: 'rooms with history that a user may begin on one day (UTC)',
  },
  presenceMembers: {
    standard: 500,
    sentence: 'members up to which a room tells who is in it, and not only how many are',
  },
  receiptParticipants: {
    standard: 1_000,
    sentence: 'participants up to which a room tells how far all have got, and who',
  },
  storeBytes: { standard: null, sentence: 'bytes that the store may have on disk' },
  storeFreeBytes: {
    standard: 1_073_741_824,
    sentence:
      'bytes that stay free on the volume of the store, where that is less than a tenth of it',
  },
} as const satisfies Record<string, NumberSetting>

/** How a dead connection is found: the time between pings, and how long an answer may take. */
export const HEARTBEAT = {
  pingSeconds: {
    standard: 25,
    max: 3_600,
    needed: true,
    sentence: 'seconds between two pings of a connection',
  },
  pongSeconds: {
    standard: 10,
    max: 3_600,
    needed: true,
    sentence: 'seconds that the answer to a ping may take',
  },
} as const satisfies Record<string, NumberSetting>

type Numbers<Table extends Record<string, NumberSetting>> = {
  readonly [Name in keyof Table]: Table[Name] extends { needed: true } ? number : number | null
}

export type Limits = Numbers<typeof LIMITS>
export type HeartbeatSettings = Numbers<typeof HEARTBEAT>

function standardsOf<Table extends Record<string, NumberSetting>>(table: Table): Numbers<Table> {
  const entries = Object.entries(table).map(([name, { standard }]) => [name, standard])
  return Object.freeze(Object.fromEntries(entries))
}

export const DEFAULT_LIMITS: Limits = standardsOf(LIMITS)
export const DEFAULT_HEARTBEAT: HeartbeatSettings = standardsOf(HEARTBEAT)

/** What a frame of commands may have besides the payload of a message. */
const FRAME_BYTES_BESIDES = 65_536

/** How many bytes a frame of commands may have: in any case a message of `messageBytes`. */
export function commandBytesOf(limits: Pick<Limits, 'commandBytes' | 'messageBytes'>): number {
  return Math.max(limits.commandBytes, limits.messageBytes + FRAME_BYTES_BESIDES)
}

/** Every limit that a client can hit, for metrics and logs. */
export type LimitName =
  | keyof Limits
  /** Frames held back while an earlier frame was decided. */
  | 'heldFrames'
  /** Requests that wait behind an unanswered one on their TCP connection. */
  | 'requestsAhead'
  /** Event streams that wait to be admitted. */
  | 'streamsWaiting'
  /** Bytes of bodies that have not come whole. */
  | 'bodyBytes'
  /** Files of the web page that are being sent at once. */
  | 'filesAtOnce'
  /** Failed log-ins of an account or an address. */
  | 'failedLogins'
  /** Passwords that are hashed at once. */
  | 'loginsAtOnce'
  /** Bounds of the store: tickets that were not used yet, keys, pages being read, publishes. */
  | 'ticketsOut'
  | 'idempotencyKeys'
  | 'storedKeys'
  | 'pagesAtOnce'
  | 'historyInMemory'
  | 'waitingForDisk'
  | 'waitingReceipts'

/** How long the name of a deleted account is not given out again, in milliseconds. */
export const RELEASED_NAME_MS = 90 * 86_400_000

/** How many requests may wait on a TCP connection for the answer before them. */
export const REQUESTS_AHEAD_MAX = 16

/** The first message of a connection that authenticates by it: its size and its deadline. */
export const FIRST_MESSAGE = Object.freeze({ bytesMax: 4_096, deadlineMs: 10_000 })

/** How long a connection of several rooms may take to authenticate. */
export const CONNECT = Object.freeze({ deadlineMs: 30_000 })

/** How many frames may wait while an application is asked whether a message is allowed. */
export const WAITING_FRAMES: FrameBounds = Object.freeze({ countMax: 256, bytesMax: 262_144 })

/** Characters of a password. The maximum is there to keep hashing cheap. */
export const PASSWORD_LENGTH = Object.freeze({ min: 8, max: 256 })

/** How long an access token of Usher is valid. */
export const ACCESS_TOKEN_SECONDS = 900

/** What a request for a ticket may ask, and how long a connection by a back end's ticket lives. */
export const TICKET = Object.freeze({
  secondsMin: 1,
  secondsMax: 30,
  roomsMax: 128,
  infoCharactersMax: 2_048,
  connectionSecondsMax: 2_592_000,
  connectionSeconds: 86_400,
})

/** How many frames and bytes of a connection may wait. */
export interface FrameBounds {
  readonly countMax: number
  readonly bytesMax: number
}

/** How many frames may wait after a first message until it is decided. */
export const QUEUED_FRAMES: FrameBounds = Object.freeze({ countMax: 16, bytesMax: 65_536 })
