// What the writer thread can do. An operation of several statements has no more than one that a
// constraint can refuse, and that one first: SQLite then takes back that statement alone, and the
// rest of its batch stands.
import type { DatabaseSync } from 'node:sqlite'
import { HOST_SESSION } from '../protocol/names.ts'
import type { AccountRecord, SessionRecord, TicketRecord } from './identity-store.ts'
import { TICKET_COLUMNS, ticketFrom } from './sqlite-reads.ts'
import { refreshWrites, standingWrites } from './sqlite-standing-writes.ts'

/** Deletes at most `limit` rows of what ran out at or before `now`. */
export interface Sweep {
  now: number
  limit: number
}

/** Operations by name; each answers when its transaction is on disk. */
export type Writes = ReturnType<typeof prepareWrites>

/** Prepares every operation once, for a store that `openStore` opened. */
export function prepareWrites(db: DatabaseSync) {
  return {
    ...accountWrites(db),
    ...sessionWrites(db),
    ...ticketWrites(db),
    ...refreshWrites(db),
    ...standingWrites(db),
    ...probeWrites(db),
  }
}

/** Writes something, to see whether that can be done. */
function probeWrites(db: DatabaseSync) {
  const probe = db.prepare("INSERT OR REPLACE INTO meta VALUES ('probed', :now)")
  return {
    probe({ now }: { now: number }): void {
      probe.run({ now: String(now) })
    },
  }
}

const BAN = 'SELECT 1 FROM standings WHERE user = :user AND banned_at IS NOT NULL'

function accountWrites(db: DatabaseSync) {
  const create = db.prepare(`
    INSERT INTO accounts (user, username, username_key, password, created_at)
    VALUES (:user, :username, :usernameKey, :password, :createdAt)
    ON CONFLICT (username_key) DO NOTHING`)
  const setPassword = db.prepare(`
    UPDATE accounts SET password = :password WHERE user = :user AND password = :former`)
  const remove = db.prepare('DELETE FROM accounts WHERE user = :user')
  const removeTickets = db.prepare('DELETE FROM tickets WHERE user = :user')

  return {
    createAccount(account: AccountRecord): 'created' | 'taken' {
      return create.run({ ...account }).changes === 1 ? 'created' : 'taken'
    },
    setPassword(args: { user: string; password: string; former: string }): boolean {
      return setPassword.run(args).changes === 1
    },
    removeAccount(args: { user: string }): boolean {
      removeTickets.run(args)
      return remove.run(args).changes === 1
    },
  }
}

function sessionWrites(db: DatabaseSync) {
  const create = db.prepare(`
    INSERT INTO sessions (id, user, client, secret_hash, created_at, used_at, expires_at)
    SELECT :id, :user, :client, :secretHash, :createdAt, :usedAt, :expiresAt
    WHERE EXISTS (SELECT 1 FROM accounts WHERE user = :user) AND NOT EXISTS (${BAN})`)
  const touch = db.prepare('UPDATE sessions SET used_at = max(used_at, :usedAt) WHERE id = :id')
  // Tickets go with their session: the foreign key says ON DELETE CASCADE.
  const end = db.prepare('DELETE FROM sessions WHERE id = :id')
  const endAll = db.prepare(
    'DELETE FROM sessions WHERE user = :user AND id IS NOT :except RETURNING id',
  )
  const endTickets = db.prepare('DELETE FROM tickets WHERE user = :user')
  const sweep = db.prepare(`
    DELETE FROM sessions WHERE id IN
      (SELECT id FROM sessions WHERE expires_at <= :now ORDER BY expires_at LIMIT :limit)`)

  return {
    createSession({ username: _, ...session }: SessionRecord): boolean {
      return create.run(session).changes === 1
    },
    touchSession(args: { id: string; usedAt: number }): void {
      touch.run(args)
    },
    endSession(args: { id: string }): boolean {
      return end.run(args).changes === 1
    },
    endSessions({ user, except }: { user: string; except: string | null }): string[] {
      if (except === null) endTickets.run({ user })
      return endAll.all({ user, except }).map((row) => String(row.id))
    },
    sweepSessions(args: Sweep): number {
      return Number(sweep.run({ ...args }).changes)
    },
  }
}

function ticketWrites(db: DatabaseSync) {
  const issue = db.prepare(`
    INSERT INTO tickets
      (hash, user, session, host_session, rooms, info, expires_at, connection_expires_at)
    SELECT :hash, :user, :session, :hostSession, :rooms, :info, :expiresAt, :connectionExpiresAt
    WHERE (:session IS NULL OR EXISTS (SELECT 1 FROM sessions WHERE id = :session))
      AND NOT EXISTS (${BAN})`)
  const redeem = db.prepare(`
    DELETE FROM tickets WHERE hash = :hash AND expires_at > :now RETURNING ${TICKET_COLUMNS}`)
  const sweep = db.prepare(`
    DELETE FROM tickets WHERE hash IN
      (SELECT hash FROM tickets WHERE expires_at <= :now ORDER BY expires_at LIMIT :limit)`)

  return {
    issueTicket({ rooms, session, ...ticket }: TicketRecord): boolean {
      const isHosts = session?.startsWith(HOST_SESSION) ?? false
      const sessions = isHosts
        ? { session: null, hostSession: session }
        : { session, hostSession: null }
      const row = { ...ticket, ...sessions, rooms: rooms === null ? null : JSON.stringify(rooms) }
      return issue.run(row).changes === 1
    },
    redeemTicket(args: { hash: string; now: number }): TicketRecord | null {
      return ticketFrom(redeem.get(args))
    },
    sweepTickets(args: Sweep): number {
      return Number(sweep.run({ ...args }).changes)
    },
  }
}
