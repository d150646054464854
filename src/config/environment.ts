// Environment and rules file become one validated, frozen Config. The only reader of process.env.
import { existsSync, readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { resolve } from 'node:path'
import type { EngineSettings } from '../engine/engine.ts'
import type { RootSecrets, ServerKey, ThirdPartyIssuer } from '../identity/settings.ts'
import { checkSecrets, secretsOf, serverKeysOf, thirdPartyIssuerOf } from './credentials.ts'
import { ConfigError, type Environment, Reader } from './reader.ts'
import { parseRules, parseRulesFile, type RulesFile, type RulesInput } from './rules-file.ts'
import { type TlsFiles, tlsOf } from './tls.ts'

/** Everything that can be set, with its unit in its name. */
export interface Config extends RulesFile {
  readonly production: boolean
  readonly host: string
  readonly port: number
  readonly engine: EngineSettings
  readonly secrets: RootSecrets
  readonly publicUrl: URL | null
  /** Further origins whose pages may use the cookie; our own is added to them. */
  readonly origins: readonly string[]
  readonly serverKeys: readonly ServerKey[]
  /** Another issuer whose tokens are taken too; null for none. */
  readonly thirdPartyIssuer: ThirdPartyIssuer | null
  /** Paths of certificate and key, for those without a proxy; null for plain HTTP. */
  readonly tls: TlsFiles | null
  readonly signup: 'open' | 'closed'
  readonly trustProxy: readonly string[]
  readonly drainSeconds: number
  /** Where `/metrics` stands without a key; null for nowhere. */
  readonly metricsPort: number | null
  readonly logLevel: string
}

export { ConfigError } from './reader.ts'
export type { TlsFiles } from './tls.ts'

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']
const PROXY_WORDS = ['loopback', 'linklocal', 'uniquelocal']
const RULES_FILE = 'usher.config.json'
/** A former owner of the folder may take this much longer than its drain. */
const LOCK_MARGIN_MS = 2_000

const KNOWN = new Set([
  'USHER_DATA',
  'USHER_CONFIG',
  'USHER_REDIS_URL',
  'USHER_SECRET',
  'USHER_SECRET_PREVIOUS',
  'USHER_PUBLIC_URL',
  'USHER_ORIGINS',
  'USHER_API_KEYS',
  'USHER_SIGNUP',
  'USHER_TRUST_PROXY',
  'USHER_DRAIN_SECONDS',
  'USHER_METRICS_PORT',
  'USHER_LOG_LEVEL',
  'USHER_JWT_KEY',
  'USHER_JWKS_URL',
  'USHER_JWT_ALGORITHM',
  'USHER_JWT_ISSUER',
  'USHER_JWT_AUDIENCE',
  'USHER_JWT_PREFIX',
  'USHER_TLS_CERT',
  'USHER_TLS_KEY',
])

/** Throws a ConfigError that lists everything wrong at once. */
export function loadConfig(env: Environment = process.env): Config {
  return loadConfigFrom(env, null)
}

/** The same from variables alone, with rules given as an object instead of a file. */
export function loadConfigFrom(env: Environment, rules: RulesInput | null): Config {
  const reader = new Reader(env)
  const production = env.NODE_ENV === 'production'
  const drainSeconds = reader.integer('USHER_DRAIN_SECONDS', { standard: 5, max: 300 })
  const engine = engineOf(reader, drainSeconds)
  const written = rules === null ? rulesOfFile(reader) : rulesOf(reader, parseRules(rules))
  const settings = {
    ...written,
    production,
    host: reader.text('HOST') ?? '127.0.0.1',
    port: reader.integer('PORT', { standard: 3_000, max: 65_535 }),
    engine,
    publicUrl: publicUrlOf(reader),
    origins: originsOf(reader),
    serverKeys: serverKeysOf(reader),
    thirdPartyIssuer: thirdPartyIssuerOf(reader, production),
    tls: tlsOf(reader),
    signup: signupOf(reader, production),
    trustProxy: trustProxyOf(reader),
    drainSeconds,
    metricsPort: metricsPortOf(reader),
    logLevel: reader.choice('USHER_LOG_LEVEL', LOG_LEVELS, 'info'),
    warnings: [...written.warnings, ...warningsOf(env)],
  }
  checkSecrets(reader, production)
  if (reader.wrongs.length > 0) throw new ConfigError(reader.wrongs)
  return Object.freeze({ ...settings, secrets: secretsOf(reader, engine) })
}

function engineOf(reader: Reader, drainSeconds: number): EngineSettings {
  if (reader.text('USHER_REDIS_URL') !== null) {
    reader.wrong('USHER_REDIS_URL', 'this version has no Redis engine yet: remove the variable')
  }
  const data = reader.text('USHER_DATA') ?? './data'
  if (data === ':memory:') return { kind: 'memory' }
  const lockWaitMs = drainSeconds * 1_000 + LOCK_MARGIN_MS
  return { kind: 'sqlite', folder: resolve(data), lockWaitMs }
}

function rulesOfFile(reader: Reader): RulesFile {
  const named = reader.text('USHER_CONFIG')
  const path = named ?? RULES_FILE
  if (named !== null && !existsSync(path)) {
    reader.wrong('USHER_CONFIG', 'there is no such file: write the path of your rules file')
  }
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '{}'
  return rulesOf(reader, parseRulesFile(text, path))
}

function rulesOf(reader: Reader, parsed: RulesFile | string[]): RulesFile {
  if (!Array.isArray(parsed)) return parsed
  reader.wrongs.push(...parsed)
  return parseRules({}) as RulesFile
}

function publicUrlOf(reader: Reader): URL | null {
  const text = reader.text('USHER_PUBLIC_URL')
  if (text === null) return null
  const url = URL.canParse(text) ? new URL(text) : null
  if (url !== null && /^https?:$/.test(url.protocol)) return url
  reader.wrong('USHER_PUBLIC_URL', 'write the address people open, like https://chat.example.com')
  return null
}

function originsOf(reader: Reader): string[] {
  const origins = reader.list('USHER_ORIGINS')
  const isExact = (text: string) => URL.canParse(text) && new URL(text).origin === text
  const wrong = origins.find((text) => !isExact(text) || text.includes('*'))
  if (wrong !== undefined) {
    reader.wrong('USHER_ORIGINS', `${wrong} is not an origin: write it like https://example.com`)
  }
  return origins
}

function metricsPortOf(reader: Reader): number | null {
  if (reader.text('USHER_METRICS_PORT') === null) return null
  return reader.integer('USHER_METRICS_PORT', { standard: 0, max: 65_535 })
}

function signupOf(reader: Reader, production: boolean): 'open' | 'closed' {
  const choice = reader.choice('USHER_SIGNUP', ['open', 'closed'], production ? 'closed' : 'open')
  return choice === 'open' ? 'open' : 'closed'
}

function trustProxyOf(reader: Reader): string[] {
  const proxies = reader.list('USHER_TRUST_PROXY')
  const wrong = proxies.find((proxy) => !PROXY_WORDS.includes(proxy) && !isAddressRange(proxy))
  if (wrong !== undefined) {
    reader.wrong('USHER_TRUST_PROXY', `${wrong} is no address: write it like 10.0.0.1, 10.0.0.0/8`)
  }
  return proxies
}

function isAddressRange(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/')
  const version = isIP(address)
  if (version === 0 || rest.length > 0) return false
  return (
    bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128))
  )
}

function warningsOf(env: Environment): string[] {
  return Object.keys(env)
    .filter((name) => name.startsWith('USHER_') && !KNOWN.has(name))
    .map((name) => `${name} is not a setting of this version: it has no effect.`)
}
