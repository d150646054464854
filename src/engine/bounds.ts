// The table of the bounds that all clients of the process share: how much there is, and how much
// of it one user and one address may have.
import type { LimitName, Limits } from '../protocol/limits.ts'

/** A number, and the name under which a refusal and the metrics report it. `null` is no limit. */
export interface Cap {
  readonly limit: LimitName
  readonly most: number | null
}

/** Caps on the number of things and on their bytes; `bytes` is null where no bytes are counted. */
export interface Allowance {
  readonly count: Cap | null
  readonly bytes: Cap | null
  /** Tells a refused client what to do; `{seconds}` is the time to wait. */
  readonly sentence: string
}

interface Shared {
  readonly all: Allowance | null
  /** The part of the bound that one user may have. */
  readonly user: Allowance | null
  /** The part that one IPv4 address or one /64 may have; a /48 may have four times as much. */
  readonly address: Allowance | null
  /** The part of the count of `all` that only server keys may take. */
  readonly reserve: number
}

/** A bound whose shares are held until they are released. */
export interface HeldBound extends Shared {
  /** Seconds until another try may succeed. */
  readonly retryAfter: number
}

/** A bound whose shares come back by themselves: `most` of them within `seconds`. */
export interface RatedBound extends Shared {
  readonly seconds: number
}

/** The bounds on what is held at the same time. */
export type HeldName =
  /** Connections; the user of one is counted once it is known. */
  | 'connections'
  /** Connections that are not authenticated yet. */
  | 'pending'
  /** Tickets that are not used yet, and the characters in them. */
  | 'ticketsOut'
  /** Idempotency keys of rooms without history. */
  | 'keys'
  /** Pages of history that are being read or wait to be. */
  | 'pages'
  /** Passwords that are being hashed or wait to be. */
  | 'hashes'
  /** Messages that wait for the disk, and their bytes. */
  | 'waitingForDisk'

/** Rates that hold on each node by itself. */
export type NodeRate =
  /** WebSocket handshakes and event streams. */
  | 'handshakes'
  /** Messages of a user, over all connections and requests. */
  | 'messages'

/** Rates that hold over all nodes. */
export type SharedRate =
  /** Tickets that are issued. */
  'tickets'

export type RateName = NodeRate | SharedRate

export type Bounds = Readonly<Record<HeldName, HeldBound> & Record<RateName, RatedBound>>

/**
 * A page may have megabytes, and the thread that reads pages reads sessions between two of them.
 */
const PAGES_MAX = 1_004
/**
 * Two passwords are hashed at once; with 200 more waiting, the last one waits some five seconds.
 */
const HASHES_MAX = 202
/** Keys of some 300 bytes each. */
export const KEYS_MAX = 100_000
/** Enough tickets for all clients to return at once. */
export const TICKETS_MAX = 100_000
/** Characters of room names and of `info`, over all tickets. */
const TICKET_CHARACTERS_MAX = 64 * 1024 * 1024
const WAITING_MESSAGES_MAX = 20_000
const WAITING_BYTES_MAX = 64 * 1024 * 1024

const NO_SHARES = { all: null, user: null, address: null, reserve: 0 } as const

/** The table, with the numbers of the settings. */
export function boundsOf(limits: Limits): Bounds {
  return {
    connections: {
      ...NO_SHARES,
      all: counted(limits, 'connections', 'This server is full: try again in a few seconds.'),
      user: counted(
        limits,
        'connectionsPerUser',
        'Too many connections of this user: close some first.',
      ),
      address: counted(
        limits,
        'connectionsPerAddress',
        'Too many connections from here: close some first.',
      ),
      retryAfter: 5,
    },
    pending: {
      ...NO_SHARES,
      all: counted(
        limits,
        'pendingConnections',
        'Too many undecided connections: try again in a few seconds.',
      ),
      address: counted(
        limits,
        'pendingPerAddress',
        'Too many undecided connections from here: first decide some.',
      ),
      retryAfter: 5,
    },
    ...storeBounds,
    ...ratesOf(limits),
  }
}

const storeBounds = {
  ticketsOut: {
    ...NO_SHARES,
    all: {
      count: { limit: 'ticketsOut', most: TICKETS_MAX },
      bytes: { limit: 'ticketsOut', most: TICKET_CHARACTERS_MAX },
      sentence: 'Too many tickets are out: try again.',
    },
    retryAfter: 5,
  },
  keys: {
    ...NO_SHARES,
    all: {
      count: { limit: 'idempotencyKeys', most: KEYS_MAX },
      bytes: null,
      sentence: 'Too many idempotency keys are held: try again in a minute.',
    },
    retryAfter: 60,
  },
  pages: {
    ...NO_SHARES,
    all: {
      count: { limit: 'pagesAtOnce', most: PAGES_MAX },
      bytes: null,
      sentence: 'Too many pages of history are asked for: try again.',
    },
    retryAfter: 1,
  },
  hashes: {
    ...NO_SHARES,
    all: {
      count: { limit: 'loginsAtOnce', most: HASHES_MAX },
      bytes: null,
      sentence: 'Too many log-ins at once: try again in a second.',
    },
    retryAfter: 1,
  },
  waitingForDisk: {
    ...NO_SHARES,
    all: {
      count: { limit: 'waitingForDisk', most: WAITING_MESSAGES_MAX },
      bytes: { limit: 'waitingForDisk', most: WAITING_BYTES_MAX },
      sentence: 'Too much is waiting for the disk: try again in a second.',
    },
    retryAfter: 1,
  },
} as const satisfies Partial<Bounds>

function ratesOf(limits: Limits): Record<RateName, RatedBound> {
  return {
    handshakes: {
      ...NO_SHARES,
      all: counted(limits, 'handshakesPerSecond', 'Too many handshakes: try again in {seconds} s.'),
      seconds: 1,
    },
    messages: {
      ...NO_SHARES,
      user: {
        count: { limit: 'messagesPerSecond', most: limits.messagesPerSecond },
        bytes: { limit: 'bytesPerSecond', most: limits.bytesPerSecond },
        sentence: 'Too many messages: wait {seconds} s and try again.',
      },
      seconds: 1,
    },
    tickets: {
      ...NO_SHARES,
      user: counted(
        limits,
        'ticketsPerMinute',
        'Too many tickets for this user: wait {seconds} s and try again.',
      ),
      seconds: 60,
    },
  }
}

function counted(limits: Limits, limit: keyof Limits, sentence: string): Allowance {
  return { count: { limit, most: limits[limit] }, bytes: null, sentence }
}
