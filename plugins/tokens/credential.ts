// Reads a credential from a request. The first one that is present decides, also when it is wrong.
import type { FastifyRequest } from 'fastify'
import type { Credential, HostUser } from '../../src/identity/authenticator.ts'
import type { KnownKey } from '../../src/identity/server-keys.ts'
import { isSecret } from '../../src/identity/sessions.ts'
import { REPLY, Refusal } from '../../src/protocol/errors.ts'
import { type Endpoint, SUBPROTOCOLS } from '../../src/wire/formats.ts'

/** The server key of a request, once it was looked up; null for none. */
export const kServerKey: unique symbol = Symbol('usher.server-key')

declare module 'fastify' {
  interface FastifyRequest {
    [kServerKey]: KnownKey | null | undefined
  }
}

const BEARER = /^Bearer +([!-~]+)$/i
const TICKET_PROTOCOL = 'usher.ticket.'
/** Long-lived tokens are refused in a URL, which ends up in logs and histories (S6). */
const FORBIDDEN_IN_URL = ['token', 'access_token', 'jwt']
/** Where no connection is opened, a ticket is refused too. */
const IN_NO_URL = [...FORBIDDEN_IN_URL, 'ticket']

/** Browsers hold a cookie with the `__Host-` prefix to TLS and to this host (S10). */
export function cookieName(secure: boolean): string {
  return secure ? '__Host-usher' : 'usher'
}

/** Each costs a read of the store. */
const SECRETS_MAX = 4

/**
 * The secrets of all cookies of one name, as another application of the host, or a page of a
 * sibling domain, may have set one too. The last one comes first: browsers name the longest path
 * first, and ours is `/`. Where none has the form of a secret, what there is. A header of any form
 * costs little, since strangers send it.
 */
export function secretsIn(header: string | undefined, name: string): string[] {
  if (header === undefined) return []
  const start = `${name}=`
  const formed = new Set<string>()
  const others = new Set<string>()
  let at = header.lastIndexOf(start)
  while (at >= 0 && formed.size < SECRETS_MAX) {
    if (beginsCookie(header, at)) {
      const end = header.indexOf(';', at)
      const value = header.slice(at + start.length, end < 0 ? header.length : end)
      if (isSecret(value)) formed.add(value)
      else if (others.size < SECRETS_MAX) others.add(value)
    }
    at = at === 0 ? -1 : header.lastIndexOf(start, at - 1)
  }
  return [...(formed.size > 0 ? formed : others)]
}

/**
 * Whether only spaces and tabs stand between here and the cookie before. No other white space is
 * passed over: a browser does not see the prefix of the name in `\xa0__Host-usher`, and lets a
 * sibling domain set that (S10).
 */
function beginsCookie(header: string, at: number): boolean {
  let before = at - 1
  while (before >= 0 && (header[before] === ' ' || header[before] === '\t')) before -= 1
  return before < 0 || header[before] === ';'
}

/** Log-ins that a browser sends by itself. */
export interface LogIns {
  /** The secrets in Usher's cookie, in the order in which they are tried. */
  cookie(request: FastifyRequest): readonly string[]
  /** The log-in of the host application; with it Usher's cookie is not looked at. */
  identity?: HostIdentity | undefined
}

/** The user of a request, by an application's own log-in; null for the anonymous. */
export type HostIdentity = (request: FastifyRequest) => HostUser | null | Promise<HostUser | null>

/** As RFC 9110 section 5.6.1.2 has it, a reasonable number: more could only cost time [C250]. */
export const OFFERS_MAX = 32

/** The subprotocols that a client offers, in its order. */
export function offeredProtocols(request: FastifyRequest): string[] {
  const header = request.headers['sec-websocket-protocol']
  return header === undefined ? [] : header.split(',', OFFERS_MAX).map((offer) => offer.trim())
}

/** The credential of a request: a bearer token, else the log-in. */
export function credentialOfRequest(request: FastifyRequest, logIns: LogIns): Credential {
  refuseInUrl(request, IN_NO_URL)
  return bearerOf(request, logIns) ?? logInOf(request, logIns) ?? { kind: 'none' }
}

/**
 * The credential of a connection: a bearer token, else a ticket, else, unless the first message is
 * to have it, the log-in. Null means that the first message has it.
 */
export function credentialOfUpgrade(
  request: FastifyRequest,
  logIns: LogIns,
  endpoint: Endpoint,
): Credential | null {
  refuseInUrl(request, FORBIDDEN_IN_URL)
  const offered = offeredTicket(request, endpoint)
  const shown = bearerOf(request, logIns) ?? ticketInUrl(request) ?? offered
  if (shown) return shown
  if (queryOf(request).auth === 'message') return null
  return logInOf(request, logIns) ?? { kind: 'none' }
}

/** The bearer token of a request, if its header has the form for one. */
export function bearerIn({ headers: { authorization } }: FastifyRequest): string | undefined {
  return authorization === undefined ? undefined : BEARER.exec(authorization)?.[1]
}

function bearerOf(request: FastifyRequest, { identity }: LogIns): Credential | null {
  if (request.headers.authorization === undefined) return null
  const token = bearerIn(request)
  if (token !== undefined) {
    const key = request[kServerKey]
    const ask = identity && (() => identity(request))
    return key === undefined ? { kind: 'bearer', token, ask } : { kind: 'bearer', token, ask, key }
  }
  // The application may log users in by another scheme of this header.
  if (identity) return null
  throw new Refusal(REPLY.unauthorized, 'Write the header as Authorization: Bearer <token>.')
}

function ticketInUrl(request: FastifyRequest): Credential | null {
  const { ticket } = queryOf(request)
  if (ticket === undefined) return null
  if (typeof ticket === 'string') return { kind: 'ticket', ticket }
  throw new Refusal(REPLY.badRequest, 'One ticket opens one connection: send only one.')
}

/** The server never answers with a credential, so a client that offers nothing else must fail. */
function offeredTicket(request: FastifyRequest, endpoint: Endpoint): Credential | null {
  const offers = offeredProtocols(request)
  const offer = offers.find((name) => name.startsWith(TICKET_PROTOCOL))
  if (offer === undefined) return null
  if (!offers.some((name) => SUBPROTOCOLS[endpoint].has(name))) {
    throw new Refusal(REPLY.badRequest, 'Offer the ticket beside the subprotocol usher.raw.')
  }
  return { kind: 'ticket', ticket: offer.slice(TICKET_PROTOCOL.length) }
}

/** The credential that a browser sends by itself: the application's log-in, or Usher's cookie. */
export function logInOf(request: FastifyRequest, { cookie, identity }: LogIns): Credential | null {
  if (identity) return { kind: 'host', ask: () => identity(request) }
  const secrets = cookie(request)
  return secrets.length === 0 ? null : { kind: 'cookie', secrets }
}

const TICKET_USE =
  'a ticket opens a WebSocket, whose Upgrade a proxy may have taken away, or an event stream'

function refuseInUrl(request: FastifyRequest, names: readonly string[]): void {
  const query = queryOf(request)
  const found = names.find((name) => query[name] !== undefined)
  if (found !== undefined) throw notInUrl(found)
}

/** The refusal for a query parameter that would be a credential; null for any other name. */
export function notInUrl(name: string): Refusal | null {
  if (!IN_NO_URL.includes(name)) return null
  const advice = name === 'ticket' ? TICKET_USE : 'use the Authorization header'
  return new Refusal(REPLY.badRequest, `${name} is not taken in this URL: ${advice}.`)
}

function queryOf(request: FastifyRequest): Record<string, unknown> {
  return request.query as Record<string, unknown>
}
