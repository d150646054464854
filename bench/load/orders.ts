// The orders of the run to a load process, and the answers.
import type { Counts } from './latency.ts'
import type { SpeechName } from './speech.ts'

export interface Target {
  port: number
}

/**
 * Node reads some 200,000 chunks a second at most: where a server writes more, most members read in
 * turns, many times within what the kernel holds for them, and timed members at once. Slowly is 1
 * KB a second.
 */
export type Reads = 'at once' | 'in turns' | 'slowly'

/** The credential of a connection; only Usher asks for one. */
export type Credential = 'ticket' | 'ticket for its rooms' | 'cookie' | 'server key' | 'none'

/** One connection to make. */
export interface Opening {
  /** Unique in the run; spreads source addresses. */
  number: number
  path: string
  headers: Record<string, string>
  speech: SpeechName
  /** Where the handshake does not carry it. */
  token: string | null
  /** Which rooms it will be in, by number: one, where the path names it. */
  rooms: readonly number[]
  /** Their names, where a client says them itself. */
  names: readonly string[]
  /** Whether that room keeps its messages; only Usher has such rooms. */
  isStored: boolean
  /** Its number as a publisher; null for a connection that only listens. */
  publisher: number | null
  /** Whether its deliveries are timed. */
  timed: boolean
  reads: Reads
}

export interface ConnectOrder {
  target: Target
  openings: Opening[]
  /** Handshakes on their way at once. */
  atOnce: number
  /** Time within which every client that reads in turns has read once, in milliseconds. */
  turnMs: number
}

/** Closed loop: so many in flight per publisher; or a rate of all publishers together. */
export type Pace = { window: number } | { perSecond: number }

export interface Talk {
  /** Bytes of a payload. */
  size: number
  warmSeconds: number
  seconds: number
  pace: Pace
}

export interface TalkOrder extends Talk {
  /** When the warm-up begins, by the clock that all processes share. */
  startsAt: number
  /** Which of the load processes this is, and of how many: at a rate they take turns. */
  part: { index: number; of: number }
}

export interface PostOrder {
  port: number
  path: string
  headers: Record<string, string>
  body: string
  connections: number
  warmSeconds: number
  seconds: number
}

/** What one load process measured. */
export interface Part {
  /** Deliveries or answers within the measured time. */
  done: number
  seconds: number
  /** How busy this process was in that time, as a share of one core. */
  load: number
  latencies: Counts
  /** How late the load side itself sent, 99 of 100 messages, in milliseconds. */
  lateMs: number
  /** Bytes that came for each delivery; 0 where they are not counted. */
  bytesEach: number
}

export interface Posted extends Part {
  /** Also while warming up. */
  all: number
  failed: number
}

/** Counts since the connections were made, to find what is missing. */
export interface Counted {
  /** By room: messages sent by publishers of this process. */
  sent: Record<number, number>
  /** By rooms, with commas: how often each count of messages occurs among their members. */
  got: Record<string, Record<number, number>>
  delivered: number
  closed: number
  slowClosed: number
}
