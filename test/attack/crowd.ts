// Many clients that ask at once, each as a user, an address or a /64 of its own: a trusted proxy on
// loopback says who they are.
import { AUDIENCE, claimsAt, ISSUER, issued, issuerKey } from '../support/issuer.ts'
import type { Target } from './target.ts'
import { type Ask, type Headers, wordsOf } from './wire.ts'

const AT_ONCE = 50
const key = issuerKey('EdDSA')

/** Settings of a server that believes our proxy and our issuer. */
export const CROWD_ENV = {
  USHER_TRUST_PROXY: 'loopback',
  USHER_JWT_KEY: key.pem,
  USHER_JWT_ALGORITHM: key.algorithm,
  USHER_JWT_ISSUER: ISSUER,
  USHER_JWT_AUDIENCE: AUDIENCE,
}

/** From an address, as the proxy says it. */
export function from(address: string): Headers {
  return [['X-Forwarded-For', address]]
}

export const address = (n: number) => `192.0.${2 + (n >> 8)}.${n & 255}`
/** One of the 65,536 /64s of a /48, which costs next to nothing. */
export const network = (n: number) => `2001:db8:1:${n.toString(16)}::1`

/** A user without an account here. */
export async function user(name: string): Promise<Headers> {
  const token = await issued(key, claimsAt(Date.now(), { sub: name }))
  return [['Authorization', `Bearer ${token}`]]
}

/** How many came in, and how the others were told: each refusal says when to try again. */
export interface Counted {
  inside: number
  refusals: string[]
}

/** Sends so many, some at once, and stops early once `enough` of them were refused. */
export async function crowd(
  target: Target,
  count: number,
  request: (n: number) => Ask,
): Promise<Counted> {
  const refusals = new Set<string>()
  let inside = 0
  let next = 0
  const one = async (): Promise<void> => {
    while (next < count) {
      const answer = await target.ask({ ms: 20_000, ...request(next++) })
      if (answer.status > 0 && answer.status < 400) inside += 1
      else refusals.add(`${wordsOf(answer)}${answer.headers.has('retry-after') ? '' : ' for ever'}`)
    }
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, one))
  return { inside, refusals: [...refusals].sort() }
}
