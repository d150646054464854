// Tokens of another issuer: its key from the settings, or its key set over the network.
import { KeySet } from '../src/identity/key-set.ts'
import { OutsideTokens } from '../src/identity/outside-token.ts'
import type { OutsideIssuer } from '../src/identity/settings.ts'
import type { Clock } from '../src/time/clock.ts'

const TIMEOUT_MS = 5_000
const CHARACTERS_MAX = 262_144

/** Null when the settings name no issuer. */
export function outsideTokens(issuer: OutsideIssuer | null, clock: Clock): OutsideTokens | null {
  if (issuer === null) return null
  const { jwksUrl } = issuer
  const keys = jwksUrl === null ? null : new KeySet(() => fetchKeys(jwksUrl), clock).find
  return new OutsideTokens({ issuer, keys })
}

/** Follows no redirect: the address is the operator's word, not the issuer's (S35). */
async function fetchKeys(url: URL): Promise<unknown> {
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  const response = await fetch(url, { signal, redirect: 'error' })
  if (!response.ok) throw new Error(`the issuer answered ${response.status}`)
  const text = await response.text()
  if (text.length > CHARACTERS_MAX) throw new Error('the key set is too large')
  return JSON.parse(text)
}
