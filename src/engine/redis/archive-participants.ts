// Participants of rooms on Redis as entries for another store, and those of another store here.
import { type ArchivedParticipant, type ArchiveEntry, EntryRefused } from '../archive.ts'
import type { ArchiveLists } from './archive-lists.ts'
import type { Keys } from './keys.ts'
import type { Argument, RedisLink, Reply } from './link.ts'
import { participantsKey, receiptKeys } from './receipt-keys.ts'
import { packedRow, rowIn } from './receipt-row.ts'
import { script } from './scripts.ts'

const IMPORT_PARTICIPANTS = script('import-participants')
const ROOMS_AT_ONCE = 16
const SCANNED_AT_ONCE = '1000'
/** Redis does nothing else while it writes a part. */
const PART_ENTRIES = 500

interface Parts {
  link: RedisLink
  keys: Keys
}

/** Room by room. */
export async function* participantEntries({
  link,
  keys,
  lists,
}: Parts & { lists: ArchiveLists }): AsyncGenerator<ArchiveEntry> {
  for await (const rooms of lists.rooms(ROOMS_AT_ONCE)) {
    for (const room of rooms) yield* entriesOf({ link, keys }, room)
  }
}

async function* entriesOf({ link, keys }: Parts, room: string): AsyncGenerator<ArchiveEntry> {
  const key = participantsKey(keys, room)
  // One may come twice.
  const told = new Set<string>()
  let cursor = '0'
  do {
    const scan = ['HSCAN', key, cursor, 'COUNT', SCANNED_AT_ONCE] as const
    const [next, found] = (await link.send(key, scan)) as [Reply, Buffer[]]
    for (let at = 0; at + 1 < found.length; at += 2) {
      const user = String(found[at])
      if (told.has(user)) continue
      told.add(user)
      yield { is: 'participant', room, user, ...rowIn(found[at + 1] as Buffer) }
    }
    cursor = String(next)
  } while (cursor !== '0')
}

/** Gathers participants of one room after the other. */
export class ParticipantImport {
  readonly #parts: Parts
  #entries: ArchivedParticipant[] = []

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Gives what is to be written now; null where there is nothing yet. */
  put(entry: ArchivedParticipant): Promise<void> | null {
    const isFull = this.#entries.length >= PART_ENTRIES
    const ended = isFull || this.#entries.at(-1)?.room !== entry.room ? this.end() : null
    this.#entries.push(entry)
    return ended
  }

  /** The same for the last ones. Its promise rejects with EntryRefused too. */
  end(): Promise<void> | null {
    const entries = this.#entries
    this.#entries = []
    return entries.length === 0 ? null : this.#write(entries)
  }

  async #write(entries: readonly ArchivedParticipant[]): Promise<void> {
    const { link, keys } = this.#parts
    const [first] = entries as [ArchivedParticipant]
    const { room } = first
    const all = keys.shared('rooms')
    const args: Argument[] = []
    const writes: Promise<Reply>[] = [link.send(all, ['ZADD', all, '0', room])]
    for (const { is: _, room: __, user, ...row } of entries) {
      args.push(user, packedRow(row))
      const rooms = keys.user(user, 'rooms')
      writes.push(link.send(rooms, ['ZADD', rooms, '0', room]))
    }
    const wasThere = await link.run(IMPORT_PARTICIPANTS, receiptKeys(keys, room), args)
    await Promise.all(writes)
    if (wasThere === 0) throw new EntryRefused(first, 'its room did not come before it')
  }
}
