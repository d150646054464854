// The table of the bounds that all clients of the process share: how much there is, and how much
// of it one user and one address may have.
import { commandBytesOf, type Limits } from '../protocol/limits.ts'
import { counted, NO_SHARES, OF_ADDRESS, partOf, type Shared, shared } from './portions.ts'
import {
  type KeysBound,
  keysOf,
  type QuotaBound,
  type QuotaName,
  quotasOf,
  type SpaceBound,
  spaceOf,
} from './quotas.ts'
import { type RatedBound, type RateName, ratesOf } from './rates.ts'

/** A bound whose shares are held until they are released. */
export interface HeldBound extends Shared {
  /** Seconds until another try may succeed. */
  readonly retryAfter: number
  /**
   * Whether, when the bound is full, the oldest share of the address that holds most makes room.
   * Only for what a client can ask for again: tickets, keys and connections are never given up.
   */
  readonly displaces?: true
  /**
   * Whether the parts of one user and of one address hold over all nodes; without it each node has
   * its own, as `all` always is: what one process can hold.
   */
  readonly overNodes?: true
}

/** The bounds on what is held at the same time. */
export type HeldName =
  /** TCP connections that carry no WebSocket and no event stream. */
  | 'sockets'
  /** Connections; the user of one is counted once it is known. */
  | 'connections'
  /** Connections that are not authenticated yet, and the bytes that they sent ahead. */
  | 'pending'
  /** Event streams that wait to be admitted. */
  | 'waitingStreams'
  /** Tickets that are not used yet, and the characters in them. */
  | 'ticketsOut'
  /** Idempotency keys of rooms without history. */
  | 'keys'
  /** Pages of history that are being read or wait to be. */
  | 'pages'
  /** The same for members that are brought up to date: each of them waits for one page at most. */
  | 'replays'
  /** Bytes of the newest messages of rooms, held in memory for members that return. */
  | 'tails'
  /** Tries for accounts with failures, which are held back before their password is hashed. */
  | 'heldTries'
  /** Passwords that are being hashed or wait to be. */
  | 'hashes'
  /** Bodies of requests that have not come whole, and their bytes. */
  | 'bodies'
  /** Files of the web page that are being sent or wait to be. */
  | 'files'
  /** Messages that wait for the disk, and their bytes. */
  | 'waitingForDisk'
  /** Calls that move receipts and wait for the disk, and the bytes of their moves. */
  | 'waitingReceipts'

export type Bounds = Readonly<
  Record<HeldName, HeldBound> &
    Record<RateName, RatedBound> &
    Record<QuotaName, QuotaBound> & {
      readonly space: SpaceBound
      readonly storedKeys: KeysBound
    }
>

/** Two pages are read at once, in a millisecond or two each. */
const PAGES_MAX = 1_004
/**
 * Two passwords are hashed at once, on two cores one; with 200 more waiting, the last one waits
 * some five to ten seconds.
 */
const HASHES_MAX = 202
/** A request and a timer each, for four seconds at most, before a password waits to be hashed. */
const HELD_TRIES_MAX = 1_000
/** As much as undecided connections may send ahead: the sender of most is not known either. */
const BODY_BYTES = 64 * 1024 * 1024
/** Where commands may be large, an address can still send two requests full of them. */
const BODIES_OF_COMMANDS = 40
/** A page has twenty files, and an office opens it at nine; one that waits costs some 10 KB. */
const FILES_MAX = 2_560
/** A request of some 20 KB each; at 2,000 a second the last one waits five seconds. */
const WAITING_STREAMS_MAX = 10_000
/** Keys of some 300 bytes each. */
export const KEYS_MAX = 100_000
/** Enough tickets for all clients to return at once. */
export const TICKETS_MAX = 100_000
/** Characters of room names and of `info`, over all tickets. */
const TICKET_CHARACTERS_MAX = 64 * 1024 * 1024
/** Of some five hundred rooms; members of others read from the store. */
const TAIL_BYTES_MAX = 256 * 1024 * 1024
const WAITING_MESSAGES_MAX = 20_000
const WAITING_BYTES_MAX = 64 * 1024 * 1024
/** Of 131,072 moves, of some 64 bytes each. */
const WAITING_RECEIPTS_BYTES_MAX = 8 * 1024 * 1024

/** The table, with the numbers of the settings. */
export function boundsOf(limits: Limits): Bounds {
  return {
    ...connectionBounds(limits),
    ...storeBounds,
    ...requestBounds,
    bodies: bodiesBound(limits),
    ...ratesOf(limits),
    ...quotasOf(limits),
    space: spaceOf(limits),
    storedKeys: keysOf(),
  }
}

function connectionBounds(limits: Limits) {
  const undecided = 'Too many undecided connections: try again in a few seconds.'
  const undecidedHere = 'Too many undecided connections from here: first decide some.'
  return {
    sockets: {
      ...NO_SHARES,
      address: counted(limits, 'socketsPerAddress', 'Too many TCP connections: close some first.'),
      retryAfter: 5,
    },
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
      reserve: 1 / 100,
      retryAfter: 5,
      overNodes: true,
    },
    pending: {
      ...NO_SHARES,
      all: {
        ...counted(limits, 'pendingConnections', undecided),
        bytes: { limit: 'pendingBytes', most: limits.pendingBytes },
      },
      address: {
        ...counted(limits, 'pendingPerAddress', undecidedHere),
        bytes: { limit: 'pendingBytes', most: partOf(limits.pendingBytes, OF_ADDRESS) },
      },
      retryAfter: 5,
      displaces: true,
    },
    waitingStreams: {
      ...shared({
        count: { limit: 'streamsWaiting', most: WAITING_STREAMS_MAX },
        bytes: null,
        sentence: 'Too many streams wait to be admitted: try again in a few seconds.',
      }),
      ...{ user: null, retryAfter: 5, displaces: true },
    },
  } as const satisfies Partial<Bounds>
}

function bodiesBound(limits: Limits) {
  const most = Math.max(BODY_BYTES, BODIES_OF_COMMANDS * commandBytesOf(limits))
  return {
    ...shared({
      count: null,
      bytes: { limit: 'bodyBytes', most },
      sentence: 'Too many bytes of requests are still coming in: try again in a few seconds.',
    }),
    ...{ user: null, retryAfter: 5 },
  } as const satisfies HeldBound
}

const storeBounds = {
  ticketsOut: {
    ...shared({
      count: { limit: 'ticketsOut', most: TICKETS_MAX },
      bytes: { limit: 'ticketsOut', most: TICKET_CHARACTERS_MAX },
      sentence: 'Too many tickets are out: try again.',
    }),
    ...{ retryAfter: 5, overNodes: true },
  },
  keys: {
    ...shared({
      count: { limit: 'idempotencyKeys', most: KEYS_MAX },
      bytes: null,
      sentence: 'Too many idempotency keys are held: try again in a minute.',
    }),
    retryAfter: 60,
  },
  waitingForDisk: {
    ...shared({
      count: { limit: 'waitingForDisk', most: WAITING_MESSAGES_MAX },
      bytes: { limit: 'waitingForDisk', most: WAITING_BYTES_MAX },
      sentence: 'Too much is waiting for the disk: try again in a second.',
    }),
    // Users have their rate; what waits for a slow disk may be theirs for a moment.
    ...{ user: null, retryAfter: 1 },
  },
  waitingReceipts: {
    ...shared({
      count: { limit: 'waitingReceipts', most: WAITING_MESSAGES_MAX },
      bytes: { limit: 'waitingReceipts', most: WAITING_RECEIPTS_BYTES_MAX },
      sentence: 'Too many receipts are waiting for the disk: try again in a second.',
    }),
    retryAfter: 1,
  },
} as const satisfies Partial<Bounds>

/** Requests that wait for their turn. */
const requestBounds = {
  pages: {
    ...shared({
      count: { limit: 'pagesAtOnce', most: PAGES_MAX },
      bytes: null,
      sentence: 'Too many pages of history are asked for: try again.',
    }),
    ...{ retryAfter: 1, displaces: true },
  },
  /** Without numbers of its own, since each stands for a connection, which is counted already. */
  replays: { ...NO_SHARES, retryAfter: 1 },
  tails: {
    ...shared({
      count: null,
      bytes: { limit: 'historyInMemory', most: TAIL_BYTES_MAX },
      sentence: 'Too much history is held in memory: try again.',
    }),
    retryAfter: 1,
  },
  heldTries: {
    ...shared({
      count: { limit: 'failedLogins', most: HELD_TRIES_MAX },
      bytes: null,
      sentence: 'Too many failed log-ins: try again in some seconds.',
    }),
    ...{ user: null, retryAfter: 4, displaces: true },
  },
  hashes: {
    ...shared({
      count: { limit: 'loginsAtOnce', most: HASHES_MAX },
      bytes: null,
      sentence: 'Too many log-ins at once: try again in a second.',
    }),
    ...{ user: null, retryAfter: 1, displaces: true },
  },
  files: {
    ...shared({
      count: { limit: 'filesAtOnce', most: FILES_MAX },
      bytes: null,
      sentence: 'Too many files are asked for at once: try again.',
    }),
    ...{ user: null, retryAfter: 1, displaces: true },
  },
} as const satisfies Partial<Bounds>
