// The tables of a store, as the steps that lead to them. A step that was released never changes.
import type { DatabaseSync } from 'node:sqlite'
import { TENTH } from './schema-step-10.ts'
import { ELEVENTH } from './schema-step-11.ts'

/** "Ushr" in ASCII; in the file's header it tells Usher's databases from others. */
export const APPLICATION_ID = 0x55736872

const FIRST = `
  PRAGMA application_id = ${APPLICATION_ID};

  CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  INSERT INTO meta VALUES ('incarnation', lower(hex(randomblob(8))));

  CREATE TABLE accounts (
    user         TEXT PRIMARY KEY,
    username     TEXT NOT NULL,
    username_key TEXT NOT NULL UNIQUE,
    password     TEXT NOT NULL,
    created_at   INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE sessions (
    id          TEXT PRIMARY KEY,
    user        TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
    client      TEXT NOT NULL CHECK (client IN ('web', 'app')),
    secret_hash TEXT UNIQUE,
    created_at  INTEGER NOT NULL,
    used_at     INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX sessions_by_user ON sessions (user);
  CREATE INDEX sessions_by_expiry ON sessions (expires_at);

  CREATE TABLE tickets (
    hash                  TEXT PRIMARY KEY,
    user                  TEXT NOT NULL,
    session               TEXT REFERENCES sessions ON DELETE CASCADE,
    rooms                 TEXT,
    info                  TEXT,
    expires_at            INTEGER NOT NULL,
    connection_expires_at INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX tickets_by_session ON tickets (session);
  CREATE INDEX tickets_by_expiry ON tickets (expires_at);
`

/** Refresh tokens of apps, and the status of users, with an account here or without. */
const SECOND = `
  CREATE TABLE refresh_tokens (
    hash      TEXT PRIMARY KEY,
    session   TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
    issued_at INTEGER NOT NULL,
    used_at   INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session);

  CREATE TABLE standings (
    user           TEXT PRIMARY KEY,
    banned_at      INTEGER,
    revoked_before INTEGER
  ) STRICT, WITHOUT ROWID;

  CREATE INDEX tickets_by_user ON tickets (user);
`

/**
 * Messages stand in the order they came in, over all rooms, so that a commit writes to the end of
 * one tree; the index finds those of one room. A key is kept with its message and has no index: its
 * place there would be random, and each new key would write a page of its own.
 */
const THIRD = `
  CREATE TABLE rooms (
    id           INTEGER PRIMARY KEY,
    name         TEXT NOT NULL UNIQUE,
    generation   INTEGER NOT NULL,
    newest       INTEGER NOT NULL,
    messages_max INTEGER NOT NULL,
    age_max_ms   INTEGER
  ) STRICT;

  CREATE TABLE messages (
    id          INTEGER PRIMARY KEY,
    room        INTEGER NOT NULL REFERENCES rooms,
    "offset"    INTEGER NOT NULL,
    time        INTEGER NOT NULL,
    kind        TEXT NOT NULL CHECK (kind IN ('json', 'text', 'binary')),
    user        TEXT,
    payload     BLOB NOT NULL,
    redacted_at INTEGER,
    key_hash    BLOB,
    key_body    BLOB
  ) STRICT;
  CREATE UNIQUE INDEX messages_by_room ON messages (room, "offset");

  CREATE VIEW history AS
  SELECT name AS room, "offset", datetime(time / 1000, 'unixepoch') AS at, user, kind,
         iif(kind = 'binary', hex(payload), CAST(payload AS TEXT)) AS payload, redacted_at
  FROM messages JOIN rooms ON rooms.id = messages.room;

  INSERT INTO meta VALUES ('generation', '0');
`

/** The session behind a ticket where the host application has sessions of its own. */
const FOURTH = 'ALTER TABLE tickets ADD COLUMN host_session TEXT'

/**
 * Tickets live for seconds and are few, so a look at all of them is cheap; each index was one more
 * page to write, twice for every ticket. The index on sessions serves the foreign key. A room has
 * the time since when it is empty.
 */
const FIFTH = `
  DROP INDEX tickets_by_user;
  DROP INDEX tickets_by_expiry;
  DROP INDEX tickets_by_session;
  CREATE INDEX tickets_by_session ON tickets (session) WHERE session IS NOT NULL;

  ALTER TABLE rooms ADD COLUMN empty_since INTEGER;
`

/** A process holds its tickets in memory; the table is for handing them to the next process. */
const SIXTH = `
  DROP TABLE tickets;
  CREATE TABLE tickets (record TEXT NOT NULL) STRICT;
`

/**
 * How many messages of a room were redacted in its epoch, and how much of the quotas of a day each
 * user has used, or each address of users who are not known. A day is counted from 1970, in UTC.
 */
const SEVENTH = `
  ALTER TABLE rooms ADD COLUMN redactions INTEGER NOT NULL DEFAULT 0;

  CREATE TABLE daily_use (
    holder TEXT PRIMARY KEY,
    day    INTEGER NOT NULL,
    bytes  INTEGER NOT NULL,
    rooms  INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
`

/**
 * The name of the sender stands with each message, and names of deleted accounts stay taken: until
 * `kept_until`, and while messages carry them. There is no index on the sender of a message, whose
 * place in it would be random: a job looks through the messages.
 */
const EIGHTH = `
  ALTER TABLE messages ADD COLUMN name TEXT;

  DROP VIEW history;
  CREATE VIEW history AS
  SELECT rooms.name AS room, "offset", datetime(time / 1000, 'unixepoch') AS at, user,
         messages.name AS name, kind,
         iif(kind = 'binary', hex(payload), CAST(payload AS TEXT)) AS payload, redacted_at
  FROM messages JOIN rooms ON rooms.id = messages.room;

  CREATE TABLE released_names (
    username_key TEXT PRIMARY KEY,
    user         TEXT NOT NULL,
    kept_until   INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
`

/**
 * Offsets before `shown_from` are not shown, also if their room keeps more again: most of their
 * messages are deleted.
 */
const NINTH = 'ALTER TABLE rooms ADD COLUMN shown_from INTEGER NOT NULL DEFAULT 1'

/** Step n, counted from 1, leads to version n of the store (its `user_version`). */
export const MIGRATIONS: readonly string[] = [
  ...[FIRST, SECOND, THIRD, FOURTH, FIFTH, SIXTH, SEVENTH, EIGHTH, NINTH, TENTH],
  ELEVENTH,
]

/** The version that a store is at; 0 when it has no tables yet. */
export function versionOf(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA user_version').get()?.user_version)
}

/** Takes the steps that a store has not taken yet, each in a transaction of its own. */
export function migrate(db: DatabaseSync, migrations: readonly string[]): void {
  const version = versionOf(db)
  for (const [index, step] of migrations.entries()) {
    if (index >= version) inTransaction(db, `${step};\nPRAGMA user_version = ${index + 1}`)
  }
}

/** What stands in a store that is a copy, and in one whose content went on elsewhere. */
export const COPY_MARKS = { restored: 'restored', exported: 'exported' } as const
const IS_MARK = `name IN ('${COPY_MARKS.restored}', '${COPY_MARKS.exported}')`

/** Marks a store as a copy of another; it lasts until `renewIfCopied`. */
export function markAsCopy(db: DatabaseSync): void {
  db.exec(`INSERT OR REPLACE INTO meta VALUES ('${COPY_MARKS.restored}', '1')`)
}

/** Marks a store whose epochs went to another with its messages; it lasts as the other mark. */
export function markAsExported(db: DatabaseSync): void {
  db.exec(`INSERT OR REPLACE INTO meta VALUES ('${COPY_MARKS.exported}', '1')`)
}

/**
 * Gives a store that is a copy an incarnation of its own. Messages from after the copy was made are
 * lost here, and other messages will have their offsets, so the epochs must be new [C94], and with
 * them the numbers of redactions. A ticket in the copy may have been used [C22].
 */
export function renewIfCopied(db: DatabaseSync): void {
  if (db.prepare(`SELECT 1 FROM meta WHERE ${IS_MARK}`).get() === undefined) return
  inTransaction(
    db,
    `
    UPDATE meta SET value = lower(hex(randomblob(8))) WHERE name = 'incarnation';
    UPDATE rooms SET redactions = 0 WHERE redactions > 0;
    DELETE FROM tickets;
    DELETE FROM meta WHERE ${IS_MARK}`,
  )
}

function inTransaction(db: DatabaseSync, statements: string): void {
  db.exec('BEGIN IMMEDIATE')
  try {
    db.exec(statements)
    db.exec('COMMIT')
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}
