// The port for the status of users: which users are banned, and before which time everything issued
// for them is void. Users without an account here have a status too.

export interface UserStatus {
  /** When the user was banned, or null. */
  bannedAt: number | null
  /** Credentials issued for the user before this time are refused; null when none is. */
  revokedBefore: number | null
}

/** The status of a user without an entry in the store. */
export const GOOD_STATUS: UserStatus = Object.freeze({ bannedAt: null, revokedBefore: null })

/**
 * When the promise of a change resolves, it is stored and sessions and tickets are ended on every
 * node; `of` shows it on this node at once, and on every other within 2 s.
 */
export interface UserStatusStore {
  /** Called for every token of a third party, so it should answer from memory. */
  of(user: string): Promise<UserStatus>
  /**
   * Bans the user, and ends the user's sessions with their tickets. Banning again changes nothing.
   */
  ban(user: string, now: number): Promise<void>
  unban(user: string): Promise<void>
  /** Refuses credentials issued before `now`: ends sessions, and moves `revokedBefore` forward. */
  revoke(user: string, now: number): Promise<void>
}
