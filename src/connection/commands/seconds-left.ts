// Until when a client has to show its next token, if it can.
import type { Identity } from '../../protocol/identity.ts'

/** Time for the new token to come before the connection ends. */
const MARGIN_SECONDS = 25
/** A browser's timer of more than 24 days fires at once. */
const SECONDS_MAX = 2_000_000

/**
 * Whole seconds, at least 1; null where there is nothing to renew: a session lives on without its
 * tokens, and a cookie is not the client's to show.
 */
export function secondsLeft(identity: Identity, now: number): number | null {
  const { proof, session, expiresAt } = identity
  const isShown = proof === 'token' || proof === 'ticket'
  if (!isShown || session !== null || expiresAt === null) return null
  const left = Math.floor((expiresAt - now) / 1_000)
  return left > SECONDS_MAX ? null : Math.max(1, left - MARGIN_SECONDS)
}
