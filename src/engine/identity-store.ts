// The ports for accounts, sessions and tickets. Secrets arrive here only hashed.
import type { Holder } from './shares.ts'

export interface AccountRecord {
  /** Random id `u_…`; it never changes and is never given again. */
  user: string
  /** As typed; `usernameKey` is its normalised form and unique. */
  username: string
  usernameKey: string
  /** The password's hash with its parameters. */
  password: string
  createdAt: number
}

/** What operators see of an account. */
export interface AccountEntry {
  user: string
  username: string
  createdAt: number
  /** When the user was banned, or null. */
  bannedAt: number | null
}

/** Which accounts to list. */
export interface AccountQuery {
  /** Only the account of this name; null for any. */
  usernameKey: string | null
  /** Only those whose `usernameKey` comes after this; null for all. */
  after: string | null
  limit: number
  /** For whom they are read; see `PageAsker`. */
  holder: Holder
}

export interface AccountStore {
  /** A username is taken also after its account was removed, as `remove` says. */
  create(account: AccountRecord): Promise<'created' | 'taken'>
  byUsername(usernameKey: string): Promise<AccountRecord | null>
  byUser(user: string): Promise<AccountRecord | null>
  /**
   * Accounts in the order of `usernameKey`, by code points. Rejects with a Refusal where the
   * holder's part of reads is used up.
   */
  list(query: AccountQuery): Promise<AccountEntry[]>
  entryOf(user: string): Promise<AccountEntry | null>
  /**
   * Replaces the hash `former`, for a new password or raised parameters. False when there is no
   * such user, or when the stored hash is no longer `former`.
   */
  setPassword(user: string, password: string, former: string): Promise<boolean>
  /**
   * Removes an account with its sessions and tickets. False when it was gone already. Its username
   * stays taken until `keptUntil`, in milliseconds since 1970, and then as long as messages of that
   * user that have a name are kept; it may be free later than that, and never before.
   */
  remove(user: string, keptUntil: number): Promise<boolean>
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
  /** Absolute end, however often the session is used. */
  expiresAt: number
}

/** A session may still be found for a while after `expiresAt`: the caller compares. */
export interface SessionStore {
  /**
   * `username` is always the account's. False for a user who is banned or has no account: no
   * session is stored then.
   */
  create(session: SessionRecord): Promise<boolean>
  bySecret(secretHash: string): Promise<SessionRecord | null>
  byId(id: string): Promise<SessionRecord | null>
  /** Moves `usedAt` forward, never back. */
  touch(id: string, usedAt: number): Promise<void>
  /** Ends a session together with the tickets it issued. False when it was gone already. */
  end(id: string): Promise<boolean>
  /**
   * Ends all sessions of a user but `except`, and returns their ids; with null all tickets of the
   * user end too.
   */
  endAll(user: string, except: string | null): Promise<string[]>
}

/** One refresh token. All tokens of a session are one family. */
export interface RefreshRecord {
  /** SHA-256 of the token. */
  hash: string
  session: string
  issuedAt: number
}

export interface Rotation {
  /** Hash of the token that was shown. */
  hash: string
  /** The session that the token names; a token of another session is unknown. */
  session: string
  /** Hash of the token that replaces it. */
  next: string
  now: number
  /** How long a used token may be shown again, because its answer was lost. */
  graceMs: number
}

/** `reused` names the session of a token that was used before and is past its grace. */
export type Rotated = { session: SessionRecord } | { reused: string } | null

export interface RefreshStore {
  /** The first token of a session. False when the session has ended: no token is stored then. */
  add(token: RefreshRecord): Promise<boolean>
  /**
   * Uses up a token and makes `next` the good one, as one step. Within the grace a used token is
   * answered again: the same `next` changes nothing, and a different `next` replaces the good token
   * of the session. Null for an unknown token; the oldest used tokens of a session may be
   * forgotten.
   */
  rotate(rotation: Rotation): Promise<Rotated>
}

export interface TicketRecord {
  /** SHA-256 of the ticket; the ticket itself is never kept. */
  hash: string
  user: string
  /** The session that asked for the ticket; null when a server key asked. */
  session: string | null
  /** Rooms that the ticket is narrowed to; null leaves the choice to the rules. */
  rooms: string[] | null
  /** How people call the user; null for none. */
  name: string | null
  /** Data that travels with the user, as JSON text. */
  info: string | null
  /** When proving the identity that asked for it began: what ended afterwards voids the ticket. */
  issuedAt: number
  expiresAt: number
  /** When a connection that the ticket opened must end; null: with the session. */
  connectionExpiresAt: number | null
}

/** The session that asked for tickets, or the user that they are for. */
export type TicketsOf = { session: string } | { user: string }

/**
 * A ticket is good on every node as soon as `issue` has resolved, and on none any more when it was
 * used, when its time is over, when its session has ended, or when its user was banned, revoked or
 * removed after it was issued. An implementation may delete it then, or check session and user at
 * each `read` and `redeem`.
 */
export interface TicketStore {
  /**
   * When this store began, in milliseconds since 1970. An unknown ticket that was issued earlier
   * may have been lost with the former store; an unknown ticket that was issued later was used, or
   * has ended.
   */
  readonly since: number
  /**
   * Whether `read` looks into the memory of this process, which costs less than a signature: then a
   * ticket that is known needs no other proof, since only its digest is stored.
   */
  readonly isLocal: boolean
  /**
   * False when the session has ended or the user is banned: no ticket is stored then. Sessions of
   * the host application (HOST_SESSION) count as alive until `end`. `holder` is whom the ticket
   * counts for while it is out; its user if not said. Rejects with EngineUnavailable over a bound.
   */
  issue(ticket: TicketRecord, holder?: Holder): Promise<boolean>
  /**
   * Voids the tickets of a session or of a user that are out, and refuses those that are still
   * being issued, with an `issuedAt` before `now`: for sessions that only the application knows.
   */
  end(whose: TicketsOf, now: number): Promise<void>
  /** Reads a ticket that is good, without using it up; else null. */
  read(hash: string, now: number): Promise<TicketRecord | null>
  /** Uses up a good ticket as one step: of any number of callers on all nodes, one gets it. */
  redeem(hash: string, now: number): Promise<TicketRecord | null>
}
