// Makes a store of what another one held. It is made under another name, and gets its own when it
// is whole: a failure leaves nothing.
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../../time/clock.ts'
import {
  type ArchivedMessage,
  type ArchivedParticipant,
  type ArchivedRoom,
  type ArchivedStore,
  type ArchiveEntry,
  type ArchiveOrigin,
  type ArchiveTarget,
  EntryRefused,
} from '../archive.ts'
import { EngineRefused } from '../engine.ts'
import { RESULT, reasonOf, resultOf } from './errors.ts'
import { openForCopying, storeIn, syncFolder } from './file.ts'
import { type FolderLock, lockFolder } from './folder-lock.ts'
import { MIGRATIONS, migrate } from './schema.ts'

/** The draft is thrown away by any failure, so it needs neither a journal nor a sync before. */
const DRAFTING = `
  PRAGMA journal_mode = OFF;
  PRAGMA synchronous = OFF;
  PRAGMA foreign_keys = ON;
  PRAGMA cache_size = -65536`
const HELD = ['accounts', 'rooms', 'standings', 'released_names']

/** @throws EngineRefused with a sentence that says what to do, also where a process has it open */
export async function openSqliteTarget(folder: string, clock: Clock): Promise<ArchiveTarget> {
  const lock = await lockFolder(folder, 0, clock)
  try {
    refuseHolding(folder)
    return new SqliteTarget(folder, lock)
  } catch (error) {
    lock.release()
    throw error
  }
}

/** A store that was only made and never used may be replaced. */
function refuseHolding(folder: string): void {
  const path = storeIn(folder)
  if (!existsSync(path)) return
  const db = openForCopying(path)
  try {
    const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()
    const names = tables.map(({ name }) => String(name)).filter((name) => HELD.includes(name))
    const isHolding = names.some((name) => db.prepare(`SELECT 1 FROM ${name} LIMIT 1`).get())
    if (!isHolding) return
  } finally {
    db.close()
  }
  throw new EngineRefused(
    `${path} has accounts or rooms already. Name an empty folder in USHER_DATA, or move that away.`,
  )
}

class SqliteTarget implements ArchiveTarget {
  readonly name: string
  readonly #lock: FolderLock

  constructor(folder: string, lock: FolderLock) {
    this.name = folder
    this.#lock = lock
  }

  async take(
    entries: AsyncIterable<ArchiveEntry>,
    origin: ArchiveOrigin,
  ): Promise<{ keptEpochs: boolean }> {
    const path = storeIn(this.name)
    const draft = `${path}.import`
    try {
      remove(draft)
      closeSync(openSync(draft, 'wx', 0o600))
      const keptEpochs = await fill(draft, entries, origin)
      for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true })
      renameSync(draft, path)
      syncFolder(this.name)
      return { keptEpochs }
    } catch (error) {
      remove(draft)
      if (!(error instanceof Error) || resultOf(error) === null) throw error
      throw new EngineRefused(`${path} cannot be written: ${reasonOf(error)}.`)
    }
  }

  async close(): Promise<void> {
    this.#lock.release()
  }
}

function remove(draft: string): void {
  for (const suffix of ['', '-journal']) rmSync(draft + suffix, { force: true })
}

async function fill(
  draft: string,
  entries: AsyncIterable<ArchiveEntry>,
  { keepsEpochs }: ArchiveOrigin,
): Promise<boolean> {
  const db = new DatabaseSync(draft)
  try {
    db.exec(DRAFTING)
    migrate(db, MIGRATIONS)
    const writes = new ArchiveWrites(db, keepsEpochs)
    db.exec('BEGIN')
    for await (const entry of entries) writes.put(entry)
    db.exec('COMMIT')
    const handle = openSync(draft, 'r+')
    fsyncSync(handle)
    closeSync(handle)
    return writes.keptEpochs
  } finally {
    db.close()
  }
}

/** The room that messages are of, and the id of its row. */
interface OpenRoom {
  entry: ArchivedRoom
  id: number
}

class ArchiveWrites {
  readonly #sql
  readonly #keepsEpochs: boolean
  /** What the epochs are made of; null for new ones. */
  #store: ArchivedStore | null = null
  #room: OpenRoom | null = null

  constructor(db: DatabaseSync, keepsEpochs: boolean) {
    this.#sql = statements(db)
    this.#keepsEpochs = keepsEpochs
  }

  get keptEpochs(): boolean {
    return this.#store !== null
  }

  put(entry: ArchiveEntry): void {
    try {
      this.#put(entry)
    } catch (error) {
      if (resultOf(error) !== RESULT.constraint) throw error
      throw new EntryRefused(entry, `it does not go with those before it (${reasonOf(error)})`)
    }
  }

  #put(entry: ArchiveEntry): void {
    switch (entry.is) {
      case 'store':
        return this.#begin(entry)
      case 'room':
        return this.#open(entry)
      case 'message':
        return this.#keep(entry)
      case 'participant':
        return this.#bring(entry)
      default: {
        const { is, ...fields } = entry
        this.#sql[is].run({ ...fields })
      }
    }
  }

  #begin(store: ArchivedStore): void {
    if (!this.#keepsEpochs) return
    this.#store = store
    this.#sql.meta.run({ name: 'incarnation', value: store.incarnation })
    this.#sql.meta.run({ name: 'generation', value: String(store.generation) })
  }

  #open(entry: ArchivedRoom): void {
    const { room, offset, retention } = entry
    const { messages = Number.MAX_SAFE_INTEGER, ageMs = null } = retention ?? {}
    const generation = this.#generationOf(entry)
    // What is redacted is counted within an epoch.
    const redactions = this.#store === null ? 0 : entry.redactions
    const row = { ...{ room, generation, offset, redactions }, messages, ageMs }
    this.#room = { entry, id: Number(this.#sql.room.run(row).lastInsertRowid) }
  }

  /** An epoch of this store is its incarnation, with the generation where there is one. */
  #generationOf(entry: ArchivedRoom): number {
    if (this.#store === null) return 0
    const { incarnation, generation } = this.#store
    if (entry.epoch === incarnation) return 0
    const [former, number] = entry.epoch.split('.')
    const own = Number(number)
    if (former === incarnation && own > 0 && own <= generation) return own
    throw new EntryRefused(entry, 'its epoch is none of the store that it comes from')
  }

  #bring(entry: ArchivedParticipant): void {
    const { is: _, ...fields } = entry
    const { changes } = this.#sql.participant.run({ ...fields })
    if (changes === 0) throw new EntryRefused(entry, 'its room did not come before it')
    this.#sql.count.run({ room: entry.room })
  }

  #keep(entry: ArchivedMessage): void {
    if (this.#room === null) throw new EntryRefused(entry, 'it has no room')
    const { is: _, ...fields } = entry
    this.#sql.message.run({ room: this.#room.id, ...fields })
  }
}

function statements(db: DatabaseSync) {
  return {
    meta: db.prepare('INSERT OR REPLACE INTO meta VALUES (:name, :value)'),
    account: db.prepare(`
      INSERT INTO accounts (user, username, username_key, password, created_at)
      VALUES (:user, :username, :usernameKey, :password, :createdAt)`),
    status: db.prepare(`
      INSERT INTO standings (user, banned_at, revoked_before)
      VALUES (:user, :bannedAt, :revokedBefore)`),
    name: db.prepare(`
      INSERT INTO released_names (username_key, user, kept_until)
      VALUES (:usernameKey, :user, :keptUntil)`),
    session: db.prepare(`
      INSERT INTO sessions (id, user, client, secret_hash, created_at, used_at, expires_at)
      VALUES (:id, :user, :client, :secretHash, :createdAt, :usedAt, :expiresAt)`),
    token: db.prepare(`
      INSERT INTO refresh_tokens (hash, session, issued_at, used_at)
      VALUES (:hash, :session, :issuedAt, :usedAt)`),
    room: db.prepare(`
      INSERT INTO rooms (name, generation, newest, messages_max, age_max_ms, redactions)
      VALUES (:room, :generation, :offset, :messages, :ageMs, :redactions)`),
    message: db.prepare(`
      INSERT INTO messages (room, "offset", time, kind, user, name, payload, redacted_at)
      VALUES (:room, :offset, :time, :kind, :user, :name, :payload, :redactedAt)`),
    participant: db.prepare(`
      INSERT INTO participants (room, user, name, joined, delivered, read, own_delivered,
                                own_read, reads_privately, seen_at, came_at)
      SELECT id, :user, :name, :joined, :delivered, :read, :ownDelivered,
             :ownRead, :readsPrivately, :seenAt, :cameAt
      FROM rooms WHERE rooms.name = :room`),
    count: db.prepare('UPDATE rooms SET participants = participants + 1 WHERE name = :room'),
  }
}
