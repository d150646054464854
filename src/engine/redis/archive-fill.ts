// Takes the entries of an import one by one, and writes many of them at once.
import type { Clock } from '../../time/clock.ts'
import type { Random } from '../../time/random.ts'
import {
  type ArchivedMessage,
  type ArchivedParticipant,
  type ArchivedSession,
  type ArchivedToken,
  type ArchiveEntry,
  EntryRefused,
} from '../archive.ts'
import { IdentityImport } from './archive-identity.ts'
import { ParticipantImport } from './archive-participants.ts'
import { RoomImport } from './archive-room.ts'
import { ArchiveWrites } from './archive-writes.ts'
import type { Keys } from './keys.ts'
import type { RedisLink } from './link.ts'
import { LogReads } from './log-reads.ts'

export interface ArchiveFillParts {
  link: RedisLink
  keys: Keys
  clock: Clock
  random: Random
  /** Else each room gets another one. */
  keepsEpochs: boolean
}

export class ArchiveFill {
  readonly #parts: ArchiveFillParts
  readonly #writes = new ArchiveWrites()
  readonly #reads: LogReads
  readonly #identity: IdentityImport
  readonly #participants: ParticipantImport
  #hasParticipants = false
  /** The session that tokens are of, and the room that messages are of. */
  #session: { entry: ArchivedSession; tokens: ArchivedToken[] } | null = null
  #room: RoomImport | null = null
  #hasSessions = false

  constructor(parts: ArchiveFillParts) {
    this.#parts = parts
    this.#reads = new LogReads(parts)
    this.#identity = new IdentityImport(parts)
    this.#participants = new ParticipantImport(parts)
  }

  /** Rejects with what an entry before it failed with too. */
  async put(entry: ArchiveEntry): Promise<void> {
    if (entry.is === 'token') this.#keep(entry)
    else if (entry.is === 'message') await this.#say(entry)
    else {
      await this.#endLast()
      await this.#begin(entry)
    }
  }

  /** Resolves when all of them are written. */
  async end(): Promise<void> {
    await this.#endLast()
    const last = this.#participants.end()
    if (last !== null) await this.#writes.add(last)
    await this.#writes.settle()
  }

  #begin(entry: Exclude<ArchiveEntry, ArchivedToken | ArchivedMessage>): Promise<void> {
    switch (entry.is) {
      case 'store':
        return Promise.resolve()
      case 'session':
        return this.#beginSession(entry)
      case 'room': {
        const { keepsEpochs, random, keys, link } = this.#parts
        const epoch = keepsEpochs ? entry.epoch : random.bytes(8).toString('hex')
        const parts = { link, keys, reads: this.#reads, writes: this.#writes }
        this.#room = new RoomImport(parts, entry, epoch)
        return Promise.resolve()
      }
      case 'account':
        return this.#writes.add(this.#identity.account(entry))
      case 'status':
        return this.#writes.add(this.#identity.status(entry))
      case 'name':
        return this.#writes.add(this.#identity.name(entry))
      case 'participant':
        return this.#bring(entry)
    }
  }

  /** Its account is there by then. */
  async #beginSession(entry: ArchivedSession): Promise<void> {
    if (!this.#hasSessions) await this.#writes.settle()
    this.#hasSessions = true
    this.#session = { entry, tokens: [] }
  }

  /** Its room is there by then. */
  async #bring(entry: ArchivedParticipant): Promise<void> {
    if (!this.#hasParticipants) await this.#writes.settle()
    this.#hasParticipants = true
    const written = this.#participants.put(entry)
    if (written !== null) await this.#writes.add(written)
  }

  #keep(token: ArchivedToken): void {
    if (this.#session?.entry.id !== token.session)
      throw new EntryRefused(token, 'it has no session')
    this.#session.tokens.push(token)
  }

  async #say(message: ArchivedMessage): Promise<void> {
    if (this.#room === null) throw new EntryRefused(message, 'it has no room')
    await this.#room.put(message)
  }

  async #endLast(): Promise<void> {
    const [session, room] = [this.#session, this.#room]
    this.#session = null
    this.#room = null
    if (session !== null) {
      await this.#writes.add(this.#identity.session(session.entry, session.tokens))
    }
    await room?.end()
  }
}
