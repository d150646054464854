// The AccessTokens port on @fastify/jwt: one algorithm, one audience, two keys while rotating.
import jwt, { type FastifyJWTOptions, type JWT } from '@fastify/jwt'
import type { FastifyInstance } from 'fastify'
import {
  ACCESS_TOKEN_ALGORITHM,
  ACCESS_TOKEN_PARTY,
  ACCESS_TOKEN_TYPE,
  type AccessClaims,
  type AccessToken,
  type AccessTokens,
} from '../../src/identity/access-token.ts'
import type { KeyPair } from '../../src/identity/secret.ts'
import { ACCESS_TOKEN_SECONDS } from '../../src/protocol/limits.ts'

const CLOCK_TOLERANCE_MS = 5_000

function optionsFor(key: Buffer, namespace: string): FastifyJWTOptions {
  return {
    secret: key,
    namespace,
    // Not `user`, which belongs to the host application.
    decoratorName: 'usherClaims',
    sign: {
      algorithm: ACCESS_TOKEN_ALGORITHM,
      iss: ACCESS_TOKEN_PARTY,
      aud: ACCESS_TOKEN_PARTY,
      expiresIn: ACCESS_TOKEN_SECONDS,
      header: { alg: ACCESS_TOKEN_ALGORITHM, typ: ACCESS_TOKEN_TYPE },
    },
    verify: {
      algorithms: [ACCESS_TOKEN_ALGORITHM],
      allowedIss: ACCESS_TOKEN_PARTY,
      allowedAud: ACCESS_TOKEN_PARTY,
      checkTyp: ACCESS_TOKEN_TYPE,
      requiredClaims: ['exp', 'iat', 'iss', 'aud', 'sub', 'sid'],
      // Checked here, so that a token that is only expired is told from a forged one.
      ignoreExpiration: true,
      clockTolerance: CLOCK_TOLERANCE_MS,
      cache: false,
    },
  }
}

/**
 * Registers @fastify/jwt under names of Usher's own, so that an application may register it too.
 */
export async function accessTokens(app: FastifyInstance, keys: KeyPair): Promise<AccessTokens> {
  await app.register(jwt, optionsFor(keys.current, 'usher'))
  if (keys.previous) await app.register(jwt, optionsFor(keys.previous, 'usherPrevious'))
  const { usher, usherPrevious } = app.jwt as unknown as Record<string, JWT | undefined>
  if (!usher) throw new Error('@fastify/jwt did not register its namespace')
  const beginning = beginningOf(usher)
  return {
    sign: (claims) => usher.sign(claims),
    verify(token) {
      if (!token.startsWith(beginning)) return null
      return check(usher, token) ?? (usherPrevious ? check(usherPrevious, token) : null)
    },
  }
}

/**
 * All own tokens begin with one header: other tokens are not checked, since a failed check is slow.
 */
function beginningOf(jwt: JWT): string {
  const token = jwt.sign({ sub: '', sid: '' })
  return token.slice(0, token.indexOf('.') + 1)
}

interface Times {
  /** Both in seconds since 1970. */
  iat: number
  exp: number
}

/** No own token was issued in the future or lives longer than ACCESS_TOKEN_SECONDS (S15). */
function mayBeOurs({ iat, exp }: Times): boolean {
  const latestMs = Date.now() + CLOCK_TOLERANCE_MS
  return iat * 1_000 <= latestMs && exp - iat <= ACCESS_TOKEN_SECONDS
}

function check(jwt: JWT, token: string): AccessToken | null {
  try {
    const { sub, sid, ...times } = jwt.verify<Partial<AccessClaims> & Times>(token)
    if (typeof sub !== 'string' || typeof sid !== 'string' || !mayBeOurs(times)) return null
    const isExpired = times.exp * 1_000 + CLOCK_TOLERANCE_MS <= Date.now()
    return { claims: { sub, sid }, isExpired }
  } catch {
    return null
  }
}
