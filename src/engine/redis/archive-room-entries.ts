// Rooms on Redis, with their messages, as entries for another store.
import type { Clock } from '../../time/clock.ts'
import type { Random } from '../../time/random.ts'
import type { ArchivedMessage, ArchiveEntry } from '../archive.ts'
import type { ArchiveLists } from './archive-lists.ts'
import type { Keys } from './keys.ts'
import type { RedisLink } from './link.ts'
import { emptyHidden } from './log-hidden-job.ts'
import { LogReads, type RoomPage } from './log-reads.ts'
import { storedRedactions } from './log-user-redactions.ts'

/** Of each a page is in memory, of 1 MiB at most. */
const ROOMS_AT_ONCE = 16
const MESSAGES_AT_ONCE = 1_000
/** Users whose messages are looked for at once. */
const USERS_AT_ONCE = 1_000

export interface RoomEntriesParts {
  link: RedisLink
  keys: Keys
  clock: Clock
  random: Random
  lists: ArchiveLists
  /** Whether no answered write is ever lost, by a restart or a failover. */
  isLossless: boolean
}

/** What its user has taken back is taken back in the store first, as a node would do it. */
export async function* roomEntries(parts: RoomEntriesParts): AsyncGenerator<ArchiveEntry> {
  const reads = new LogReads(parts)
  const hidden = await hiddenUsers(parts)
  for await (const rooms of parts.lists.rooms(ROOMS_AT_ONCE)) {
    const pages = await Promise.all(
      rooms.map(async (room) => {
        for (const users of hidden) await emptyHidden(parts, room, users)
        return reads.after(room, 0, MESSAGES_AT_ONCE)
      }),
    )
    for (const [at, room] of rooms.entries()) {
      const page = pages[at]
      const isThere = page !== undefined && (await reads.isKept(room, page.state))
      if (isThere) yield* entriesOf(parts, reads, room, page)
    }
  }
}

/**
 * After a restart of Redis that may have lost messages nothing speaks for the epoch of a room: it
 * goes with another one, as the next message would begin one.
 */
async function* entriesOf(
  { random, isLossless }: RoomEntriesParts,
  reads: LogReads,
  room: string,
  first: RoomPage,
): AsyncGenerator<ArchiveEntry> {
  const { offset, redactions, run } = first.state
  const isSure = isLossless || run === reads.runOf(room)
  const epoch = isSure ? first.state.epoch : random.bytes(8).toString('hex')
  // Which rule a room has is known to nodes alone.
  yield { is: 'room', room, epoch, offset, redactions, retention: null }
  let last = 0
  for (let page = first; page.messages.length > 0; ) {
    for (const [message] of page.messages) {
      const { kind, user, name, payload, time } = message
      last = Number(message.offset)
      const redactedAt = message.redacted ? 0 : null
      const entry = { offset: last, time, kind, user, name, payload, redactedAt }
      yield { is: 'message', ...entry } satisfies ArchivedMessage
    }
    if (last >= offset) return
    page = await reads.after(room, last, MESSAGES_AT_ONCE)
  }
}

/** Users and the numbers of their redactions, as the scripts take them. */
async function hiddenUsers(parts: RoomEntriesParts): Promise<string[][]> {
  const numbers = [...(await storedRedactions(parts)).numbers]
  const users: string[][] = []
  for (let at = 0; at < numbers.length; at += USERS_AT_ONCE) {
    const some = numbers.slice(at, at + USERS_AT_ONCE)
    users.push(some.flatMap(([user, number]) => [user, String(number)]))
  }
  return users
}
