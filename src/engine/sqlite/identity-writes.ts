// The operations of the writer thread on accounts, sessions and tickets. In an operation of several
// statements only the first can be refused by a constraint: SQLite then takes back that statement
// alone, and the rest of its batch stands.
import type { DatabaseSync } from 'node:sqlite'
import { TICKET } from '../../protocol/limits.ts'
import type { AccountRecord, SessionRecord, TicketRecord } from '../identity-store.ts'
import type { ExpirySlice } from './expiry-job.ts'
import { BAN, ticketCheck } from './identity-reads.ts'
import { refreshWrites, tokenAndBanWrites } from './token-and-ban-writes.ts'

/** Operations by name; each answers when its transaction is on disk. */
export type Writes = ReturnType<typeof prepareWrites>

/** Prepares every operation once, for a store that `openStore` opened. */
export function prepareWrites(db: DatabaseSync) {
  return {
    ...accountWrites(db),
    ...sessionWrites(db),
    ...ticketWrites(db),
    ...refreshWrites(db),
    ...tokenAndBanWrites(db),
    ...probeWrites(db),
  }
}

/** Writes a row, to see whether the store can be written. */
function probeWrites(db: DatabaseSync) {
  const probe = db.prepare("INSERT OR REPLACE INTO meta VALUES ('probed', :now)")
  return {
    probe({ now }: { now: number }): void {
      probe.run({ now: String(now) })
    },
  }
}

function accountWrites(db: DatabaseSync) {
  const create = db.prepare(`
    INSERT INTO accounts (user, username, username_key, password, created_at)
    SELECT :user, :username, :usernameKey, :password, :createdAt
    WHERE NOT EXISTS (SELECT 1 FROM released_names WHERE username_key = :usernameKey)
    ON CONFLICT (username_key) DO NOTHING`)
  const setPassword = db.prepare(`
    UPDATE accounts SET password = :password WHERE user = :user AND password = :former`)
  const release = db.prepare(`
    INSERT OR REPLACE INTO released_names (username_key, user, kept_until)
    SELECT username_key, user, :keptUntil FROM accounts WHERE user = :user`)
  const remove = db.prepare('DELETE FROM accounts WHERE user = :user')

  return {
    createAccount(account: AccountRecord): 'created' | 'taken' {
      return create.run({ ...account }).changes === 1 ? 'created' : 'taken'
    },
    setPassword(args: { user: string; password: string; former: string }): boolean {
      return setPassword.run(args).changes === 1
    },
    removeAccount({ user, keptUntil }: { user: string; keptUntil: number }): boolean {
      release.run({ user, keptUntil })
      return remove.run({ user }).changes === 1
    },
  }
}

function sessionWrites(db: DatabaseSync) {
  const create = db.prepare(`
    INSERT INTO sessions (id, user, client, secret_hash, created_at, used_at, expires_at)
    SELECT :id, :user, :client, :secretHash, :createdAt, :usedAt, :expiresAt
    WHERE EXISTS (SELECT 1 FROM accounts WHERE user = :user) AND NOT EXISTS (${BAN})`)
  const touch = db.prepare('UPDATE sessions SET used_at = max(used_at, :usedAt) WHERE id = :id')
  const end = db.prepare('DELETE FROM sessions WHERE id = :id')
  const endAll = db.prepare(
    'DELETE FROM sessions WHERE user = :user AND id IS NOT :except RETURNING id',
  )
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
      return endAll.all({ user, except }).map((row) => String(row.id))
    },
    sweepSessions(args: ExpirySlice): number {
      return Number(sweep.run({ ...args }).changes)
    },
  }
}

/** Tickets are in memory while a process runs; the store passes them to the next process. */
function ticketWrites(db: DatabaseSync) {
  const leave = db.prepare('INSERT INTO tickets (record) VALUES (:record)')
  const take = db.prepare('DELETE FROM tickets RETURNING record')
  const revoked = db.prepare(
    'SELECT 1 FROM standings WHERE user = :user AND revoked_before > :issuedAt',
  )
  const mayHave = ticketCheck(db)

  /** Whether the user or the session was ended while the process before was ending too. */
  function isOver({ user, session, issuedAt }: TicketRecord): boolean {
    return !mayHave({ user, session }) || revoked.get({ user, issuedAt }) !== undefined
  }

  return {
    leaveTickets(tickets: readonly TicketRecord[]): void {
      for (const ticket of tickets) leave.run({ record: JSON.stringify(ticket) })
    },
    /**
     * The tickets are gone from the store when this answers, so that no crash makes them good again
     * [C22].
     */
    takeTickets(): TicketRecord[] {
      const left = take.all().map(({ record }) => ticketFrom(String(record)))
      return left.filter((ticket) => !isOver(ticket))
    },
  }
}

/**
 * Former versions left tickets without `name`, and without `issuedAt`: such a ticket counts as
 * issued as early as possible.
 */
function ticketFrom(record: string): TicketRecord {
  const ticket: TicketRecord = JSON.parse(record)
  const { issuedAt, expiresAt, name = null } = ticket
  return { ...ticket, name, issuedAt: issuedAt ?? expiresAt - TICKET.secondsMax * 1_000 }
}
