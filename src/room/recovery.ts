// Joining at a position, all or nothing: the messages that a member missed go into the reply to its
// join, so their number is bounded; beyond that the client is told to load the room again.
import type { Holder } from '../engine/shares.ts'
import type { Position } from '../protocol/message.ts'
import type { ReplyFormat } from '../wire/wire-format.ts'
import type { History } from './history.ts'
import type { JoinBuffer } from './join-buffer.ts'
import type { ReadRate } from './read-rate.ts'
import { beginOf, hasHole, type Stretch } from './stretch.ts'

/** How many messages and bytes one reply may carry. */
export const RECOVERY = Object.freeze({ messagesMax: 1_000, bytesMax: 524_288 })

export interface Recovered {
  /** Whether `items` are all that was published after the position that was asked for. */
  readonly recovered: boolean
  /** Messages as they stand in the reply. */
  readonly items: readonly Buffer[]
  /** Where the member continues: give it to `Room.release`. */
  readonly position: Position
  /** How many messages were redacted in the epoch of `position`. */
  readonly redactions: number
}

export interface RecoveryParts {
  history: History
  readRate: ReadRate
  /** Keeps what is published meanwhile: that of the joining member (`Room.holdBack`). */
  buffer: JoinBuffer
}

/** Which member, and what it asked for. */
export interface RecoveryRequest {
  /** Null asks for the present position alone; an empty epoch stands for any. */
  from: Position | null
  /** Whom the reads count for. */
  holder: Holder
  /** How the reply writes a message. */
  replies: ReplyFormat
}

/**
 * Reads the messages after `from`; an empty epoch and offset 0 are all that is kept. `Room.release`
 * MUST be called in the step in which this resolves: what is published later may overflow the
 * buffer. Rejects with EngineUnavailable, and with 429 where the holder has read too much.
 */
export async function recover(
  { history, readRate, buffer }: RecoveryParts,
  { from, holder, replies }: RecoveryRequest,
): Promise<Recovered> {
  if (from === null) return nothing(history, buffer)
  const reached = readRate.over(holder)
  if (reached !== null) throw reached.refusal
  const items: Buffer[] = []
  let bytes = 0
  let at = from
  const seen = history.redactionsSeen
  await history.reach(from)
  for (;;) {
    buffer.clear()
    const page = await history.after(at.offset, { holder })
    const { head, redactions } = page
    if (at.epoch === '') at = anyEpoch(page, at)
    const isOther = head.epoch !== at.epoch || at.offset > head.offset
    if (isOther || hasHole(page, at.offset)) return nothing(history, buffer)
    const read = page.messages.map((message) => history.itemOf(replies, message))
    const more = read.reduce((sum, { length }) => sum + length, 0)
    readRate.charge(holder, more)
    items.push(...read)
    bytes += more
    if (items.length > RECOVERY.messagesMax || bytes > RECOVERY.bytesMax) {
      return nothing(history, buffer)
    }
    // What was read before has perhaps been redacted: the client loads the room again.
    if (history.redactionsSeen !== seen) return nothing(history, buffer)
    at = { ...at, offset: page.messages.at(-1)?.offset ?? at.offset }
    const isLast = at.offset >= head.offset && buffer.follows(at)
    if (isLast) return { recovered: true, items, position: at, redactions }
  }
}

/** A client that knows no epoch and no offset wants what there is, also if more was published. */
function anyEpoch(page: Stretch, { offset }: Position): Position {
  return { epoch: page.head.epoch, offset: offset === 0 ? beginOf(page, 0) : offset }
}

async function nothing(history: History, buffer: JoinBuffer): Promise<Recovered> {
  for (;;) {
    buffer.clear()
    const { head: position, redactions } = await history.present()
    if (buffer.follows(position)) return { recovered: false, items: [], position, redactions }
  }
}
