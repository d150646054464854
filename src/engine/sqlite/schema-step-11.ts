// Step 11 of the store.

/**
 * Who belongs to a room, and how far each has got in it; `own_` is the user's own pair. The number
 * of them stands with the room, so that it is known without a look at them.
 */
export const ELEVENTH = `
  ALTER TABLE rooms ADD COLUMN participants INTEGER NOT NULL DEFAULT 0;

  CREATE TABLE participants (
    room            INTEGER NOT NULL REFERENCES rooms,
    user            TEXT NOT NULL,
    name            TEXT,
    joined          INTEGER NOT NULL,
    delivered       INTEGER NOT NULL,
    read            INTEGER NOT NULL,
    own_delivered   INTEGER NOT NULL,
    own_read        INTEGER NOT NULL,
    reads_privately INTEGER NOT NULL,
    seen_at         INTEGER NOT NULL,
    came_at         INTEGER NOT NULL,
    PRIMARY KEY (room, user)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX participants_by_user ON participants (user, room);
`
