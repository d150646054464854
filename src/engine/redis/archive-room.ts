// Writes a room of another store, in parts. The room itself comes with the last of them.
import type { ArchivedMessage, ArchivedRoom } from '../archive.ts'
import type { ArchiveWrites } from './archive-writes.ts'
import type { Keys } from './keys.ts'
import type { Argument, RedisLink, Reply } from './link.ts'
import { envelopeOf, headerLeft } from './log-envelope.ts'
import type { LogReads } from './log-reads.ts'
import { atOf } from './log-state.ts'
import { script } from './scripts.ts'

const IMPORT_ROOM = script('import-room')
/** Redis does nothing else while it writes a part. */
const PART_BYTES = 262_144
const PART_ENTRIES = 1_000
/** Of one entry beside its payload, about. */
const ENTRY_BYTES = 100

export interface RoomImportParts {
  link: RedisLink
  keys: Keys
  reads: LogReads
  writes: ArchiveWrites
}

export class RoomImport {
  readonly #parts: RoomImportParts
  readonly #entry: ArchivedRoom
  readonly #epoch: string
  /** The part that is not sent yet: four arguments for each entry. */
  #part: Argument[] = []
  #bytes = 0
  /** Settles when the parts before are written; they come in their order. */
  #sent: Promise<Reply> | null = null
  #first: number | null = null
  #newestTime = 0
  /** Offsets of tombstones: how many there are says which numbers their redactions have. */
  readonly #tombstones: number[] = []

  /** `epoch` is the one that the room has here. */
  constructor(parts: RoomImportParts, entry: ArchivedRoom, epoch: string) {
    this.#parts = parts
    this.#entry = entry
    this.#epoch = epoch
  }

  async put({ offset, time, kind, user, name, payload, redactedAt }: ArchivedMessage) {
    this.#first ??= offset
    this.#newestTime = Math.max(this.#newestTime, time)
    if (redactedAt === null) {
      const envelope = envelopeOf({ kind, payload, user, name, origin: null }, 0)
      await this.#add(['message', String(offset), String(time), envelope])
    } else {
      this.#tombstones.push(offset)
      await this.#add(['tombstone', String(offset), String(time), headerLeft(kind, user)])
    }
  }

  /** The numbers of redactions end with the last one that the room had. */
  async end(): Promise<void> {
    const { link, keys, writes } = this.#parts
    const { room, offset, redactions } = this.#entry
    let number = redactions - this.#tombstones.length
    const swept = number
    for (const each of this.#tombstones) {
      number += 1
      await this.#add(['redaction', String(each), String(number), ''])
    }
    const list = keys.shared('rooms')
    const bytes = this.#bytes
    const last = this.#send(this.#fields(swept))
    const listed = last.then(() => (offset > 0 ? link.send(list, ['ZADD', list, '0', room]) : null))
    await writes.add(listed, bytes)
  }

  /** See `STATE_FIELDS`. */
  #fields(swept: number): string[] {
    const { room, offset, redactions } = this.#entry
    const run = this.#parts.reads.runOf(room)
    const at = atOf({ epoch: this.#epoch, run, offset, time: this.#newestTime })
    const values = { at, first: this.#first ?? offset + 1, redacted: redactions, swept }
    return Object.entries(values).flatMap(([field, value]) => [field, String(value)])
  }

  async #add(entry: readonly [string, string, string, Argument]): Promise<void> {
    this.#part.push(...entry)
    this.#bytes += ENTRY_BYTES + entry[3].length
    const isFull = this.#bytes >= PART_BYTES || this.#part.length >= 4 * PART_ENTRIES
    if (!isFull) return
    const bytes = this.#bytes
    await this.#parts.writes.add(this.#send([]), bytes)
  }

  #send(fields: readonly string[]): Promise<Reply> {
    const { link, keys } = this.#parts
    const { room, retention } = this.#entry
    const names: [string, ...string[]] = [keys.room(room, 'm'), keys.room(room, 's')]
    names.push(keys.room(room, 'x'))
    const ageMs = retention?.ageMs ?? null
    const args: Argument[] = [this.#sent === null ? '1' : '0', ageMs === null ? '' : String(ageMs)]
    args.push(String(fields.length), ...fields, ...this.#part)
    this.#part = []
    this.#bytes = 0
    const former = this.#sent ?? Promise.resolve()
    this.#sent = former.then(() => link.run(IMPORT_ROOM, names, args))
    return this.#sent
  }
}
