// The operations of the reader thread on accounts, sessions and user status, and how rows become
// records.
import type { DatabaseSync } from 'node:sqlite'
import { HOST_SESSION } from '../../protocol/names.ts'
import type { AccountEntry, AccountQuery, AccountRecord, SessionRecord } from '../identity-store.ts'
import { GOOD_STATUS, type UserStatus } from '../user-status-store.ts'

/** The fields of an AccountRecord. */
export const ACCOUNT_COLUMNS = `
  user, username, username_key AS usernameKey, password, created_at AS createdAt`

/** The fields of an AccountEntry. */
const ENTRIES = `
  SELECT user, username, created_at AS createdAt, banned_at AS bannedAt
  FROM accounts LEFT JOIN standings USING (user)`

/** The fields of a SessionRecord, from the row of the session and that of its account. */
export const SESSION_COLUMNS = `
  id, user, username, client, secret_hash AS secretHash,
  sessions.created_at AS createdAt, used_at AS usedAt, expires_at AS expiresAt`

/** Finds a row for a user that is banned. */
export const BAN = 'SELECT 1 FROM standings WHERE user = :user AND banned_at IS NOT NULL'

/** A row as SQLite gives it: its columns are named as the record's fields. */
type Row = Record<string, unknown> | undefined

/** Operations by name. */
export type Reads = ReturnType<typeof prepareReads>

/** Prepares every operation once, for a store that is open. */
export function prepareReads(db: DatabaseSync) {
  const accounts = `SELECT ${ACCOUNT_COLUMNS} FROM accounts`
  const byUsername = db.prepare(`${accounts} WHERE username_key = :usernameKey`)
  const byUser = db.prepare(`${accounts} WHERE user = :user`)
  const some = db.prepare(
    `${ENTRIES} WHERE username_key > :after ORDER BY username_key LIMIT :limit`,
  )
  const named = db.prepare(`${ENTRIES} WHERE username_key > :after AND username_key = :usernameKey`)
  const entry = db.prepare(`${ENTRIES} WHERE user = :user`)
  const sessions = `SELECT ${SESSION_COLUMNS} FROM sessions JOIN accounts USING (user)`
  const bySecret = db.prepare(`${sessions} WHERE secret_hash = :secretHash`)
  const byId = db.prepare(`${sessions} WHERE id = :id`)
  const status = db.prepare(`
    SELECT banned_at AS bannedAt, revoked_before AS revokedBefore
    FROM standings WHERE user = :user`)

  const userStatus = db.prepare(`
    SELECT user, banned_at AS bannedAt, revoked_before AS revokedBefore FROM standings
    WHERE coalesce(banned_at, revoked_before) IS NOT NULL LIMIT :limit`)

  return {
    allUserStatus(args: { limit: number }): [user: string, status: UserStatus][] {
      const rows = userStatus.all(args) as unknown as (UserStatus & { user: string })[]
      return rows.map(({ user, ...status }) => [user, status])
    },
    userStatusOf(args: { user: string }): UserStatus {
      return recordFrom<UserStatus>(status.get(args)) ?? GOOD_STATUS
    },
    accountByUsername(args: { usernameKey: string }): AccountRecord | null {
      return recordFrom<AccountRecord>(byUsername.get(args))
    },
    accountByUser(args: { user: string }): AccountRecord | null {
      return recordFrom<AccountRecord>(byUser.get(args))
    },
    listAccounts({ usernameKey, after, limit }: Omit<AccountQuery, 'holder'>): AccountEntry[] {
      const from = { after: after ?? '' }
      const rows =
        usernameKey === null ? some.all({ ...from, limit }) : named.all({ ...from, usernameKey })
      return rows as unknown as AccountEntry[]
    },
    accountEntry(args: { user: string }): AccountEntry | null {
      return recordFrom<AccountEntry>(entry.get(args))
    },
    sessionBySecret(args: { secretHash: string }): SessionRecord | null {
      return recordFrom<SessionRecord>(bySecret.get(args))
    },
    sessionById(args: { id: string }): SessionRecord | null {
      return recordFrom<SessionRecord>(byId.get(args))
    },
    mayHaveTicket: ticketCheck(db),
  }
}

/** Sessions of the host application count as alive: only that application knows them. */
export function ticketCheck(db: DatabaseSync) {
  const check = db.prepare(`
    SELECT 1 WHERE (:session IS NULL OR EXISTS (SELECT 1 FROM sessions WHERE id = :session))
      AND NOT EXISTS (${BAN})`)
  return ({ user, session }: { user: string; session: string | null }): boolean => {
    const own = session?.startsWith(HOST_SESSION) ? null : session
    return check.get({ user, session: own }) !== undefined
  }
}

/** Null without a row. */
function recordFrom<Stored>(row: Row): Stored | null {
  return row === undefined ? null : (row as Stored)
}
