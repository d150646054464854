// Settings of a third-party issuer: which ones are taken, and what the operator is told about
// others.
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'tap'
import type { Config } from '../../src/config/config.ts'
import { loadConfig } from '../../src/config/environment.ts'
import { ConfigError } from '../../src/config/mistakes.ts'
import { configFromOptions } from '../../src/config/options.ts'
import { issuerKey } from '../support/issuer.ts'

const SHARED = 'd9b1f0a7c3e5d9b1f0a7c3e5d9b1f0a7'
const PARTIES = { USHER_JWT_ISSUER: 'https://a.example', USHER_JWT_AUDIENCE: 'usher' }
const BY_SECRET = { ...PARTIES, USHER_JWT_ALGORITHM: 'HS256', USHER_JWT_KEY: SHARED }
const BY_URL = {
  ...PARTIES,
  USHER_JWT_ALGORITHM: 'ES256',
  USHER_JWKS_URL: 'https://a.example/jwks.json',
}

function load(env: Record<string, string | undefined>): Config {
  return loadConfig({ USHER_DATA: ':memory:', ...env })
}

/** The message to the operator about these settings; empty when they are fine. */
function toldOf(env: Record<string, string | undefined>): string {
  try {
    load(env)
    return ''
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
}

test('[C37] without a key there is no third-party issuer, whatever else is set', async (t) => {
  t.equal(load({}).thirdPartyIssuer, null)
  t.equal(load({ ...PARTIES, USHER_JWT_ALGORITHM: 'HS256' }).thirdPartyIssuer, null)
})

test('[C37] a shared secret, a public key or the address of a key set', async (t) => {
  const standard = { issuer: 'https://a.example', audience: 'usher', prefix: 'jwt:' }
  t.same(load(BY_SECRET).thirdPartyIssuer, {
    ...{ ...standard, key: SHARED, jwksUrl: null, algorithm: 'HS256' },
  })
  t.same(load({ ...BY_URL, USHER_JWT_PREFIX: 'acme:' }).thirdPartyIssuer, {
    ...{ ...standard, key: null, algorithm: 'ES256', prefix: 'acme:' },
    jwksUrl: new URL('https://a.example/jwks.json'),
  })
  for (const algorithm of ['RS256', 'PS256', 'ES256', 'EdDSA'] as const) {
    const { pem } = issuerKey(algorithm)
    for (const key of [pem, pem.trim().replaceAll('\n', '\\n')]) {
      const env = { ...PARTIES, USHER_JWT_ALGORITHM: algorithm, USHER_JWT_KEY: key }
      t.equal(toldOf(env), '', algorithm)
    }
  }
})

const rsa = issuerKey('RS256')
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey
const short = generateKeyPairSync('rsa', { modulusLength: 1_024 }).publicKey
const pemOf = (key: typeof short): string => key.export({ type: 'spki', format: 'pem' }).toString()
const secretPem = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

const WRONG: [what: string, name: string, env: Record<string, string | undefined>][] = [
  ['a key and a key set', 'USHER_JWT_KEY', { ...BY_URL, USHER_JWT_KEY: rsa.pem }],
  ['no algorithm', 'USHER_JWT_ALGORITHM', { ...BY_SECRET, USHER_JWT_ALGORITHM: undefined }],
  ['algorithm none', 'USHER_JWT_ALGORITHM', { ...BY_SECRET, USHER_JWT_ALGORITHM: 'none' }],
  ['two algorithms', 'USHER_JWT_ALGORITHM', { ...BY_SECRET, USHER_JWT_ALGORITHM: 'HS256,RS256' }],
  ['a key set for secrets', 'USHER_JWT_ALGORITHM', { ...BY_URL, USHER_JWT_ALGORITHM: 'HS256' }],
  ['no issuer', 'USHER_JWT_ISSUER', { ...BY_SECRET, USHER_JWT_ISSUER: undefined }],
  ['no audience', 'USHER_JWT_AUDIENCE', { ...BY_SECRET, USHER_JWT_AUDIENCE: undefined }],
  ['a weak secret', 'USHER_JWT_KEY', { ...BY_SECRET, USHER_JWT_KEY: 'changeme' }],
  ['a public key as secret', 'USHER_JWT_KEY', { ...BY_SECRET, USHER_JWT_KEY: rsa.pem }],
  ['a secret as public key', 'USHER_JWT_KEY', { ...BY_SECRET, USHER_JWT_ALGORITHM: 'RS256' }],
  ['a private key', 'USHER_JWT_KEY', withKey('RS256', secretPem)],
  ['an RSA key for ES256', 'USHER_JWT_KEY', withKey('ES256', rsa.pem)],
  ['an EC key for RS256', 'USHER_JWT_KEY', withKey('RS256', pemOf(p384))],
  ['an EC key of another curve', 'USHER_JWT_KEY', withKey('ES256', pemOf(p384))],
  ['an RSA key for EdDSA', 'USHER_JWT_KEY', withKey('EdDSA', rsa.pem)],
  ['an RSA key of 1,024 bits', 'USHER_JWT_KEY', withKey('RS256', pemOf(short))],
  ['no address', 'USHER_JWKS_URL', { ...BY_URL, USHER_JWKS_URL: 'a.example' }],
  ['a file', 'USHER_JWKS_URL', { ...BY_URL, USHER_JWKS_URL: 'file:///etc/passwd' }],
  ['a user in it', 'USHER_JWKS_URL', { ...BY_URL, USHER_JWKS_URL: 'https://a:b@a.example/' }],
  ['the prefix u_', 'USHER_JWT_PREFIX', { ...BY_SECRET, USHER_JWT_PREFIX: 'u_' }],
  ['a prefix after u_', 'USHER_JWT_PREFIX', { ...BY_SECRET, USHER_JWT_PREFIX: 'u_x:' }],
  ['the prefix u, before _x', 'USHER_JWT_PREFIX', { ...BY_SECRET, USHER_JWT_PREFIX: 'u' }],
  ['a prefix with %', 'USHER_JWT_PREFIX', { ...BY_SECRET, USHER_JWT_PREFIX: 'a%' }],
  ['a long prefix', 'USHER_JWT_PREFIX', { ...BY_SECRET, USHER_JWT_PREFIX: 'a'.repeat(33) }],
]

function withKey(algorithm: string, key: string): Record<string, string> {
  return { ...PARTIES, USHER_JWT_ALGORITHM: algorithm, USHER_JWT_KEY: key }
}

for (const [what, name, env] of WRONG) {
  test(`[C37] [S25] ${name} is named for ${what}`, async (t) => {
    const told = toldOf(env)
    t.match(told, new RegExp(`^${name}: .+\\.$`, 'm'))
    t.notMatch(told, /changeme|BEGIN|a:b/, 'and its value is not repeated')
  })
}

test('[S4] in production a key set comes by https alone', async (t) => {
  const env = { ...BY_URL, USHER_JWKS_URL: 'http://127.0.0.1:1/jwks.json' }
  t.equal(toldOf(env), '')
  const production = { ...env, NODE_ENV: 'production', USHER_SECRET: SHARED }
  t.match(toldOf(production), /^USHER_JWKS_URL: .+\.$/)
})

test('an application that embeds us is told by the names of its options', async (t) => {
  const jwt = { key: 'changeme', algorithm: 'HS256', issuer: 'a', audience: 'b', prefix: 'u_' }
  t.throws(() => configFromOptions({ data: ':memory:', jwt }), /^jwt\.prefix: .+\njwt\.key: /)
})
