// The newest messages of a room in memory, for members that return at the same time.
import type { Retention, RoomSummary } from '../engine/message-log.ts'
import type { Share } from '../engine/shares.ts'
import type { Message, Position } from '../protocol/message.ts'

/** How many messages one read brings, and how many the cached tail has at most. */
export const PAGE_MESSAGES = 512
export const TAIL_BYTES_MAX = 262_144

/** The newest messages, without a hole, all after offset `after`. */
export interface Tail {
  readonly epoch: string
  after: number
  messages: Message[]
  bytes: number
  /** A message that is redacted ends the tail. */
  readonly redactions: number
  usedAt: number
  readonly share: Share
}

/** The room's newest position, and how many messages were redacted in its epoch. */
export type Present = Pick<RoomSummary, 'head' | 'redactions'>

export function headOf({ epoch, after, messages }: Tail): Position {
  return { epoch, offset: messages.at(-1)?.offset ?? after }
}

export function presentOf(tail: Tail): Present {
  return { head: headOf(tail), redactions: tail.redactions }
}

/** Drops the oldest messages, until the tail is within its bounds. */
export function shorten(tail: Tail): void {
  while (tail.messages.length > PAGE_MESSAGES || tail.bytes > TAIL_BYTES_MAX) dropFirst(tail)
}

/**
 * Drops what the retention no longer keeps, up to the first message that it keeps, as the engine
 * does: the clock may have been set between two messages. What was dropped is not shown again.
 */
export function dropOld(tail: Tail, { messages, ageMs }: Retention, now: number): void {
  const head = headOf(tail).offset
  const since = ageMs === null ? 0 : now - ageMs
  const isKept = ({ offset, time }: Message) => offset > head - messages && time >= since
  dropBefore(tail, tail.messages.find(isKept)?.offset ?? head + 1)
}

export function dropBefore(tail: Tail, offset: number): void {
  while (tail.messages.length > 0 && tail.after < offset - 1) dropFirst(tail)
}

function dropFirst(tail: Tail): void {
  const gone = tail.messages.shift()
  if (gone === undefined) return
  tail.bytes -= gone.payload.length
  tail.after = gone.offset
}
