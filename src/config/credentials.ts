// The settings of secrets and of a third-party issuer of tokens, checked together.
import { createPublicKey, type KeyObject } from 'node:crypto'
import type { EngineSettings } from '../engine/engine.ts'
import type { RootSecrets, ThirdPartyIssuer } from '../identity/settings.ts'
import type { Mistakes } from './mistakes.ts'
import { passingSecret, secretIn } from './secret-file.ts'
import { SETTINGS, type Settings } from './settings.ts'

const SECRET_CHARACTERS_MIN = 32
const SECRET_DISTINCT_MIN = 10
const SHARED = ['HS256', 'HS384', 'HS512']
const ALGORITHMS = [
  ...SHARED,
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'],
]
const LOCAL_PREFIX = 'u_'
const RSA_BITS_MIN = 2_048
const CURVES: Readonly<Record<string, string>> = {
  ES256: 'prime256v1',
  ES384: 'secp384r1',
  ES512: 'secp521r1',
}

export function checkSecrets(settings: Settings, mistakes: Mistakes): void {
  if (settings.production && settings.secret === null) {
    mistakes.add('secret', `is missing: write ${SECRET_ADVICE}`)
  } else if (settings.redisUrl !== null && settings.secret === null) {
    mistakes.add('secret', `is missing: all nodes on one Redis need the same ${SECRET_ADVICE}`)
  }
  for (const name of ['secret', 'secretPrevious'] as const) {
    const secret = settings[name]
    if (secret !== null && isWeak(secret)) {
      mistakes.add(name, `is too weak: write ${SECRET_ADVICE}`)
    }
  }
}

const SECRET_ADVICE = `${SECRET_CHARACTERS_MIN} or more random characters (openssl rand -hex 32)`

function isWeak(secret: string): boolean {
  return secret.length < SECRET_CHARACTERS_MIN || new Set(secret).size < SECRET_DISTINCT_MIN
}

/** A root secret that is not given is made: kept in the folder, or as long as the process lives. */
export function secretsOf(
  { secret, secretPrevious }: Settings,
  engine: EngineSettings,
  mistakes: Mistakes,
): RootSecrets {
  const made = () => (engine.kind === 'sqlite' ? keptIn(engine.folder, mistakes) : passingSecret())
  return { current: secret ?? made(), previous: secretPrevious }
}

/**
 * A file that was cut short or written by hand must not become a secret that can be guessed. Where
 * there is a mistake, what is returned is never used.
 */
function keptIn(folder: string, mistakes: Mistakes): string {
  try {
    const secret = secretIn(folder)
    const advice = `the one in ${folder}/secret is too weak: delete the file`
    if (isWeak(secret)) mistakes.add('secret', advice)
    return secret
  } catch (error) {
    const what = `${folder}/secret can be neither read nor made (${(error as Error).message})`
    mistakes.add('data', `${what}: name a folder in which this user may read and write`)
    return ''
  }
}

/** Null without a key and without a key set; otherwise all that a token must match. */
export function thirdPartyIssuerOf(
  settings: Settings,
  mistakes: Mistakes,
): ThirdPartyIssuer | null {
  const { 'jwt.key': key, 'jwt.jwksUrl': keySet, 'jwt.prefix': prefix } = settings
  const { 'jwt.algorithm': algorithm, 'jwt.issuer': issuer, 'jwt.audience': audience } = settings
  if (key === null && keySet === null) return null
  const jwksUrl = keySet === null ? null : new URL(keySet)
  if (key !== null && jwksUrl !== null) {
    mistakes.add('jwt.key', `set either this or ${mistakes.nameOf('jwt.jwksUrl')}, not both`)
  }
  if (jwksUrl?.protocol === 'http:' && settings.production) {
    mistakes.add('jwt.jwksUrl', SETTINGS['jwt.jwksUrl'].form.advice)
  }
  const fitting = jwksUrl === null ? ALGORITHMS : ALGORITHMS.filter((a) => !SHARED.includes(a))
  const isKnown = algorithm !== null && fitting.includes(algorithm)
  if (!isKnown) mistakes.add('jwt.algorithm', `write one of ${fitting.join(', ')}`)
  if (issuer === null) mistakes.add('jwt.issuer', 'write the iss of the tokens')
  if (audience === null) mistakes.add('jwt.audience', 'write the aud of the tokens')
  // Neither `u_` nor the `u` of a subject that begins with `_`: those would be Usher's own users.
  const isOurs = prefix.startsWith(LOCAL_PREFIX) || LOCAL_PREFIX.startsWith(prefix)
  if (!/^[A-Za-z0-9:._~@-]{1,32}$/.test(prefix) || isOurs) {
    mistakes.add('jwt.prefix', 'write what stands before their users, like jwt:')
  }
  if (key !== null && isKnown) checkKey(mistakes, key, algorithm)
  const required = { algorithm: algorithm ?? '', issuer: issuer ?? '', audience: audience ?? '' }
  return { key, jwksUrl, ...required, prefix }
}

function checkKey(mistakes: Mistakes, key: string, algorithm: string): void {
  if (SHARED.includes(algorithm)) {
    if (isWeak(key)) mistakes.add('jwt.key', `is too weak: write ${SECRET_ADVICE}`)
    if (/-----BEGIN/.test(key)) {
      mistakes.add('jwt.key', 'a public key cannot be a shared secret: choose its algorithm')
    }
    return
  }
  const found = /PRIVATE KEY/.test(key) ? null : publicKeyOf(key)
  if (found === null) {
    mistakes.add('jwt.key', 'write the public key in PEM, with \\n for its line ends')
  } else if (!fits(found, algorithm)) {
    mistakes.add('jwt.key', `is no key for ${algorithm}, or too short: choose what goes together`)
  }
}

function publicKeyOf(pem: string): KeyObject | null {
  try {
    return createPublicKey(pem.replaceAll('\\n', '\n'))
  } catch {
    return null
  }
}

/** Without this check the boot would succeed, and every token would be refused. */
function fits({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject, algorithm: string): boolean {
  const { namedCurve, modulusLength = 0 } = asymmetricKeyDetails ?? {}
  if (algorithm === 'EdDSA') return asymmetricKeyType === 'ed25519'
  if (algorithm in CURVES) return namedCurve === CURVES[algorithm]
  return asymmetricKeyType === 'rsa' && modulusLength >= RSA_BITS_MIN
}
