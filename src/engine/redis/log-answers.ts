// The newest message that this node had accepted in a room. Its answer may be all that was ever
// seen of it: a Redis that dies right then has told it to no follower, and to no replica.
import type { Position } from '../../protocol/message.ts'
import type { Told } from './log-state.ts'

export class LogAnswers {
  #newest: (Position & { readonly run: string }) | null = null

  /** `run` is the run of Redis that was asked. */
  add({ epoch, offset }: Position, run: string): void {
    const newest = this.#newest
    if (newest?.epoch !== epoch || newest.offset < offset) this.#newest = { epoch, offset, run }
  }

  /** What a node knows that was told this. */
  with(told: Told): Told {
    const newest = this.#newest
    if (newest?.epoch !== told.epoch || newest.offset <= told.offset) return { ...told }
    return { ...told, offset: newest.offset, run: newest.run }
  }
}
