// The log of rooms without history, when there is one node: shares without keeping, and never
// touches the disk.
import type { Draft, Message } from '../protocol/message.ts'
import type { Clock } from '../time/clock.ts'
import { fingerprintOf, IdempotencyKeys, keyName } from './idempotency.ts'
import type { Appended, AppendOptions, Follower, MessageLog } from './message-log.ts'

/** Its `append` answers plainly; it throws KeyConflict, or EngineUnavailable for too many keys. */
export function createInProcessLog(clock: Clock): MessageLog {
  const followers = new Map<string, Follower>()
  const keys = new IdempotencyKeys(clock)
  let latest: Appended = { position: null, time: clock.now(), repeated: false }

  /** Answers of the same millisecond are equal, so they share one object: this path is hot. */
  function answerNow(): Appended {
    const time = clock.now()
    if (latest.time !== time) latest = { position: null, time, repeated: false }
    return latest
  }

  // Rooms that keep messages come later: until then `retention` is ignored.
  function append(room: string, draft: Draft, { key }: AppendOptions): Appended {
    const answer = answerNow()
    if (key !== null) {
      const claim = { key: keyName(room, key), fingerprint: fingerprintOf(draft), answer }
      const first = keys.claim(claim)
      if (first.repeated) return first
    }
    followers.get(room)?.onMessage(accepted(draft, answer.time))
    return answer
  }

  return {
    append,
    async follow(room, follower) {
      followers.set(room, follower)
      return {
        stop() {
          if (followers.get(room) === follower) followers.delete(room)
        },
      }
    },
    read: async () => null,
    head: async () => null,
    redact: async () => false,
  }
}

function accepted({ kind, payload, user, origin }: Draft, time: number): Message {
  return { kind, payload, user, origin, offset: 0, time }
}
