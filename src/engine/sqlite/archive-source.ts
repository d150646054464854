// What a store holds, as entries for another one. From the store itself where no process has it
// open; else from a copy, so that its Usher is not disturbed.
import { rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../../time/clock.ts'
import type { ArchiveEntry, ArchiveSource } from '../archive.ts'
import { EngineRefused } from '../engine.ts'
import { backUp } from './backup.ts'
import { reasonOf, resultOf } from './errors.ts'
import { openForCopying, storeIn } from './file.ts'
import { type FolderLock, lockFolder } from './folder-lock.ts'
import { ACCOUNT_COLUMNS } from './identity-reads.ts'
import { COLUMNS_SHOWN, type ReadMessage } from './message-reads.ts'
import { epochOf, ROOM_COLUMNS, type RoomRow, retentionIn } from './rooms.ts'
import { COPY_MARKS, MIGRATIONS, markAsExported, versionOf } from './schema.ts'
import { HIDING } from './user-redactions.ts'

export interface SourceParts {
  folder: string
  /** Where a copy may be made, beside what is written; no file may be there. */
  copy: string
  clock: Clock
}

/** @throws EngineRefused with a sentence that says what to do */
export async function openSqliteSource(parts: SourceParts): Promise<ArchiveSource> {
  const { folder, copy, clock } = parts
  const path = storeIn(folder)
  openForCopying(path).close()
  const lock = await lockFolder(folder, 0, clock).catch(() => null)
  if (lock !== null) return new SqliteSource(parts, path, lock)
  await backUp({ folder, file: copy })
  return new SqliteSource(parts, copy, null)
}

class SqliteSource implements ArchiveSource {
  readonly name: string
  readonly isAtRest: boolean
  readonly #path: string
  /** Null for a copy. */
  readonly #lock: FolderLock | null
  readonly #clock: Clock
  readonly #db: DatabaseSync

  constructor({ folder, clock }: SourceParts, path: string, lock: FolderLock | null) {
    this.name = folder
    this.#path = path
    this.#lock = lock
    this.#clock = clock
    try {
      this.#db = openLatest(path)
      this.isAtRest = lock !== null && !isCopy(this.#db)
    } catch (error) {
      lock?.release()
      throw error
    }
  }

  *entries(): Iterable<ArchiveEntry> {
    const db = this.#db
    db.exec('BEGIN')
    try {
      yield* identityEntries(db, this.#clock.now())
      yield* roomEntries(db)
      yield* participantEntries(db)
    } catch (error) {
      if (resultOf(error) === null) throw error
      throw new EngineRefused(`${this.#path} cannot be read: ${reasonOf(error)}.`)
    } finally {
      db.exec('COMMIT')
    }
  }

  async handOver(): Promise<void> {
    if (this.#lock === null) return
    const db = new DatabaseSync(this.#path)
    try {
      db.exec('PRAGMA synchronous = FULL')
      markAsExported(db)
    } finally {
      db.close()
    }
  }

  async close(): Promise<void> {
    this.#db.close()
    this.#lock?.release()
    if (this.#lock === null) rmSync(this.#path, { force: true })
  }
}

/** What was written by a former version has other columns. */
function openLatest(path: string): DatabaseSync {
  const db = openForCopying(path)
  if (versionOf(db) === MIGRATIONS.length) return db
  db.close()
  throw new EngineRefused(`${path} is of an older Usher: start this one once, and export then.`)
}

/** A copy that replaces its store and was not started yet: messages may be lost. */
function isCopy(db: DatabaseSync): boolean {
  return db.prepare(`SELECT 1 FROM meta WHERE name = '${COPY_MARKS.restored}'`).get() !== undefined
}

function metaOf(db: DatabaseSync, name: string): string {
  return String(db.prepare('SELECT value FROM meta WHERE name = ?').get(name)?.value)
}

function* identityEntries(db: DatabaseSync, now: number): Iterable<ArchiveEntry> {
  const generation = Number(metaOf(db, 'generation'))
  yield { is: 'store', incarnation: metaOf(db, 'incarnation'), generation }
  yield* rowsOf(db, 'account', `SELECT ${ACCOUNT_COLUMNS} FROM accounts ORDER BY username_key`)
  yield* rowsOf(
    db,
    'status',
    `SELECT user, banned_at AS bannedAt, revoked_before AS revokedBefore FROM standings
     WHERE coalesce(banned_at, revoked_before) IS NOT NULL ORDER BY user`,
  )
  yield* rowsOf(
    db,
    'name',
    `SELECT username_key AS usernameKey, user, kept_until AS keptUntil FROM released_names
     ORDER BY username_key`,
  )
  const tokens = db.prepare(`
    SELECT hash, session, issued_at AS issuedAt, used_at AS usedAt FROM refresh_tokens
    WHERE session = ? ORDER BY used_at IS NULL, issued_at`)
  const sessions = rowsOf(
    db,
    'session',
    `SELECT id, user, client, secret_hash AS secretHash, created_at AS createdAt,
            used_at AS usedAt, expires_at AS expiresAt
     FROM sessions WHERE expires_at > ${now} ORDER BY id`,
  )
  for (const session of sessions) {
    yield session
    if (session.is !== 'session') continue
    for (const token of tokens.all(session.id)) yield { is: 'token', ...token } as ArchiveEntry
  }
}

/** The columns have the names of the fields. */
function* rowsOf(db: DatabaseSync, is: string, query: string): Iterable<ArchiveEntry> {
  for (const row of db.prepare(query).iterate()) yield { is, ...row } as ArchiveEntry
}

/** Messages that are hidden with their user are tombstones already, and count as such. */
function* roomEntries(db: DatabaseSync): Iterable<ArchiveEntry> {
  const incarnation = metaOf(db, 'incarnation')
  const rooms = db.prepare(`
    SELECT ${ROOM_COLUMNS}, redactions FROM rooms WHERE name > '%' ORDER BY id`)
  const hidden = db.prepare(`
    SELECT count(*) AS count FROM messages ${HIDING}
    WHERE room = ? AND redacted_at IS NULL AND hiding.user IS NOT NULL`)
  const messages = db.prepare(`
    SELECT "offset", time, kind, ${COLUMNS_SHOWN}
    WHERE room = ? AND "offset" >= ? ORDER BY "offset"`)
  const hides = db.prepare('SELECT 1 FROM user_redactions LIMIT 1').get() !== undefined
  for (const each of rooms.iterate()) {
    const row = each as unknown as RoomRow & { redactions: number }
    const alsoHidden = hides ? Number(hidden.get(row.id)?.count) : 0
    yield {
      ...{ is: 'room', room: row.name, offset: row.newest },
      epoch: epochOf(incarnation, row.generation),
      redactions: row.redactions + alsoHidden,
      retention: retentionIn(row),
    }
    for (const message of messages.iterate(row.id, row.shownFrom)) {
      const { payload, ...rest } = message as unknown as ReadMessage
      const { buffer, byteOffset, byteLength } = payload
      const bytes = Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength)
      yield { is: 'message', ...rest, payload: bytes }
    }
  }
}

function participantEntries(db: DatabaseSync): Iterable<ArchiveEntry> {
  return rowsOf(
    db,
    'participant',
    `SELECT rooms.name AS room, user, participants.name AS name, joined, delivered, read,
            own_delivered AS ownDelivered, own_read AS ownRead,
            reads_privately AS readsPrivately, seen_at AS seenAt, came_at AS cameAt
     FROM participants JOIN rooms ON rooms.id = participants.room
     WHERE rooms.name > '%' ORDER BY participants.room, user`,
  )
}
