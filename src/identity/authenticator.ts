// From a credential to an identity. A wrong credential is refused, never skipped.
import type { SessionRecord, TicketRecord } from '../engine/identity-store.ts'
import { REPLY, Refusal } from '../protocol/errors.ts'
import { ANONYMOUS, type Identity, type Proof } from '../protocol/identity.ts'
import { ACCESS_TOKEN_CHARACTERS_MAX, type AccessTokens } from './access-token.ts'
import type { ServerKeys } from './server-keys.ts'
import type { Sessions } from './sessions.ts'
import type { Tickets } from './ticket.ts'

/** What somebody showed at the door. */
export type Credential =
  | { kind: 'none' }
  | { kind: 'bearer'; token: string }
  | { kind: 'cookie'; secret: string }
  | { kind: 'ticket'; ticket: string }

/** An identity that is proved, and what is left to do when everything else is settled. */
export interface Claim {
  readonly identity: Identity
  /** Uses up a ticket; for every other credential there is nothing to do. */
  settle(): Promise<void>
}

export interface AuthenticatorParts {
  sessions: Sessions
  tickets: Tickets
  tokens: AccessTokens
  keys: ServerKeys
}

export class Authenticator {
  readonly #parts: AuthenticatorParts

  constructor(parts: AuthenticatorParts) {
    this.#parts = parts
  }

  /** Rejects with a 401 Refusal that says what to do and does not repeat the credential. */
  async prove(credential: Credential): Promise<Claim> {
    switch (credential.kind) {
      case 'none':
        return settled(ANONYMOUS)
      case 'bearer':
        return settled(await this.#bearer(credential.token))
      case 'cookie':
        return settled(await this.#cookie(credential.secret))
      case 'ticket':
        return this.#ticket(credential.ticket)
    }
  }

  async #bearer(token: string): Promise<Identity> {
    const name = this.#parts.keys.nameOf(token)
    if (name !== null) return { ...ANONYMOUS, proof: 'key', server: name }
    const known = token.length <= ACCESS_TOKEN_CHARACTERS_MAX
    const claims = known ? this.#parts.tokens.verify(token) : null
    const session = claims ? await this.#parts.sessions.byId(claims.sid) : null
    if (!claims || session?.user !== claims.sub) {
      throw new Refusal(REPLY.unauthorized, 'This access token is not valid now: log in again.')
    }
    return identityOf(session, 'token')
  }

  async #cookie(secret: string): Promise<Identity> {
    const session = await this.#parts.sessions.bySecret(secret)
    if (!session) throw new Refusal(REPLY.unauthorized, 'Your session has ended: log in again.')
    return identityOf(session, 'cookie')
  }

  async #ticket(ticket: string): Promise<Claim> {
    const record = await this.#parts.tickets.inspect(ticket)
    return {
      identity: identityOfTicket(record),
      settle: async () => {
        await this.#parts.tickets.redeem(ticket)
      },
    }
  }
}

function settled(identity: Identity): Claim {
  return { identity, settle: () => Promise.resolve() }
}

function identityOf(session: SessionRecord, proof: Proof): Identity {
  return {
    proof,
    user: session.user,
    server: null,
    session: session.id,
    rooms: null,
    info: infoOf(session.username),
    expiresAt: session.expiresAt,
  }
}

function identityOfTicket(ticket: TicketRecord): Identity {
  return {
    proof: 'ticket',
    user: ticket.user,
    server: null,
    session: ticket.session,
    rooms: ticket.rooms,
    info: ticket.info,
    expiresAt: ticket.connectionExpiresAt,
  }
}

/** What travels with a local user: ids are random, people know each other by name. */
export function infoOf(username: string): string {
  return JSON.stringify({ username })
}
