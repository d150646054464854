// What the reader thread can do, and how rows become records.
import type { DatabaseSync } from 'node:sqlite'
import type { AccountRecord, SessionRecord, TicketRecord } from './identity-store.ts'
import type { Standing } from './standing-store.ts'

const ACCOUNT_COLUMNS = `
  user, username, username_key AS usernameKey, password, created_at AS createdAt`

/** What a session is, from its row and its account's. */
export const SESSION_COLUMNS = `
  id, user, username, client, secret_hash AS secretHash,
  sessions.created_at AS createdAt, used_at AS usedAt, expires_at AS expiresAt`

/** What `ticketFrom` needs, for SELECT and RETURNING. */
export const TICKET_COLUMNS = `
  hash, user, coalesce(session, host_session) AS session, rooms, info,
  expires_at AS expiresAt, connection_expires_at AS connectionExpiresAt`

const GOOD_STANDING: Standing = { bannedAt: null, revokedBefore: null }

/** A row as SQLite gives it: its columns are named as the record's fields. */
type Row = Record<string, unknown> | undefined

/** Operations by name. */
export type Reads = ReturnType<typeof prepareReads>

/** Prepares every operation once, for a store that is open. */
export function prepareReads(db: DatabaseSync) {
  const accounts = `SELECT ${ACCOUNT_COLUMNS} FROM accounts`
  const byUsername = db.prepare(`${accounts} WHERE username_key = :usernameKey`)
  const byUser = db.prepare(`${accounts} WHERE user = :user`)
  const sessions = `SELECT ${SESSION_COLUMNS} FROM sessions JOIN accounts USING (user)`
  const bySecret = db.prepare(`${sessions} WHERE secret_hash = :secretHash`)
  const byId = db.prepare(`${sessions} WHERE id = :id`)
  const ticket = db.prepare(`
    SELECT ${TICKET_COLUMNS} FROM tickets WHERE hash = :hash AND expires_at > :now`)

  const standing = db.prepare(`
    SELECT banned_at AS bannedAt, revoked_before AS revokedBefore
    FROM standings WHERE user = :user`)

  return {
    standingOf(args: { user: string }): Standing {
      return recordFrom<Standing>(standing.get(args)) ?? GOOD_STANDING
    },
    accountByUsername(args: { usernameKey: string }): AccountRecord | null {
      return recordFrom<AccountRecord>(byUsername.get(args))
    },
    accountByUser(args: { user: string }): AccountRecord | null {
      return recordFrom<AccountRecord>(byUser.get(args))
    },
    sessionBySecret(args: { secretHash: string }): SessionRecord | null {
      return recordFrom<SessionRecord>(bySecret.get(args))
    },
    sessionById(args: { id: string }): SessionRecord | null {
      return recordFrom<SessionRecord>(byId.get(args))
    },
    readTicket(args: { hash: string; now: number }): TicketRecord | null {
      return ticketFrom(ticket.get(args))
    },
  }
}

/** Null without a row. */
export function ticketFrom(row: Row): TicketRecord | null {
  const stored = recordFrom<Omit<TicketRecord, 'rooms'> & { rooms: string | null }>(row)
  if (stored === null) return null
  return { ...stored, rooms: stored.rooms === null ? null : JSON.parse(stored.rooms) }
}

function recordFrom<Stored>(row: Row): Stored | null {
  return row === undefined ? null : (row as Stored)
}
