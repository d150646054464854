// Options of an application that Usher lives in become the same Config that the environment does,
// checked by the same rules; what is wrong is named by its option.

import type { ServerKey } from '../identity/settings.ts'
import { type Config, loadConfigFrom } from './environment.ts'
import { ConfigError } from './reader.ts'
import type { RulesInput } from './rules-file.ts'

/** An outside issuer of tokens; a shared secret or PEM key, or the address of its key set. */
export interface JwtOptions {
  key?: string
  jwksUrl?: string
  algorithm: string
  issuer: string
  audience: string
  prefix?: string
}

/** Settings in the place of the environment; each means what its variable does (README). */
export interface SettingsOptions extends RulesInput {
  /** The folder of the database, or `:memory:`. */
  data?: string
  /** Needed in production; kept in the data folder otherwise. */
  secret?: string
  secretPrevious?: string
  /** The address people open, without the prefix of our doors. */
  publicUrl?: string
  origins?: readonly string[]
  serverKeys?: readonly ServerKey[]
  signup?: 'open' | 'closed'
  /** Addresses of proxies that end TLS; Fastify's own `trustProxy` says who may set addresses. */
  trustProxy?: readonly string[]
  jwt?: JwtOptions
  drainSeconds?: number
  metricsPort?: number
  production?: boolean
}

/** What an option must be, and how that is said to who wrote something else. */
export interface OptionForm {
  is(value: unknown): boolean
  advice: string
}

const isText = (value: unknown): boolean => typeof value === 'string' && value.trim() !== ''
const isWord = (value: unknown): boolean => isText(value) && !String(value).includes(',')
const isName = (value: unknown): boolean => /^[\w-]{1,64}$/.test(String(value))
const isWords = (value: unknown): boolean => Array.isArray(value) && value.every(isWord)
const isTexts = (value: unknown, known: readonly string[]): boolean =>
  typeof value === 'object' &&
  value !== null &&
  Object.entries(value).every(([name, each]) => known.includes(name) && isText(each ?? 'unset'))

const KEY = ['name', 'key']
const JWT = ['key', 'jwksUrl', 'algorithm', 'issuer', 'audience', 'prefix']
const WHOLE = 'write a whole number'

/** `rooms`, `limits` and `heartbeat` are looked at with the rules of a file. */
const FORMS: Readonly<Record<keyof SettingsOptions, OptionForm>> = {
  rooms: { is: () => true, advice: '' },
  limits: { is: () => true, advice: '' },
  heartbeat: { is: () => true, advice: '' },
  data: { is: isText, advice: 'write the path of a folder, or :memory:' },
  secret: { is: isText, advice: 'write a text' },
  secretPrevious: { is: isText, advice: 'write a text' },
  publicUrl: { is: isText, advice: 'write an address as a text' },
  origins: { is: isWords, advice: 'write a list of texts like https://example.com' },
  serverKeys: {
    is: (value) =>
      Array.isArray(value) &&
      value.every((each) => isTexts(each, KEY) && isWord(each.key) && isName(each.name)),
    advice: 'write a list of { name, key }: names of letters, digits, _ and -, keys without commas',
  },
  signup: { is: isText, advice: 'write open or closed' },
  trustProxy: { is: isWords, advice: 'write a list of addresses as texts' },
  jwt: { is: (value) => isTexts(value, JWT), advice: `write texts for ${JWT.join(', ')}` },
  drainSeconds: { is: Number.isInteger, advice: WHOLE },
  metricsPort: { is: Number.isInteger, advice: WHOLE },
  production: { is: (value) => typeof value === 'boolean', advice: 'write true or false' },
}

const OPTION_OF: Readonly<Record<string, string>> = {
  USHER_DATA: 'data',
  USHER_SECRET_PREVIOUS: 'secretPrevious',
  USHER_SECRET: 'secret',
  USHER_PUBLIC_URL: 'publicUrl',
  USHER_ORIGINS: 'origins',
  USHER_API_KEYS: 'serverKeys',
  USHER_SIGNUP: 'signup',
  USHER_TRUST_PROXY: 'trustProxy',
  USHER_JWT_KEY: 'jwt.key',
  USHER_JWKS_URL: 'jwt.jwksUrl',
  USHER_JWT_ALGORITHM: 'jwt.algorithm',
  USHER_JWT_ISSUER: 'jwt.issuer',
  USHER_JWT_AUDIENCE: 'jwt.audience',
  USHER_JWT_PREFIX: 'jwt.prefix',
  USHER_DRAIN_SECONDS: 'drainSeconds',
  USHER_METRICS_PORT: 'metricsPort',
}

/** Sentences about options that nobody knows, or that are not of their form. */
export function wrongOptions(
  options: object,
  forms: Readonly<Record<string, OptionForm>>,
): string[] {
  return Object.entries(options).flatMap(([name, value]) => {
    const form = Object.hasOwn(forms, name) ? forms[name] : undefined
    if (form === undefined) return `${name}: is not an option, check its spelling.`
    return value === undefined || form.is(value) ? [] : `${name}: ${form.advice}.`
  })
}

/** Throws a ConfigError with a sentence for each option that is wrong. */
export function configFromOptions(options: SettingsOptions): Config {
  const wrongs = wrongOptions(options, FORMS)
  if (wrongs.length > 0) throw new ConfigError(wrongs)
  const { rooms, limits, heartbeat } = options
  const rules = Object.fromEntries(
    Object.entries({ rooms, limits, heartbeat }).filter(([, value]) => value !== undefined),
  )
  try {
    return loadConfigFrom(environmentOf(options), rules)
  } catch (error) {
    throw error instanceof ConfigError ? new ConfigError(error.sentences.map(renamed)) : error
  }
}

function environmentOf(options: SettingsOptions): Record<string, string | undefined> {
  const { jwt, serverKeys = [], drainSeconds, metricsPort } = options
  return {
    NODE_ENV: options.production ? 'production' : undefined,
    USHER_DATA: options.data,
    USHER_SECRET: options.secret,
    USHER_SECRET_PREVIOUS: options.secretPrevious,
    USHER_PUBLIC_URL: options.publicUrl,
    USHER_ORIGINS: options.origins?.join(','),
    USHER_API_KEYS: serverKeys.map(({ name, key }) => `${name}:${key}`).join(','),
    USHER_SIGNUP: options.signup,
    USHER_TRUST_PROXY: options.trustProxy?.join(','),
    USHER_JWT_KEY: jwt?.key,
    USHER_JWKS_URL: jwt?.jwksUrl,
    USHER_JWT_ALGORITHM: jwt?.algorithm,
    USHER_JWT_ISSUER: jwt?.issuer,
    USHER_JWT_AUDIENCE: jwt?.audience,
    USHER_JWT_PREFIX: jwt?.prefix,
    USHER_DRAIN_SECONDS: drainSeconds?.toString(),
    USHER_METRICS_PORT: metricsPort?.toString(),
  }
}

function renamed(sentence: string): string {
  return sentence.replace(/\bUSHER_[A-Z_]+/g, (name) => OPTION_OF[name] ?? name)
}
