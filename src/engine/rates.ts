// The rows of what is used by the second, minute or hour, for the table in bounds.ts.
import type { Limits } from '../protocol/limits.ts'
import { type Allowance, counted, NO_SHARES, partsOf, type Shared, shared } from './portions.ts'

/** A bound whose shares come back by themselves: `most` of them within `seconds`. */
export interface RatedBound extends Shared {
  readonly seconds: number
  /** How many times `most` may come at once; 1 if not said. */
  readonly burst?: number
  /** Whether what came in for a user while the process stood still is no burst. */
  readonly stallCredit?: true
}

/** Rates that hold on each node by itself. */
export type NodeRate =
  /** Requests of any kind. */
  | 'requests'
  /** WebSocket handshakes and event streams; refused ones count for their address alone. */
  | 'handshakes'
  /** Messages of a user, over all connections and requests. */
  | 'messages'
  /** Bytes of history and replay: of a user, and of an address where no user is known. */
  | 'reads'

/** Rates that hold over all nodes. */
export type SharedRate =
  /** Tickets that are issued. */
  | 'tickets'
  /** Accounts that are made. */
  | 'signUps'

export type RateName = NodeRate | SharedRate

/** The rows of rates, with the numbers of the settings. */
export function ratesOf(limits: Limits): Record<RateName, RatedBound> {
  return { ...rejoiningRates(limits), ...userRates(limits) }
}

/** Rates of clients that may have no user yet. */
function rejoiningRates(limits: Limits) {
  const handshakes = counted(
    limits,
    'handshakesPerSecond',
    'Too many handshakes: try again in {seconds} s.',
  )
  return {
    requests: {
      ...NO_SHARES,
      address: counted(
        limits,
        'requestsPerSecondPerAddress',
        'Too many requests from here: wait {seconds} s and try again.',
      ),
      ...{ seconds: 1, burst: 10 },
    },
    handshakes: {
      ...shared(handshakes),
      ...{ user: null, address: partsOf(handshakes, 1 / 4), seconds: 1 },
    },
    signUps: {
      ...NO_SHARES,
      address: counted(
        limits,
        'signUpsPerHourPerAddress',
        'Too many new accounts from here: wait {seconds} s and try again.',
      ),
      seconds: 3_600,
    },
  } as const satisfies Partial<Record<RateName, RatedBound>>
}

function userRates(limits: Limits) {
  const read: Allowance = {
    count: null,
    bytes: { limit: 'readBytesPerSecondPerUser', most: limits.readBytesPerSecondPerUser },
    sentence: 'Too much history is read: wait {seconds} s and try again.',
  }
  return {
    messages: {
      ...NO_SHARES,
      user: {
        count: { limit: 'messagesPerSecond', most: limits.messagesPerSecond },
        bytes: { limit: 'bytesPerSecond', most: limits.bytesPerSecond },
        sentence: 'Too many messages: wait {seconds} s and try again.',
      },
      ...{ seconds: 1, stallCredit: true },
    },
    reads: { ...NO_SHARES, user: read, address: read, ...{ seconds: 1, burst: 30 } },
    tickets: {
      ...NO_SHARES,
      user: counted(
        limits,
        'ticketsPerMinute',
        'Too many tickets for this user: wait {seconds} s and try again.',
      ),
      seconds: 60,
    },
  } as const satisfies Partial<Record<RateName, RatedBound>>
}
