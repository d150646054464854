// One log out of two: messages with a retention are kept, all others are only shared.
import type { Followers } from '../memory/followers.ts'
import type { MemoryLog } from '../memory/message-log.ts'
import type { ReceiptWatches } from '../memory/receipt-watches.ts'
import type { Appended, MessageLog, StoredDraft } from '../message-log.ts'

/** The part of the log that keeps messages: the one of rooms with history. */
export interface StoredLog extends Omit<MessageLog, 'append' | 'follow'> {
  append(draft: StoredDraft): Promise<Appended>
}

export interface LogParts {
  memory: MemoryLog
  stored: StoredLog
  followers: Followers
  watches: ReceiptWatches
}

export function splitLog({ memory, stored, followers, watches }: LogParts): MessageLog {
  return {
    append(room, draft, { retention, key, holder, author = null }) {
      if (retention === null) return memory.append(room, draft, key, holder)
      return stored.append({ room, draft, retention, key, holder, author })
    },
    follow: async (room, follower) => followers.follow(room, follower),
    head: (room) => stored.head(room),
    summary: (room, retention) => stored.summary(room, retention),
    read: (room, query) => stored.read(room, query),
    redact: (room, offset, epoch) => stored.redact(room, offset, epoch),
    redactUser: (user) => stored.redactUser(user),
    list: (query) => stored.list(query),
    async deleteRoom(room) {
      const wasKept = await stored.deleteRoom(room)
      memory.forgetKeys(room)
      // Its participants went with it.
      if (wasKept) watches.tell(room)
      return wasKept
    },
  }
}
