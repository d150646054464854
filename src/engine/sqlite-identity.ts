// Accounts, sessions and tickets on SQLite's threads: what changes goes to the writer.
import type { Clock } from '../time/clock.ts'
import type { AccountStore, RefreshStore, SessionStore, TicketStore } from './identity-store.ts'
import { RecentTickets } from './recent-tickets.ts'
import type { Reads } from './sqlite-reads.ts'
import type { SqliteThread } from './sqlite-thread.ts'
import type { Writes } from './sqlite-writes.ts'
import type { StandingStore } from './standing-store.ts'

interface IdentityStores {
  accounts: AccountStore
  sessions: SessionStore
  refreshTokens: RefreshStore
  standings: StandingStore
  tickets: TicketStore
}

export interface IdentityThreads {
  writer: SqliteThread<Writes & Reads>
  reader: SqliteThread<Reads>
}

/** The stores of one engine; each call is one operation of a thread. */
export function sqliteIdentity({ writer, reader }: IdentityThreads, clock: Clock): IdentityStores {
  const tickets = new RecentTickets(ticketStore(writer, reader), clock)
  /** What ends a session or a user takes tickets along. */
  const ending = <Result>(done: Promise<Result>): Promise<Result> =>
    done.finally(() => tickets.forget())
  return {
    accounts: {
      create: (account) => writer.call('createAccount', account),
      byUsername: (usernameKey) => reader.call('accountByUsername', { usernameKey }),
      byUser: (user) => reader.call('accountByUser', { user }),
      setPassword: (user, password, former) =>
        writer.call('setPassword', { user, password, former }),
      remove: (user) => ending(writer.call('removeAccount', { user })),
    },
    sessions: {
      create: (session) => writer.call('createSession', session),
      bySecret: (secretHash) => reader.call('sessionBySecret', { secretHash }),
      byId: (id) => reader.call('sessionById', { id }),
      touch: (id, usedAt) => writer.call('touchSession', { id, usedAt }),
      end: (id) => ending(writer.call('endSession', { id })),
      endAll: (user, except) => ending(writer.call('endSessions', { user, except })),
    },
    refreshTokens: {
      add: (token) => writer.call('addRefreshToken', token),
      rotate: (rotation) => ending(writer.call('rotateRefreshToken', rotation)),
    },
    standings: {
      of: (user) => reader.call('standingOf', { user }),
      ban: (user, now) => ending(writer.call('banUser', { user, now })),
      unban: (user) => writer.call('unbanUser', { user }),
      revoke: (user, now) => ending(writer.call('revokeUser', { user, now })),
    },
    tickets,
  }
}

function ticketStore(
  writer: SqliteThread<Writes & Reads>,
  reader: SqliteThread<Reads>,
): TicketStore {
  return {
    issue: (ticket) => writer.call('issueTicket', ticket),
    read: (hash, now) => reader.call('readTicket', { hash, now }),
    redeem: (hash, now) => writer.call('redeemTicket', { hash, now }),
  }
}
