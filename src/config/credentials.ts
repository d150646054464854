// The settings of who may come in: secrets, server keys, and an outside issuer of tokens.
import { createPublicKey, type KeyObject } from 'node:crypto'
import type { EngineSettings } from '../engine/engine.ts'
import type { RootSecrets, ServerKey, ThirdPartyIssuer } from '../identity/settings.ts'
import { ConfigError, type Reader } from './reader.ts'
import { passingSecret, secretIn } from './secret-file.ts'

const SECRET_CHARACTERS_MIN = 32
const SECRET_DISTINCT_MIN = 10
const KEY_CHARACTERS_MIN = 24
const SHARED = ['HS256', 'HS384', 'HS512']
const ALGORITHMS = [
  ...SHARED,
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'],
]
const STANDARD_PREFIX = 'jwt:'
const LOCAL_PREFIX = 'u_'
const RSA_BITS_MIN = 2_048
const CURVES: Readonly<Record<string, string>> = {
  ES256: 'prime256v1',
  ES384: 'secp384r1',
  ES512: 'secp521r1',
}

export function checkSecrets(reader: Reader, production: boolean): void {
  if (production && reader.text('USHER_SECRET') === null) {
    reader.wrong('USHER_SECRET', `is missing: write ${SECRET_ADVICE}`)
  }
  for (const name of ['USHER_SECRET', 'USHER_SECRET_PREVIOUS']) {
    const value = reader.text(name)
    if (value !== null && isWeak(value)) reader.wrong(name, `is too weak: write ${SECRET_ADVICE}`)
  }
}

const SECRET_ADVICE = `${SECRET_CHARACTERS_MIN} or more random characters (openssl rand -hex 32)`

function isWeak(secret: string): boolean {
  return secret.length < SECRET_CHARACTERS_MIN || new Set(secret).size < SECRET_DISTINCT_MIN
}

export function secretsOf(reader: Reader, engine: EngineSettings): RootSecrets {
  const made = () => (engine.kind === 'sqlite' ? secretOf(engine.folder) : passingSecret())
  return {
    current: reader.text('USHER_SECRET') ?? made(),
    previous: reader.text('USHER_SECRET_PREVIOUS'),
  }
}

/** A file that was cut short or written by hand must not become a secret that can be guessed. */
function secretOf(folder: string): string {
  const secret = secretIn(folder)
  if (!isWeak(secret)) return secret
  throw new ConfigError([`USHER_SECRET: the one in ${folder}/secret is too weak: delete the file.`])
}

export function serverKeysOf(reader: Reader): ServerKey[] {
  const keys = reader.list('USHER_API_KEYS').map((entry) => {
    const colon = entry.indexOf(':')
    return { name: entry.slice(0, Math.max(0, colon)), key: entry.slice(colon + 1) }
  })
  const isGood = ({ name, key }: ServerKey) =>
    /^[\w-]{1,64}$/.test(name) && key.length >= KEY_CHARACTERS_MIN && /^[!-~]+$/.test(key)
  if (!keys.every(isGood)) {
    const advice = `write name:key, with keys of ${KEY_CHARACTERS_MIN} or more characters`
    reader.wrong('USHER_API_KEYS', `${advice} and commas between them`)
  }
  return keys
}

/** Null when no variable of it is set; otherwise all that a token must match. */
export function thirdPartyIssuerOf(reader: Reader, production: boolean): ThirdPartyIssuer | null {
  const key = reader.text('USHER_JWT_KEY')
  const jwksUrl = jwksUrlOf(reader, production)
  if (key === null && jwksUrl === null) return null
  if (key !== null && jwksUrl !== null) {
    reader.wrong('USHER_JWT_KEY', 'set either this or USHER_JWKS_URL, not both')
  }
  const algorithms = jwksUrl === null ? ALGORITHMS : ALGORITHMS.filter((a) => !SHARED.includes(a))
  const algorithm = reader.choice('USHER_JWT_ALGORITHM', algorithms, '')
  const issuer = reader.text('USHER_JWT_ISSUER')
  const audience = reader.text('USHER_JWT_AUDIENCE')
  const prefix = reader.text('USHER_JWT_PREFIX') ?? STANDARD_PREFIX
  if (issuer === null) reader.wrong('USHER_JWT_ISSUER', 'write the iss of the tokens')
  if (audience === null) reader.wrong('USHER_JWT_AUDIENCE', 'write the aud of the tokens')
  // Neither `u_` nor the `u` of a subject that begins with `_`: those would be users of ours.
  const isOurs = prefix.startsWith(LOCAL_PREFIX) || LOCAL_PREFIX.startsWith(prefix)
  if (!/^[A-Za-z0-9:._~@-]{1,32}$/.test(prefix) || isOurs) {
    reader.wrong('USHER_JWT_PREFIX', 'write what stands before their users, like jwt:')
  }
  if (key !== null && algorithm !== '') checkKey(reader, key, algorithm)
  return { key, jwksUrl, algorithm, issuer: issuer ?? '', audience: audience ?? '', prefix }
}

function jwksUrlOf(reader: Reader, production: boolean): URL | null {
  const text = reader.text('USHER_JWKS_URL')
  if (text === null) return null
  const url = URL.canParse(text) ? new URL(text) : null
  if (url?.username || url?.password) {
    reader.wrong('USHER_JWKS_URL', 'a key set is public: write its address without a user')
    return null
  }
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && !production)) return url
  reader.wrong('USHER_JWKS_URL', "write the https address of the issuer's key set")
  return null
}

function checkKey(reader: Reader, key: string, algorithm: string): void {
  if (SHARED.includes(algorithm)) {
    if (isWeak(key)) reader.wrong('USHER_JWT_KEY', `is too weak: write ${SECRET_ADVICE}`)
    if (/-----BEGIN/.test(key)) {
      reader.wrong('USHER_JWT_KEY', 'a public key cannot be a shared secret: choose its algorithm')
    }
    return
  }
  const found = /PRIVATE KEY/.test(key) ? null : publicKeyOf(key)
  if (found === null) {
    reader.wrong('USHER_JWT_KEY', 'write the public key in PEM, with \\n for its line ends')
  } else if (!fits(found, algorithm)) {
    reader.wrong(
      'USHER_JWT_KEY',
      `is no key for ${algorithm}, or too short: choose what goes together`,
    )
  }
}

function publicKeyOf(pem: string): KeyObject | null {
  try {
    return createPublicKey(pem.replaceAll('\\n', '\n'))
  } catch {
    return null
  }
}

/** Otherwise the boot would go well, and every token would be refused. */
function fits({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject, algorithm: string): boolean {
  const { namedCurve, modulusLength = 0 } = asymmetricKeyDetails ?? {}
  if (algorithm === 'EdDSA') return asymmetricKeyType === 'ed25519'
  if (algorithm in CURVES) return namedCurve === CURVES[algorithm]
  return asymmetricKeyType === 'rsa' && modulusLength >= RSA_BITS_MIN
}
