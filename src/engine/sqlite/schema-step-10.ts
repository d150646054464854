// Step 10 of the store. Stores have it, so it never changes: a further change is step 11.

/** When each room is looked at next, for what it no longer keeps; at once after this step. */
const RETENTION = `
  ALTER TABLE rooms ADD COLUMN due_at INTEGER NOT NULL DEFAULT 0;
  CREATE INDEX rooms_by_due ON rooms (due_at);
`

/**
 * Idempotency keys have tables of their own, and hold longer than their messages: the newest in a
 * log with a row for each commit, older ones in runs, as hash tables of blocks of keys. `at` is in
 * milliseconds for which the store was open, over all processes. `deletions` counts the deleted
 * rooms: those before a room began are part of its keys, so that they go with it.
 */
const KEYS = `
  ALTER TABLE rooms ADD COLUMN deletions INTEGER NOT NULL DEFAULT 0;

  CREATE TABLE key_log (
    id   INTEGER PRIMARY KEY,
    run  INTEGER NOT NULL,
    at   INTEGER NOT NULL,
    keys BLOB NOT NULL
  ) STRICT;

  CREATE TABLE key_runs (
    run    INTEGER PRIMARY KEY,
    at     INTEGER NOT NULL,
    size   INTEGER NOT NULL,
    filter BLOB NOT NULL
  ) STRICT;

  CREATE TABLE key_blocks (
    id   INTEGER PRIMARY KEY,
    keys BLOB NOT NULL
  ) STRICT;

  INSERT INTO meta VALUES
    ('key_salt', lower(hex(randomblob(8)))), ('store_ms', '0'), ('deletions', '0'),
    ('keys_with_messages', '1');

  ALTER TABLE daily_use ADD COLUMN keys INTEGER NOT NULL DEFAULT 0;
`

/**
 * Users whose messages up to an id are hidden, until a job has deleted what they said. The view
 * shows neither those nor the rooms that are deleted, whose names begin with `$`.
 */
const USER_REDACTIONS = `
  CREATE TABLE user_redactions (
    user  TEXT PRIMARY KEY,
    up_to INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  INSERT INTO meta VALUES ('user_redactions', '0');

  DROP VIEW history;
  CREATE VIEW history AS
  SELECT rooms.name AS room, "offset", datetime(time / 1000, 'unixepoch') AS at, messages.user,
         messages.name AS name, kind,
         iif(kind = 'binary', hex(payload), CAST(payload AS TEXT)) AS payload, redacted_at
  FROM messages JOIN rooms ON rooms.id = messages.room
  WHERE rooms.name NOT LIKE '$%' AND NOT EXISTS
    (SELECT 1 FROM user_redactions AS hiding
     WHERE hiding.user = messages.user AND messages.id <= hiding.up_to);
`

export const TENTH = RETENTION + KEYS + USER_REDACTIONS
