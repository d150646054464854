// Accounts and sessions on SQLite's threads; where one ends, its tickets end.
import type { AccountStore, RefreshStore, SessionStore, TicketRecord } from '../identity-store.ts'
import type { MemoryTickets } from '../memory/tickets.ts'
import { CachedUserStatus, STATUS_CACHE_MAX } from '../memory/user-status-cache.ts'
import type { UserStatusStore } from '../user-status-store.ts'
import type { Reads } from './identity-reads.ts'
import type { Writes } from './identity-writes.ts'
import type { ReadQueues } from './read-queues.ts'
import type { StoreSpace } from './store-space.ts'
import type { SqliteThread } from './thread.ts'

interface IdentityStores {
  accounts: AccountStore
  sessions: SessionStore
  refreshTokens: RefreshStore
  userStatus: UserStatusStore
  tickets: MemoryTickets
}

export interface IdentityParts {
  writer: SqliteThread<Writes & Reads>
  reader: SqliteThread<Reads>
  tickets: MemoryTickets
  space: StoreSpace
  queues: ReadQueues
}

/** The stores of one engine; each call is one operation of a thread. */
export async function sqliteIdentity(parts: IdentityParts): Promise<IdentityStores> {
  const { writer, reader, tickets, space, queues } = parts
  const known = await reader.call('allUserStatus', { limit: STATUS_CACHE_MAX + 1 })

  /**
   * Drops tickets also after a failure: how far the writer got is unknown then, and a client soon
   * has another ticket.
   */
  const ending = <Result>(done: Promise<Result>, isOver: (ticket: TicketRecord) => boolean) =>
    done.finally(() => tickets.forget(isOver))
  const endingUser = <Result>(user: string, done: Promise<Result>) =>
    ending(done, (ticket) => ticket.user === user)
  return {
    accounts: {
      create: async (account) => {
        // Sessions are few and end: log-in goes on in a full store.
        if (space.refusal !== null) throw space.refusal
        return writer.call('createAccount', account)
      },
      byUsername: (usernameKey) => reader.call('accountByUsername', { usernameKey }),
      byUser: (user) => reader.call('accountByUser', { user }),
      list: ({ holder, ...query }) =>
        queues.pages.run(holder, () => reader.callAlone('listAccounts', query)),
      entryOf: (user) => reader.call('accountEntry', { user }),
      setPassword: (user, password, former) =>
        writer.call('setPassword', { user, password, former }),
      remove: (user, keptUntil) =>
        endingUser(user, writer.call('removeAccount', { user, keptUntil })),
    },
    sessions: {
      create: (session) => writer.call('createSession', session),
      bySecret: (secretHash) => reader.call('sessionBySecret', { secretHash }),
      byId: (id) => reader.call('sessionById', { id }),
      touch: (id, usedAt) => writer.call('touchSession', { id, usedAt }),
      end: (id) => ending(writer.call('endSession', { id }), ({ session }) => session === id),
      endAll: (user, except) =>
        ending(
          writer.call('endSessions', { user, except }),
          ({ user: whose, session }) =>
            whose === user && (except === null || (session !== null && session !== except)),
        ),
    },
    refreshTokens: {
      add: (token) => writer.call('addRefreshToken', token),
      rotate: (rotation) => writer.call('rotateRefreshToken', rotation),
    },
    userStatus: new CachedUserStatus(
      {
        of: (user) => reader.call('userStatusOf', { user }),
        ban: (user, now) => endingUser(user, writer.call('banUser', { user, now })),
        unban: (user) => writer.call('unbanUser', { user }),
        revoke: (user, now) =>
          endingUser(user, writer.call('revokeUser', { user, now })).finally(() =>
            tickets.end({ user }, now),
          ),
      },
      known,
    ),
    tickets,
  }
}
