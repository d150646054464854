// The log of messages that are not kept, for one node: it shares them, and never touches the
// disk.
import type { Draft, Message } from '../../protocol/message.ts'
import type { Clock } from '../../time/clock.ts'
import type { Appended, IdempotencyKey } from '../message-log.ts'
import type { Holder, Shares } from '../shares.ts'
import type { Followers } from './followers.ts'
import { fingerprintOf, IdempotencyKeys, keyName } from './idempotency-keys.ts'

export interface MemoryLog {
  /**
   * The log's `append` without a promise; the holder is that of the key. Throws KeyConflict, or
   * EngineUnavailable when too many keys are held.
   */
  append(room: string, draft: Draft, key: IdempotencyKey | null, holder: Holder): Appended
  /** A key that was used in this room before now is new. */
  forgetKeys(room: string): void
}

export interface MemoryLogParts {
  clock: Clock
  followers: Followers
  shares: Shares
}

export function createMemoryLog({ clock, followers, shares }: MemoryLogParts): MemoryLog {
  const keys = new IdempotencyKeys(clock, shares)
  let latest: Appended = { position: null, time: clock.now(), repeated: false }

  /** Answers of the same millisecond are equal, so they share one object: this path is hot. */
  function answerNow(): Appended {
    const time = clock.now()
    if (latest.time !== time) latest = { position: null, time, repeated: false }
    return latest
  }

  const append: MemoryLog['append'] = (room, draft, key, holder) => {
    const answer = answerNow()
    if (key !== null) {
      const named = { room, key: keyName(room, key), fingerprint: fingerprintOf(draft) }
      const first = keys.answerOf({ ...named, answer, holder })
      if (first.repeated) return first
    }
    followers.of(room)?.onMessage(accepted(draft, answer.time))
    return answer
  }
  return { append, forgetKeys: (room) => keys.forgetRoom(room) }
}

function accepted(draft: Draft, time: number): Message {
  const { kind, payload, user, name, origin, unechoed } = draft
  const message = { kind, payload, user, name, origin, epoch: null, offset: 0, time }
  return unechoed ? { ...message, unechoed } : message
}
