// The ports for who may come in: accounts, sessions and tickets. Secrets arrive here only hashed.

export interface AccountRecord {
  /** Random id `u_…`, for ever. */
  user: string
  /** As typed; `usernameKey` is its normalised form and unique. */
  username: string
  usernameKey: string
  /** The password's hash with its parameters. */
  password: string
  createdAt: number
}

export interface AccountStore {
  create(account: AccountRecord): Promise<'created' | 'taken'>
  byUsername(usernameKey: string): Promise<AccountRecord | null>
  byUser(user: string): Promise<AccountRecord | null>
  /** Replaces the hash, for a new password or raised parameters. False without such a user. */
  setPassword(user: string, password: string): Promise<boolean>
}

export interface SessionRecord {
  /** Public id, safe in logs and tokens. */
  id: string
  user: string
  username: string
  client: 'web' | 'app'
  /** SHA-256 of the cookie's value; null for apps, which hold no cookie. */
  secretHash: string | null
  createdAt: number
  usedAt: number
  /** Absolute end, whatever the use. */
  expiresAt: number
}

/** A session may still be found for a while after `expiresAt`: who asks compares. */
export interface SessionStore {
  /** Of an account that exists; `username` is always the account's. Rejects for another. */
  create(session: SessionRecord): Promise<void>
  bySecret(secretHash: string): Promise<SessionRecord | null>
  byId(id: string): Promise<SessionRecord | null>
  /** Moves `usedAt` forward, never back. */
  touch(id: string, usedAt: number): Promise<void>
  /** Ends a session together with the tickets it issued. False when it was gone already. */
  end(id: string): Promise<boolean>
}

export interface TicketRecord {
  /** SHA-256 of the ticket; the ticket itself is never kept. */
  hash: string
  user: string
  /** The session that asked for it; null when a server key did. */
  session: string | null
  /** Rooms it is narrowed to; null leaves the choice to the rules. */
  rooms: string[] | null
  /** What travels with the user, as JSON text. */
  info: string | null
  expiresAt: number
  /** When a connection it opened must end; null: with the session. */
  connectionExpiresAt: number | null
}

export interface TicketStore {
  /** False when its session has ended: then there is no such ticket. */
  issue(ticket: TicketRecord): Promise<boolean>
  /** Looks without using it up; null when it is unknown, used or past its time. */
  read(hash: string, now: number): Promise<TicketRecord | null>
  /** Deletes and returns it as one step: of any number of callers, one gets it. */
  redeem(hash: string, now: number): Promise<TicketRecord | null>
}
