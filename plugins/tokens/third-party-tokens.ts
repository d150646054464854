// Tokens of another issuer: its key from the settings, or its key set over the network.
import type { FastifyBaseLogger } from 'fastify'
import { KeySet } from '../../src/identity/key-set.ts'
import type { ThirdPartyIssuer } from '../../src/identity/settings.ts'
import { ThirdPartyTokens } from '../../src/identity/third-party-token.ts'
import type { Clock } from '../../src/time/clock.ts'

const TIMEOUT_MS = 5_000
const BYTES_MAX = 262_144

interface Surroundings {
  clock: Clock
  log: FastifyBaseLogger
}

/** Null when the settings name no issuer. No keys are fetched before the first token. */
export function thirdPartyTokens(
  issuer: ThirdPartyIssuer | null,
  { clock, log }: Surroundings,
): ThirdPartyTokens | null {
  if (issuer === null) return null
  const { jwksUrl } = issuer
  if (jwksUrl === null) return new ThirdPartyTokens({ issuer, keys: null, clock })
  const onTrouble = (err: unknown): void => {
    log.warn({ err }, 'the key set of USHER_JWKS_URL cannot be had: the old one stays')
  }
  const keys = new KeySet({ fetch: () => fetchKeys(jwksUrl, clock), clock, onTrouble })
  return new ThirdPartyTokens({ issuer, keys: keys.find, clock })
}

/** Follows no redirect: the operator chooses the address, not the issuer (S35). */
async function fetchKeys(url: URL, clock: Clock): Promise<unknown> {
  const late = new AbortController()
  const timer = clock.after(TIMEOUT_MS, () => late.abort(new Error('the issuer takes too long')))
  try {
    const response = await fetch(url, { signal: late.signal, redirect: 'error' })
    if (!response.ok) throw new Error(`the issuer answered ${response.status}`)
    return JSON.parse(await bodyOf(response))
  } finally {
    timer.cancel()
  }
}

/** Reads no further than the bound: leaving the loop ends the TCP connection. */
async function bodyOf({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body ?? []) {
    bytes += chunk.length
    if (bytes > BYTES_MAX) throw new Error('the key set is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
