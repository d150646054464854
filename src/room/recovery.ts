// Joining at a position, all or nothing: the messages that a member missed go into the reply to its
// join, so their number is bounded; beyond that the client is told to load the room again.
import type { Holder } from '../engine/shares.ts'
import type { Message, Position } from '../protocol/message.ts'
import type { History } from './history.ts'
import type { JoinBuffer } from './join-buffer.ts'
import { hasHole } from './stretch.ts'

/** How many messages and bytes one reply may carry. */
export const RECOVERY = Object.freeze({ messagesMax: 1_000, bytesMax: 524_288 })

export interface Recovered {
  /** Whether `messages` are all that was published after the position that was asked for. */
  readonly recovered: boolean
  readonly messages: readonly Message[]
  /** Where the member continues: give it to `Room.release`. */
  readonly position: Position
}

/**
 * Reads the messages after `from`; null asks for the present position alone. `buffer` is that of
 * the joining member (`Room.holdBack`), and the reads count for `holder`. `Room.release` MUST be
 * called in the step in which this resolves: what is published later may overflow the buffer.
 * Rejects with EngineUnavailable.
 */
export async function recover(
  history: History,
  buffer: JoinBuffer,
  from: Position | null,
  holder: Holder,
): Promise<Recovered> {
  if (from === null) return nothing(history, buffer)
  const messages: Message[] = []
  let bytes = 0
  let at = from.offset
  const seen = history.redactionsSeen
  for (;;) {
    buffer.clear()
    const page = await history.after(at, { holder })
    const { head } = page
    const isOther = head.epoch !== from.epoch || from.offset > head.offset
    if (isOther || hasHole(page, at)) return nothing(history, buffer)
    messages.push(...page.messages)
    bytes += page.messages.reduce((sum, { payload }) => sum + payload.length, 0)
    if (messages.length > RECOVERY.messagesMax || bytes > RECOVERY.bytesMax) {
      return nothing(history, buffer)
    }
    // What was read before has perhaps been redacted: the client loads the room again.
    if (history.redactionsSeen !== seen) return nothing(history, buffer)
    at = page.messages.at(-1)?.offset ?? at
    const position = { epoch: head.epoch, offset: at }
    const isLast = at >= head.offset && !buffer.overflowed && buffer.follows(position)
    if (isLast) return { recovered: true, messages, position }
  }
}

async function nothing(history: History, buffer: JoinBuffer): Promise<Recovered> {
  for (;;) {
    buffer.clear()
    const { head: position } = await history.present()
    const isLast = !buffer.overflowed && buffer.follows(position)
    if (isLast) return { recovered: false, messages: [], position }
  }
}
