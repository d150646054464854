// Redacting all messages of a user: a row in the store hides those up to an id at once, and a job
// deletes what they said, a part at a time, before it deletes the row. An index on senders would
// make a publish cost several times as much, so the job looks through the messages.
import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../../time/clock.ts'
import { unitsOf } from './deletion-units.ts'
import { inSlices } from './periodic-job.ts'
import type { SqliteThread } from './thread.ts'

const EVERY_MS = 1_000
/** Messages that one slice looks at, and units that it deletes: some milliseconds of a thread. */
const SLICE = 1_000
/** Users that one pass over the messages is for. */
const USERS_MAX = 1_000

/** Joins the row that hides a message, where there is one. */
export const HIDING = `
  LEFT JOIN user_redactions AS hiding
    ON hiding.user = messages.user AND messages.id <= hiding.up_to`

/** A user whose messages up to this id are hidden. */
interface Hiding {
  user: string
  upTo: number
}

/** Messages that are hidden, by their ids. */
interface Hidden {
  ids: number[]
  /** The last message that was looked at; null at the end of them. */
  last: number | null
}

export type UserRedactionReads = ReturnType<typeof userRedactionReads>
export type UserRedactionWrites = ReturnType<typeof userRedactionWrites>

export function userRedactionReads(db: DatabaseSync) {
  const some = db.prepare(`
    SELECT user, up_to AS upTo FROM user_redactions ORDER BY user LIMIT ${USERS_MAX}`)
  const end = db.prepare(`
    SELECT id FROM messages WHERE id > :after ORDER BY id LIMIT 1 OFFSET ${SLICE - 1}`)
  const hidden = db.prepare(`
    SELECT messages.id, length(payload) AS bytes FROM messages ${HIDING}
    WHERE messages.id > :after AND messages.id <= :last AND redacted_at IS NULL
      AND hiding.user IS NOT NULL
    ORDER BY messages.id`)

  return {
    hidingUsers(): Hiding[] {
      return some.all() as unknown as Hiding[]
    },
    /** What is hidden of the messages after an id, as far as one slice looks. */
    hiddenAfter({ after }: { after: number }): Hidden {
      const next = end.get({ after })
      const last = next === undefined ? Number.MAX_SAFE_INTEGER : Number(next.id)
      const ids: number[] = []
      let units = 0
      for (const row of hidden.iterate({ after, last })) {
        const { id, bytes } = row as { id: number; bytes: number }
        ids.push(id)
        units += unitsOf(bytes)
        if (units >= SLICE) return { ids, last: id }
      }
      return { ids, last: next === undefined ? null : last }
    },
  }
}

export function userRedactionWrites(db: DatabaseSync) {
  const hide = db.prepare(`
    INSERT INTO user_redactions (user, up_to)
    VALUES (:user, (SELECT coalesce(max(id), 0) FROM messages))
    ON CONFLICT (user) DO UPDATE SET up_to = excluded.up_to`)
  const count = db.prepare(`
    UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE name = 'user_redactions'`)
  const empty = db.prepare(`
    UPDATE messages SET payload = x'', name = NULL, redacted_at = :now
    WHERE id = :id AND redacted_at IS NULL AND EXISTS
      (SELECT 1 FROM user_redactions WHERE user = messages.user AND messages.id <= up_to)
    RETURNING room`)
  const countInRoom = db.prepare(`
    UPDATE rooms SET redactions = redactions + 1 WHERE id = :room RETURNING name`)
  const done = db.prepare('DELETE FROM user_redactions WHERE user = :user AND up_to = :upTo')

  return {
    /** Hides every message of the user that is in the store now. */
    redactUser(args: { user: string }): void {
      hide.run(args)
      count.run()
    },
    /** Deletes what hidden messages said, and counts them in their rooms; gives those rooms. */
    emptyHidden({ ids, now }: { ids: readonly number[]; now: number }): string[] {
      const rooms = new Set<string>()
      for (const id of ids) {
        const row = empty.get({ id, now })
        if (row !== undefined) rooms.add(String(countInRoom.get({ room: Number(row.room) })?.name))
      }
      return [...rooms]
    },
    /** Those who were redacted again meanwhile stay. */
    endHiding({ users }: { users: readonly Hiding[] }): void {
      for (const { user, upTo } of users) done.run({ user, upTo })
    },
  }
}

interface Threads {
  reader: SqliteThread<UserRedactionReads>
  writer: SqliteThread<UserRedactionWrites>
}

/** One pass over all messages, for the users who were there when it began. */
interface Pass {
  readonly users: readonly Hiding[]
  readonly upTo: number
  after: number
}

/**
 * Goes on after a crash: a pass begins again, and finds what is left. `recounted` is told rooms
 * whose number of redactions has grown. Returns how to stop.
 */
export function emptyUserRedactions(
  clock: Clock,
  { reader, writer }: Threads,
  recounted: (room: string) => void,
): () => void {
  let pass: Pass | null = null

  const begin = async (): Promise<Pass | null> => {
    const users = await reader.call('hidingUsers', undefined)
    const upTo = Math.max(...users.map((each) => each.upTo))
    return users.length === 0 ? null : { users, upTo, after: 0 }
  }

  const goOn = async (): Promise<boolean> => {
    pass ??= await begin()
    if (pass === null) return false
    const { ids, last } = await reader.call('hiddenAfter', { after: pass.after })
    if (ids.length > 0) {
      const rooms = await writer.call('emptyHidden', { ids, now: clock.now() })
      for (const room of rooms) recounted(room)
    }
    if (last !== null && last < pass.upTo) pass.after = last
    else {
      const { users } = pass
      pass = null
      await writer.call('endHiding', { users })
    }
    return true
  }
  return inSlices(clock, EVERY_MS, [goOn])
}
