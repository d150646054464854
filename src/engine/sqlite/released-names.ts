// Names of deleted accounts stay taken for a time, and while messages carry them (S54). A row in
// the store says so; a job looks through the messages, a part at a time, before it deletes the row.
// An index on senders would make a publish cost several times as much.
import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../../time/clock.ts'
import { inSlices } from './periodic-job.ts'
import type { SqliteThread } from './thread.ts'

const EVERY_MS = 60_000
/** Until messages that carried a name are looked for again. */
const AGAIN_MS = 86_400_000
/** Messages that one slice looks at: some milliseconds of the reading thread. */
const SLICE = 5_000
/** Users that one pass over all messages looks for. */
const USERS_MAX = 1_000

export type ReleasedNameReads = ReturnType<typeof releasedNameReads>
export type ReleasedNameWrites = ReturnType<typeof releasedNameWrites>

export interface Look {
  users: readonly string[]
  /** Goes on with the first message after this id. */
  after: number
  rows: number
}

export interface Seen {
  /** Those of the users whose name a message carries. */
  users: string[]
  /** The id of the last message that was looked at; null at the end of them. */
  last: number | null
}

export function releasedNameReads(db: DatabaseSync) {
  const due = db.prepare('SELECT user FROM released_names WHERE kept_until <= :now LIMIT :limit')
  const end = db.prepare(
    'SELECT id FROM messages WHERE id > :after ORDER BY id LIMIT 1 OFFSET :rows',
  )
  const senders = db.prepare(`
    SELECT DISTINCT user FROM messages WHERE id > :after AND id <= :last
      AND user IN (SELECT value FROM json_each(:users)) AND name IS NOT NULL`)
  const usersOf = (rows: Record<string, unknown>[]) => rows.map(({ user }) => String(user))

  return {
    /** Users whose released names may be free by now. */
    dueNames(args: { now: number; limit: number }): string[] {
      return usersOf(due.all(args))
    },
    namesCarried({ users, after, rows }: Look): Seen {
      const next = end.get({ after, rows: rows - 1 })
      const last = next === undefined ? Number.MAX_SAFE_INTEGER : Number(next.id)
      const found = senders.all({ users: JSON.stringify(users), after, last })
      return { users: usersOf(found), last: next === undefined ? null : last }
    },
  }
}

export function releasedNameWrites(db: DatabaseSync) {
  const inList = 'user IN (SELECT value FROM json_each(:users))'
  const free = db.prepare(`DELETE FROM released_names WHERE ${inList}`)
  const keep = db.prepare(`UPDATE released_names SET kept_until = :until WHERE ${inList}`)

  return {
    /** Frees the names of some users, and keeps those of others until a time. */
    settleNames(args: { freed: string[]; kept: string[]; until: number }): void {
      free.run({ users: JSON.stringify(args.freed) })
      keep.run({ users: JSON.stringify(args.kept), until: args.until })
    },
  }
}

interface Threads {
  reader: SqliteThread<ReleasedNameReads>
  writer: SqliteThread<ReleasedNameWrites>
}

/** One pass over all messages, for the users whose names may be free. */
interface Pass {
  readonly unseen: Set<string>
  readonly kept: string[]
  after: number
}

/** Returns how to stop. */
export function freeReleasedNames(clock: Clock, { reader, writer }: Threads): () => void {
  let pass: Pass | null = null

  const begin = async (): Promise<Pass> => {
    const due = await reader.call('dueNames', { now: clock.now(), limit: USERS_MAX })
    return { unseen: new Set(due), kept: [], after: 0 }
  }

  const lookOn = async (): Promise<boolean> => {
    pass ??= await begin()
    const { unseen, kept, after } = pass
    if (unseen.size > 0) {
      const look = { users: [...unseen], after, rows: SLICE }
      const { users, last } = await reader.call('namesCarried', look)
      kept.push(...users.filter((user) => unseen.delete(user)))
      pass.after = last ?? after
      if (last !== null && unseen.size > 0) return true
    }
    const freed = [...unseen]
    pass = null
    if (freed.length + kept.length === 0) return false
    await writer.call('settleNames', { freed, kept, until: clock.now() + AGAIN_MS })
    return true
  }
  return inSlices(clock, EVERY_MS, [lookOn])
}
