// Tokens of another issuer, for an application that has users of its own. Algorithm, issuer and
// audience are pinned by the settings; nothing in a token can choose them (S13, S14, S15).
import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto'
import { errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose'
import { REPLY, Refusal } from '../protocol/errors.ts'
import { ANONYMOUS, type Identity } from '../protocol/identity.ts'
import { isUserId, nameIn } from '../protocol/names.ts'
import type { Clock } from '../time/clock.ts'
import { KeysAway } from './key-set.ts'
import type { ThirdPartyIssuer } from './settings.ts'

const CHARACTERS_MAX = 8_192
const LIFETIME_MAX_SECONDS = 24 * 60 * 60
const CLOCK_TOLERANCE_SECONDS = 5
/** Time that a client has after its token's `exp` to connect again with a new one [C37]. */
const CONNECTION_MARGIN_MS = 25_000
const TYPES = new Set([undefined, 'jwt', 'at+jwt', 'application/at+jwt'])
/** Claims by which some issuers tell their kinds of tokens apart, since all have one `typ`. */
const KIND_CLAIMS = ['typ', 'token_type', 'token_use']
const OTHER_KINDS = /^(refresh|offline|id|logout)/i

/** The identity that a token of the issuer proves, and when the token was issued. */
export interface ThirdPartyIdentity {
  identity: Identity
  /** Milliseconds since 1970. */
  issuedAt: number
  /** It proves no more who the client is, only who it was. */
  isExpired: boolean
}

export interface ThirdPartyTokensParts {
  issuer: ThirdPartyIssuer
  /** Where keys are found; null when the settings hold the key itself. */
  keys: JWTVerifyGetKey | null
  clock: Clock
}

export class ThirdPartyTokens {
  readonly #issuer: ThirdPartyIssuer
  readonly #key: JWTVerifyGetKey
  readonly #clock: Clock

  constructor({ issuer, keys, clock }: ThirdPartyTokensParts) {
    this.#issuer = issuer
    this.#clock = clock
    const fixed = issuer.key === null ? null : keyFor(issuer.key, issuer.algorithm)
    this.#key = keys ?? (async () => fixed ?? refuse())
  }

  /** Null for any token that never was a valid one of that issuer; 503 without its keys. */
  async verify(token: string): Promise<ThirdPartyIdentity | null> {
    if (token.length > CHARACTERS_MAX) return null
    try {
      return await this.#verifyAt(token, this.#clock.now())
    } catch (error) {
      if (error instanceof KeysAway) {
        throw new Refusal(REPLY.unavailable, 'The issuer of your token is away: try again.', 1)
      }
      return this.#expired(token, error)
    }
  }

  /** A token that is past its `exp` is looked at as it was before. */
  async #expired(token: string, error: unknown): Promise<ThirdPartyIdentity | null> {
    if (!(error instanceof errors.JWTExpired) || error.claim !== 'exp') return null
    const { exp = 0 } = error.payload
    const found = await this.#verifyAt(token, exp * 1_000).catch(() => null)
    return found && { ...found, isExpired: true }
  }

  /** Rejects with an error of jose's, which it gives for a signature before all others. */
  async #verifyAt(token: string, now: number): Promise<ThirdPartyIdentity | null> {
    const { payload, protectedHeader } = await jwtVerify(token, this.#key, {
      algorithms: [this.#issuer.algorithm],
      issuer: this.#issuer.issuer,
      audience: this.#issuer.audience,
      requiredClaims: ['exp', 'iat', 'sub'],
      // Also refuses an `iat` that is to come, which no revocation would ever reach.
      maxTokenAge: LIFETIME_MAX_SECONDS,
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      currentDate: new Date(now),
    })
    return TYPES.has(protectedHeader.typ?.toLowerCase()) ? this.#identityOf(payload) : null
  }

  #identityOf({ sub, exp, iat, ...claims }: JWTPayload): ThirdPartyIdentity | null {
    if (sub === undefined || exp === undefined || iat === undefined) return null
    if (sub === '' || !sub.isWellFormed()) return null
    if (exp - iat > LIFETIME_MAX_SECONDS || isOfOtherKind(claims)) return null
    const user = this.#issuer.prefix + encodeSubject(sub)
    if (!isUserId(user)) return null
    const username = claims.preferred_username ?? claims.name
    const info = typeof username === 'string' ? JSON.stringify({ username }) : null
    const name = nameIn({ name: claims.name, username: claims.preferred_username })
    const expiresAt = exp * 1_000 + CONNECTION_MARGIN_MS
    const identity: Identity = { ...ANONYMOUS, proof: 'token', user, name, info, expiresAt }
    return { identity, issuedAt: iat * 1_000, isExpired: false }
  }
}

/** A refresh or ID token of the same issuer opens nothing here (S15). */
function isOfOtherKind(claims: JWTPayload): boolean {
  return KIND_CLAIMS.some((name) => OTHER_KINDS.test(String(claims[name] ?? '')))
}

/** Percent-encoded like a URL's part, so that no subject can look like another's id. */
export function encodeSubject(subject: string): string {
  return encodeURIComponent(subject).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

/** The key of the settings as one that only fits its algorithm. Throws when it does not. */
export function keyFor(key: string, algorithm: string): KeyObject | CryptoKey {
  if (!algorithm.startsWith('HS')) return createPublicKey(key.replaceAll('\\n', '\n'))
  const secret = createSecretKey(Buffer.from(key, 'utf8'))
  // Given the secret itself, jose would import it again for every token.
  const hash = `SHA-${algorithm.slice('HS'.length)}`
  return secret.toCryptoKey({ name: 'HMAC', hash }, false, ['verify'])
}

function refuse(): never {
  throw new Error('there is no key')
}
