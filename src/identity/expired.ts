// Credentials that were good once. Over HTTP they are answered like any wrong one; a client that
// can fetch the next credential by itself is told to.
import { REPLY, Refusal, type ReplyCode } from '../protocol/errors.ts'

/** A row of its own, with the words of any token that is not good. */
const TOKEN_EXPIRED: ReplyCode = Object.freeze({ ...REPLY.unauthorized })

const EXPIRED: ReadonlySet<ReplyCode> = new Set([
  TOKEN_EXPIRED,
  REPLY.ticketExpired,
  REPLY.ticketUsed,
])

/** The refusal of a token; of one that is good but for its time, if it `isExpired`. */
export function tokenRefused(isExpired: boolean): Refusal {
  const reply = isExpired ? TOKEN_EXPIRED : REPLY.unauthorized
  return new Refusal(reply, 'This access token is not valid now: log in again.')
}

/**
 * Whether the credential that was refused is ours, or of the issuer that is trusted, and only past
 * its time, or a ticket that was used: the rich protocol answers `tokenExpired` (109).
 */
export function isExpired({ reply }: Refusal): boolean {
  return EXPIRED.has(reply)
}
