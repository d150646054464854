// Reads a credential from a request. The first that is present decides, also when it is wrong.
import type { FastifyRequest } from 'fastify'
import type { Credential } from '../src/identity/authenticator.ts'
import { REPLY, Refusal } from '../src/protocol/errors.ts'
import { SUBPROTOCOLS } from '../src/wire/formats.ts'

const BEARER = /^Bearer +([!-~]+)$/i
const TICKET_PROTOCOL = 'usher.ticket.'
/** Tokens that live long have no place in a URL, which ends up in logs and histories (S6). */
const FORBIDDEN_IN_URL = ['token', 'access_token', 'jwt']

/** Browsers hold a cookie with the `__Host-` prefix to TLS and to this host (S10). */
export function cookieName(secure: boolean): string {
  return secure ? '__Host-usher' : 'usher'
}

/** The subprotocols that a client offers, in its order. */
export function offeredProtocols(request: FastifyRequest): string[] {
  const header = request.headers['sec-websocket-protocol']
  return header === undefined ? [] : header.split(',').map((offer) => offer.trim())
}

/** For requests: a bearer token, else the cookie. */
export function credentialOfRequest(request: FastifyRequest, cookie: string): Credential {
  refuseInUrl(request, [...FORBIDDEN_IN_URL, 'ticket'])
  return bearerOf(request) ?? logInOf(request, cookie) ?? { kind: 'none' }
}

/**
 * For connections: a bearer token, else a ticket, else, unless the first message is to decide,
 * the cookie. Null means that the first message decides.
 */
export function credentialOfUpgrade(request: FastifyRequest, cookie: string): Credential | null {
  refuseInUrl(request, FORBIDDEN_IN_URL)
  const offered = offeredTicket(request)
  const shown = bearerOf(request) ?? ticketInUrl(request) ?? offered
  if (shown) return shown
  if (queryOf(request).auth === 'message') return null
  return logInOf(request, cookie) ?? { kind: 'none' }
}

function bearerOf(request: FastifyRequest): Credential | null {
  const { authorization } = request.headers
  if (authorization === undefined) return null
  const token = BEARER.exec(authorization)?.[1]
  if (token !== undefined) return { kind: 'bearer', token }
  throw new Refusal(REPLY.unauthorized, 'Write the header as Authorization: Bearer <token>.')
}

function ticketInUrl(request: FastifyRequest): Credential | null {
  const { ticket } = queryOf(request)
  if (ticket === undefined) return null
  if (typeof ticket === 'string') return { kind: 'ticket', ticket }
  throw new Refusal(REPLY.badRequest, 'One ticket opens one connection: send only one.')
}

/** The server never answers with a credential, so a client that offers nothing else must fail. */
function offeredTicket(request: FastifyRequest): Credential | null {
  const offers = offeredProtocols(request)
  const offer = offers.find((name) => name.startsWith(TICKET_PROTOCOL))
  if (offer === undefined) return null
  if (!offers.some((name) => SUBPROTOCOLS.has(name))) {
    throw new Refusal(REPLY.badRequest, 'Offer the ticket beside the subprotocol usher.raw.')
  }
  return { kind: 'ticket', ticket: offer.slice(TICKET_PROTOCOL.length) }
}

/** What a browser sends by itself: the log-in of the application we live in, or our cookie. */
function logInOf(request: FastifyRequest, name: string): Credential | null {
  const { identity } = request.server.house
  if (identity) return { kind: 'host', ask: () => identity(request) }
  const secret = request.cookies[name]
  return secret === undefined ? null : { kind: 'cookie', secret }
}

function refuseInUrl(request: FastifyRequest, names: readonly string[]): void {
  const query = queryOf(request)
  const found = names.find((name) => query[name] !== undefined)
  if (found === undefined) return
  const advice = found === 'ticket' ? 'a ticket opens a connection' : 'use the Authorization header'
  throw new Refusal(REPLY.badRequest, `${found} is not taken in this URL: ${advice}.`)
}

function queryOf(request: FastifyRequest): Record<string, unknown> {
  return request.query as Record<string, unknown>
}
