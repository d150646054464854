// From a credential to an identity. A wrong credential is refused, never skipped.
import type { SessionRecord, TicketRecord } from '../engine/identity-store.ts'
import type { UserStatusStore } from '../engine/user-status-store.ts'
import { REPLY, Refusal } from '../protocol/errors.ts'
import { ANONYMOUS, type Identity, type Proof } from '../protocol/identity.ts'
import { TICKET } from '../protocol/limits.ts'
import { HOST_SESSION, isUserId, nameIn, USER_ID_PATTERN } from '../protocol/names.ts'
import type { Clock } from '../time/clock.ts'
import { ACCESS_TOKEN_CHARACTERS_MAX, type AccessTokens } from './access-token.ts'
import { isExpired, tokenRefused } from './expired.ts'
import type { KnownKey, ServerKeys } from './server-keys.ts'
import { type Sessions, sessionEnded } from './sessions.ts'
import type { ThirdPartyTokens } from './third-party-token.ts'
import type { Tickets } from './ticket.ts'

/** The credential that a request or a first message showed. */
export type Credential =
  | { kind: 'none' }
  /**
   * A token that Usher does not know may be one of the host application. `key` is the server key
   * that it is, where that was looked up already.
   */
  | { kind: 'bearer'; token: string; ask?: AskHost | undefined; key?: KnownKey | null }
  /** Those of all cookies that a browser sent: the first one that is good decides. */
  | { kind: 'cookie'; secrets: readonly string[] }
  | { kind: 'ticket'; ticket: string }
  /** The log-in of the host application. */
  | { kind: 'host'; ask: AskHost }

/** Null when the host application knows no user for the request. */
export type AskHost = () => HostUser | null | Promise<HostUser | null>

/** A user of the host application. */
export interface HostUser {
  user: string
  /** Data that travels with the user; its `name` or `username` is the name on messages. */
  info?: Record<string, unknown>
  /** The application's session, so that its end can end connections. */
  session?: string
  /** Milliseconds since 1970. */
  expiresAt?: number
}

type Bearer = Extract<Credential, { kind: 'bearer' }>

/** A proved identity, and the last step before it may be used. */
export interface Claim {
  readonly identity: Identity
  /** Uses up a ticket; for every other credential there is nothing to do. */
  settle(): Promise<void>
}

/** What a bearer token says, if it is or was good. */
interface Known {
  readonly identity: Identity
  readonly isExpired: boolean
}

export interface AuthenticatorParts {
  sessions: Sessions
  tickets: Tickets
  tokens: AccessTokens
  keys: ServerKeys
  /** Tokens of another issuer; null when the settings name none. */
  thirdParty: ThirdPartyTokens | null
  userStatus: UserStatusStore
  clock: Clock
}

export class Authenticator {
  readonly #parts: AuthenticatorParts

  constructor(parts: AuthenticatorParts) {
    this.#parts = parts
  }

  /** The server key that a bearer token is, at once; null for all other tokens. */
  serverKey(token: string): KnownKey | null {
    return this.#parts.keys.find(token)
  }

  /** Rejects with a 401 Refusal that says what to do and does not repeat the credential. */
  async prove(credential: Credential): Promise<Claim> {
    switch (credential.kind) {
      case 'none':
        return settled(ANONYMOUS)
      case 'bearer':
        return settled(await this.#bearer(credential))
      case 'cookie':
        return settled(await this.#cookie(credential.secrets))
      case 'host':
        return settled((await this.#host(credential.ask)) ?? ANONYMOUS)
      case 'ticket':
        return this.#ticket(credential.ticket)
    }
  }

  /**
   * The identity of a ticket that widens an open connection of `user` to one room. It is not used
   * up: until its time it opens any number of its rooms, unless a connection uses it first. Rejects
   * with 403 for anything that is no ticket, or one of another user or that does not name the room,
   * and with a Refusal that `isExpired` for one that is late or used.
   */
  async ticketFor(ticket: string, user: string | null, room: string): Promise<Identity> {
    const record = await this.#parts.tickets.inspect(ticket).catch(refuseUnlessExpired)
    if (record.user !== user || !record.rooms?.includes(room)) throw ticketOfAnother()
    return identityOfTicket(record)
  }

  async #bearer({ token, ask, key = this.serverKey(token) }: Bearer): Promise<Identity> {
    if (key) return { ...ANONYMOUS, proof: 'key', server: key.name, scopes: key.scopes }
    const known = (await this.#own(token)) ?? (await this.#thirdParty(token))
    if (known !== null && !known.isExpired) return known.identity
    const found = ask && (await this.#host(ask))
    if (found) return found
    throw tokenRefused(known !== null)
  }

  /** Null also for the token of a session that has ended. */
  async #own(token: string): Promise<Known | null> {
    const known = token.length <= ACCESS_TOKEN_CHARACTERS_MAX
    const found = known ? this.#parts.tokens.verify(token) : null
    if (found === null) return null
    const session = await this.#parts.sessions.byId(found.claims.sid)
    if (session?.user !== found.claims.sub) return null
    return { identity: identityOf(session, 'token'), isExpired: found.isExpired }
  }

  /**
   * Third-party users have no session here that could end, so their status is checked each time.
   */
  async #thirdParty(token: string): Promise<Known | null> {
    const found = (await this.#parts.thirdParty?.verify(token)) ?? null
    if (!found || found.identity.user === null) return null
    const { bannedAt, revokedBefore } = await this.#parts.userStatus.of(found.identity.user)
    const refused = bannedAt !== null || (revokedBefore !== null && found.issuedAt < revokedBefore)
    return refused ? null : found
  }

  async #cookie(secrets: readonly string[]): Promise<Identity> {
    for (const secret of secrets) {
      const session = await this.#parts.sessions.bySecret(secret)
      if (session) return identityOf(session, 'cookie')
    }
    throw sessionEnded()
  }

  /**
   * Throws an Error when the application's answer is no user: the application is at fault then, not
   * the client.
   */
  async #host(ask: AskHost): Promise<Identity | null> {
    const found = (await ask()) ?? null
    if (found === null) return null
    const { user, info, session = null, expiresAt = null } = found
    checkHostUser(found)
    if (expiresAt !== null && expiresAt <= this.#parts.clock.now()) throw sessionEnded()
    const { bannedAt } = await this.#parts.userStatus.of(user)
    if (bannedAt !== null) throw new Refusal(REPLY.unauthorized, 'You may not come in.')
    const text = info ? JSON.stringify(info) : null
    if (text !== null && text.length > TICKET.infoCharactersMax) {
      throw new Error(
        `the identity function gave more info than ${TICKET.infoCharactersMax} characters`,
      )
    }
    const of = session === null ? null : HOST_SESSION + session
    const name = nameIn(info ?? null)
    return { ...ANONYMOUS, proof: 'host', user, session: of, name, info: text, expiresAt }
  }

  async #ticket(ticket: string): Promise<Claim> {
    const record = await this.#parts.tickets.inspect(ticket)
    return {
      identity: identityOfTicket(record),
      settle: async () => {
        await this.#parts.tickets.use(record)
      },
    }
  }
}

/** Throws an Error that says what is wrong with the application's answer. */
function checkHostUser({ user, info, session, expiresAt }: HostUser): void {
  const need = (holds: boolean, wrong: string): void => {
    if (!holds) throw new Error(`the identity function gave ${wrong}`)
  }
  need(isUserId(user), `a user id that is not of ${USER_ID_PATTERN}`)
  need(session == null || typeof session === 'string', 'a session that is no text')
  need(expiresAt == null || Number.isFinite(expiresAt), 'an expiresAt that is no number')
  need(info == null || typeof info === 'object', 'info that is no object')
}

function refuseUnlessExpired(error: unknown): never {
  if (error instanceof Refusal && error.reply.status === 401 && !isExpired(error)) {
    throw ticketOfAnother()
  }
  throw error
}

/** The same words for all, so that a ticket that was found tells nothing of itself. */
function ticketOfAnother(): Refusal {
  return new Refusal(REPLY.forbidden, 'This token is no ticket of yours for this room.')
}

function settled(identity: Identity): Claim {
  return { identity, settle: () => Promise.resolve() }
}

function identityOf(session: SessionRecord, proof: Proof): Identity {
  return {
    proof,
    user: session.user,
    server: null,
    scopes: null,
    session: session.id,
    rooms: null,
    name: session.username,
    info: infoOf(session.username),
    expiresAt: session.expiresAt,
  }
}

function identityOfTicket(ticket: TicketRecord): Identity {
  return {
    proof: 'ticket',
    user: ticket.user,
    server: null,
    scopes: null,
    session: ticket.session,
    rooms: ticket.rooms,
    name: ticket.name,
    info: ticket.info,
    expiresAt: ticket.connectionExpiresAt,
  }
}

/** The info of a local user: its id is random, so other users know it by this name. */
export function infoOf(username: string): string {
  return JSON.stringify({ username })
}
