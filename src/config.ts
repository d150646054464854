// Environment and rules file become one validated, frozen Config. The only reader of process.env.
import { existsSync, readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { parseRules, parseRulesFile, type RulesFile } from './config-file.ts'
import { passingSecret, secretIn } from './config-secret.ts'
import type { EngineSettings } from './engine/engine.ts'
import type { RootSecrets, ServerKey } from './identity/settings.ts'

/** Everything that can be set, with the units of DESIGN 8. */
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
  readonly signup: 'open' | 'closed'
  readonly trustProxy: readonly string[]
  readonly drainSeconds: number
  readonly logLevel: string
  /** Sentences for the boot log about what was set and has no effect. */
  readonly warnings: readonly string[]
}

/** The settings are wrong; `message` has one sentence a line, each naming what to change. */
export class ConfigError extends Error {
  constructor(sentences: readonly string[]) {
    super(sentences.join('\n'))
    this.name = 'ConfigError'
  }
}

type Environment = Readonly<Record<string, string | undefined>>

const SECRET_CHARACTERS_MIN = 32
const SECRET_DISTINCT_MIN = 10
const KEY_CHARACTERS_MIN = 24
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
  'USHER_LOG_LEVEL',
])

/** Reads one variable after the other and collects a sentence for each that is wrong. */
class Reader {
  readonly wrongs: string[] = []
  readonly #env: Environment

  constructor(env: Environment) {
    this.#env = env
  }

  text(name: string): string | null {
    const value = this.#env[name]?.trim()
    return value === undefined || value === '' ? null : value
  }

  list(name: string): string[] {
    const parts = this.text(name)?.split(',') ?? []
    return parts.map((part) => part.trim()).filter((part) => part !== '')
  }

  integer(name: string, { standard, max }: { standard: number; max: number }): number {
    const value = this.text(name)
    if (value === null) return standard
    const number = Number(value)
    if (/^\d+$/.test(value) && number <= max) return number
    this.wrong(name, `write a whole number from 0 to ${max}`)
    return standard
  }

  choice(name: string, choices: readonly string[], standard: string): string {
    const value = this.text(name) ?? standard
    if (choices.includes(value)) return value
    this.wrong(name, `write one of ${choices.join(', ')}`)
    return standard
  }

  /** The value itself is never repeated: it may be a secret. */
  wrong(name: string, advice: string): void {
    this.wrongs.push(`${name}: ${advice}.`)
  }
}

/** Throws a ConfigError that lists everything wrong at once. */
export function loadConfig(env: Environment = process.env): Config {
  const reader = new Reader(env)
  const production = env.NODE_ENV === 'production'
  const drainSeconds = reader.integer('USHER_DRAIN_SECONDS', { standard: 5, max: 300 })
  const engine = engineOf(reader, drainSeconds)
  const settings = {
    ...rulesOf(reader),
    production,
    host: reader.text('HOST') ?? '127.0.0.1',
    port: reader.integer('PORT', { standard: 3_000, max: 65_535 }),
    engine,
    publicUrl: publicUrlOf(reader),
    origins: originsOf(reader),
    serverKeys: serverKeysOf(reader),
    signup: signupOf(reader, production),
    trustProxy: trustProxyOf(reader),
    drainSeconds,
    logLevel: reader.choice('USHER_LOG_LEVEL', LOG_LEVELS, 'info'),
    warnings: warningsOf(env),
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

function rulesOf(reader: Reader): RulesFile {
  const named = reader.text('USHER_CONFIG')
  const path = named ?? RULES_FILE
  if (named !== null && !existsSync(path)) {
    reader.wrong('USHER_CONFIG', 'there is no such file: write the path of your rules file')
  }
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '{}'
  const parsed = parseRulesFile(text, path)
  if (!Array.isArray(parsed)) return parsed
  reader.wrongs.push(...parsed)
  return parseRules({}) as RulesFile
}

function checkSecrets(reader: Reader, production: boolean): void {
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

function secretsOf(reader: Reader, engine: EngineSettings): RootSecrets {
  const made = () => (engine.kind === 'sqlite' ? secretIn(engine.folder) : passingSecret())
  return {
    current: reader.text('USHER_SECRET') ?? made(),
    previous: reader.text('USHER_SECRET_PREVIOUS'),
  }
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
  const wrong = origins.find((text) => !URL.canParse(text) || new URL(text).origin !== text)
  if (wrong !== undefined) {
    reader.wrong('USHER_ORIGINS', `${wrong} is not an origin: write it like https://example.com`)
  }
  return origins
}

function serverKeysOf(reader: Reader): ServerKey[] {
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
