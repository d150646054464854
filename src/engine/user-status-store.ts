// The port for the status of users: which ones are banned, and since when what was issued for them
// is void. It also holds for users who have no account here.

export interface UserStatus {
  /** When the user was banned, or null. */
  bannedAt: number | null
  /** What was issued for the user before this is refused; null when nothing is. */
  revokedBefore: number | null
}

/** The status of a user of whom nothing is stored. */
export const GOOD_STATUS: UserStatus = Object.freeze({ bannedAt: null, revokedBefore: null })

/**
 * When the promise of a change resolves, it is stored and sessions and tickets are ended on every
 * node; `of` shows it on this node at once, and on every other within 2 s.
 */
export interface UserStatusStore {
  /** Asked for every token of a third party: it should answer from memory. */
  of(user: string): Promise<UserStatus>
  /** Bans, and ends the user's sessions with their tickets. Banning again changes nothing. */
  ban(user: string, now: number): Promise<void>
  unban(user: string): Promise<void>
  /** Refuses what was issued before `now`: ends the sessions, and moves `revokedBefore` forward. */
  revoke(user: string, now: number): Promise<void>
}
