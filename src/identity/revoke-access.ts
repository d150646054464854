// Every way in which access ends: log-out, a new password, a ban, a deleted account, being sent
// out. Each first changes the store, so that no new connection is accepted, and then tells all
// nodes, which close the connections. No other file does either by hand.
import type { Revocations } from '../engine/engine.ts'
import type {
  AccountStore,
  SessionStore,
  TicketStore,
  TicketsOf,
} from '../engine/identity-store.ts'
import type { ReceiptStore } from '../engine/receipt-store.ts'
import type { UserStatusStore } from '../engine/user-status-store.ts'
import type { Revocation } from '../protocol/identity.ts'
import { RELEASED_NAME_MS } from '../protocol/limits.ts'
import type { Clock } from '../time/clock.ts'
import { digest } from './secret.ts'

/** The stores of an engine in which access is kept. */
export interface AccessStores {
  accounts: AccountStore
  sessions: SessionStore
  tickets: TicketStore
  userStatus: UserStatusStore
  receipts: Pick<ReceiptStore, 'removeUser'>
  revocations: Revocations
}

/**
 * Every method rejects with EngineUnavailable when the store could not be changed or the nodes
 * could not be told, and may then be called again. Connections are closed also where the store had
 * nothing left to end, because the call before may have failed between the two.
 */
export class RevokeAccess {
  readonly #stores: AccessStores
  readonly #clock: Clock

  constructor(stores: AccessStores, clock: Clock) {
    this.#stores = stores
    this.#clock = clock
  }

  /** Ends a session, with its tickets, tokens and connections. */
  async logOut(session: string): Promise<void> {
    await this.#stores.sessions.end(session)
    await this.#stores.revocations.revoke({ session })
  }

  /** Ends the sessions of cookies in the same way; a cookie may be unknown. */
  async logOutCookies(secrets: readonly string[]): Promise<void> {
    for (const secret of secrets) {
      const session = await this.#stores.sessions.bySecret(digest(secret))
      if (session !== null) await this.logOut(session.id)
    }
  }

  /** Ends all sessions of a user but one, as after a new password. */
  async logOutOthers(user: string, kept: string): Promise<void> {
    const { sessions, revocations } = this.#stores
    const ended = await sessions.endAll(user, kept)
    // The store has these sessions no more, so every one is revoked, also when another revocation
    // fails.
    const told = await Promise.allSettled(ended.map((session) => revocations.revoke({ session })))
    const failed = told.find(({ status }) => status === 'rejected')
    if (failed?.status === 'rejected') throw failed.reason
  }

  /** Ends all sessions of a user, and voids what any issuer has issued for the user before now. */
  async logOutEverywhere(user: string): Promise<void> {
    await this.#stores.userStatus.revoke(user, this.#clock.now())
    await this.#stores.revocations.revoke({ user })
  }

  /** Ends what `logOutEverywhere` ends, and refuses the user from now on. */
  async ban(user: string): Promise<void> {
    await this.#stores.userStatus.ban(user, this.#clock.now())
    await this.#stores.revocations.revoke({ user })
  }

  unban(user: string): Promise<void> {
    return this.#stores.userStatus.unban(user)
  }

  /**
   * Removes an account with its sessions and tickets; its name is not given out again for a while
   * (S54). The user belongs to no room any more. False when there was no such account any more.
   */
  async removeAccount(user: string): Promise<boolean> {
    const { accounts, receipts, revocations } = this.#stores
    const keptUntil = this.#clock.now() + RELEASED_NAME_MS
    // First, since what fails here can be tried again while there is an account.
    await receipts.removeUser(user)
    const removed = await accounts.remove(user, keptUntil)
    await revocations.revoke({ user })
    // And again: the user's devices may have told what they received until their connections ended.
    await receipts.removeUser(user)
    return removed
  }

  /**
   * The application that Usher is embedded in has ended a session or a user's access: voids unused
   * tickets, and closes connections.
   */
  async endedByHost(whose: TicketsOf): Promise<void> {
    await this.#stores.tickets.end(whose, this.#clock.now())
    await this.#stores.revocations.revoke(whose)
  }

  /** Closes connections alone: sessions, tickets and tokens stay good. */
  disconnect(connections: Revocation): Promise<void> {
    return this.#stores.revocations.revoke(connections)
  }

  /** Closes a user's connections in one room; the user may join it again. */
  sendOut(user: string, room: string): Promise<void> {
    return this.disconnect({ user, room })
  }
}
