// Reads a credential from a request. The first that is present decides, also when it is wrong.
import type { FastifyRequest } from 'fastify'
import type { Credential } from '../src/identity/authenticator.ts'
import { REPLY, Refusal } from '../src/protocol/errors.ts'

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
  return bearerOf(request) ?? cookieOf(request, cookie) ?? { kind: 'none' }
}

/**
 * For connections: a bearer token, else a ticket, else, unless the first message is to decide,
 * the cookie. Null means that the first message decides.
 */
export function credentialOfUpgrade(request: FastifyRequest, cookie: string): Credential | null {
  refuseInUrl(request, FORBIDDEN_IN_URL)
  const shown = bearerOf(request) ?? ticketOf(request)
  if (shown) return shown
  if (queryOf(request).auth === 'message') return null
  return cookieOf(request, cookie) ?? { kind: 'none' }
}

function bearerOf(request: FastifyRequest): Credential | null {
  const { authorization } = request.headers
  if (authorization === undefined) return null
  const token = BEARER.exec(authorization)?.[1]
  if (token !== undefined) return { kind: 'bearer', token }
  throw new Refusal(REPLY.unauthorized, 'Write the header as Authorization: Bearer <token>.')
}

function ticketOf(request: FastifyRequest): Credential | null {
  const { ticket } = queryOf(request)
  if (typeof ticket === 'string') return { kind: 'ticket', ticket }
  const offer = offeredProtocols(request).find((name) => name.startsWith(TICKET_PROTOCOL))
  if (offer === undefined) return null
  return { kind: 'ticket', ticket: offer.slice(TICKET_PROTOCOL.length) }
}

function cookieOf(request: FastifyRequest, name: string): Credential | null {
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
