// The port for how users stand: who is banned, and what of theirs is no longer good. It also holds
// for users who have no account here.

export interface UserStatus {
  /** When the user was banned, or null. */
  bannedAt: number | null
  /** Whatever was issued for the user before this is refused; null when nothing is. */
  revokedBefore: number | null
}

/** Of whom nothing is known. */
export const GOOD_STATUS: UserStatus = Object.freeze({ bannedAt: null, revokedBefore: null })

/** Changes are there for every node when the promise resolves. */
export interface UserStatusStore {
  of(user: string): Promise<UserStatus>
  /** Bans, and ends the user's sessions with their tickets. Banning again changes nothing. */
  ban(user: string, now: number): Promise<void>
  unban(user: string): Promise<void>
  /** Refuses what was issued before `now`: ends the sessions, and moves `revokedBefore` forward. */
  revoke(user: string, now: number): Promise<void>
}
