// Step 10 of the store. It changes until it is released, and then never again.

/** When each room is looked at next, for what it no longer keeps; at once after this step. */
const RETENTION = `
  ALTER TABLE rooms ADD COLUMN due_at INTEGER NOT NULL DEFAULT 0;
  CREATE INDEX rooms_by_due ON rooms (due_at);
`

export const TENTH = RETENTION
