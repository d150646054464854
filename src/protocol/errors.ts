// The two tables of failure: a reply code answers a request, a close code ends a connection.
import type { LimitName } from './limits.ts'

/** One row of the reply table: the word and number clients branch on, and the HTTP status. */
export interface ReplyCode {
  readonly error: string
  readonly code: number
  readonly status: number
  /** The same command may succeed later, without any change. */
  readonly temporary?: true
}

/** Every way a request can be refused. `docs/protocol.md` repeats this table. */
export const REPLY = {
  internal: { error: 'internal', code: 100, status: 500, temporary: true },
  unavailable: { error: 'unavailable', code: 100, status: 503, temporary: true },
  unauthorized: { error: 'unauthorized', code: 101, status: 401 },
  ticketInvalid: { error: 'ticket_invalid', code: 101, status: 401 },
  ticketUsed: { error: 'ticket_used', code: 101, status: 401 },
  ticketExpired: { error: 'ticket_expired', code: 101, status: 401 },
  forbidden: { error: 'forbidden', code: 103, status: 403 },
  notFound: { error: 'not_found', code: 104, status: 404 },
  notAvailable: { error: 'not_available', code: 108, status: 404 },
  requestTimeout: { error: 'request_timeout', code: 107, status: 408 },
  unrecoverable: { error: 'unrecoverable_position', code: 112, status: 409 },
  tooLarge: { error: 'too_large', code: 106, status: 413 },
  badRequest: { error: 'bad_request', code: 107, status: 400 },
  methodNotAllowed: { error: 'method_not_allowed', code: 107, status: 405 },
  unsupportedMediaType: { error: 'unsupported_media_type', code: 107, status: 415 },
  conflict: { error: 'conflict', code: 107, status: 409 },
  tooManyRequests: { error: 'too_many_requests', code: 111, status: 429, temporary: true },
  quotaReached: { error: 'quota_reached', code: 111, status: 429 },
  storeFull: { error: 'store_full', code: 100, status: 507, temporary: true },
} as const satisfies Record<string, ReplyCode>

/** How only a command of the rich protocol can be refused: no request has their status. */
export const COMMAND_REPLY = {
  alreadyJoined: { error: 'already_joined', code: 105, status: 409 },
  limitExceeded: { error: 'limit_exceeded', code: 106, status: 429 },
  /** The client shows the next token. */
  tokenExpired: { error: 'token_expired', code: 109, status: 401 },
} as const satisfies Record<string, ReplyCode>

/** The error of a refused request. `message` says what to do; it never repeats a credential. */
export class Refusal extends Error {
  readonly reply: ReplyCode
  /** Seconds after which a retry may succeed, for 429, 503 and 507. */
  readonly retryAfter: number | undefined
  /** The limit that was hit, if there is one. */
  readonly limit: LimitName | undefined

  constructor(reply: ReplyCode, message: string, retryAfter?: number, limit?: LimitName) {
    super(message)
    this.name = 'Refusal'
    this.reply = reply
    this.retryAfter = retryAfter
    this.limit = limit
  }

  /** For the error handler of an application that uses Usher's hooks on its own routes. */
  get statusCode(): number {
    return this.reply.status
  }
}

/** One row of the close table. The reason is short and never empty. */
export interface CloseCode {
  readonly code: number
  readonly reason: string
}

/**
 * Every way the server ends a connection. After 3000–3499 and 4000–4499 a client reconnects, after
 * 3500–3999 and 4500–4999 it does not.
 */
export const CLOSE = {
  tooBig: { code: 1009, reason: 'message too big' },
  shutdown: { code: 3001, reason: 'shutdown' },
  internal: { code: 3004, reason: 'internal error' },
  expired: { code: 3005, reason: 'session expired' },
  slow: { code: 3008, reason: 'slow reader' },
  insufficientState: { code: 3010, reason: 'insufficient state' },
  noPong: { code: 3012, reason: 'no pong' },
  tooManyRequests: { code: 3013, reason: 'too many requests' },
  invalidCredentials: { code: 3500, reason: 'invalid credentials' },
  badRequest: { code: 3501, reason: 'bad request' },
  forced: { code: 3503, reason: 'forced' },
  connectionLimit: { code: 3504, reason: 'connection limit' },
  forbidden: { code: 3507, reason: 'permission denied' },
  quotaReached: { code: 4500, reason: 'quota reached' },
} as const satisfies Record<string, CloseCode>

/**
 * Why a membership ends although its connection stays. Below 2500 the client does not join again by
 * itself, from 2500 on it does.
 */
export const UNSUBSCRIBE = {
  sentOut: { code: 2100, reason: 'sent out' },
  forbidden: { code: 2101, reason: 'permission denied' },
  insufficientState: { code: 2500, reason: 'insufficient state' },
  expired: { code: 2501, reason: 'expired' },
} as const satisfies Record<string, CloseCode>

/** The close code for a refusal, on a connection that can no longer be answered by HTTP. */
export function closeCodeFor({ status }: ReplyCode): CloseCode {
  switch (status) {
    case 401:
      return CLOSE.invalidCredentials
    case 403:
      return CLOSE.forbidden
    case 429:
      return CLOSE.connectionLimit
    case 500:
    case 503:
    case 507:
      return CLOSE.internal
    default:
      return CLOSE.badRequest
  }
}

/** Whether a client may reconnect by itself after a close with this code. */
export function mayReconnect(code: number): boolean {
  if (code < 3000) return code !== CLOSE.tooBig.code
  return code % 1000 < 500
}
