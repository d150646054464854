// Options of an application that Usher lives in become the same Config that the environment does,
// checked by the same rules; what is wrong is named by its option.

import { type Config, loadConfigFrom } from './config.ts'
import type { RulesInput } from './config-file.ts'
import { ConfigError } from './config-reader.ts'
import type { ServerKey } from './identity/settings.ts'

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
  publicUrl?: string
  origins?: readonly string[]
  serverKeys?: readonly ServerKey[]
  signup?: 'open' | 'closed'
  /** Addresses of proxies that end TLS; Fastify's own `trustProxy` says who may set addresses. */
  trustProxy?: readonly string[]
  jwt?: JwtOptions
  drainSeconds?: number
  production?: boolean
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
}

/** Throws a ConfigError with a sentence for each option that is wrong. */
export function configFromOptions(options: SettingsOptions): Config {
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
  const { jwt, serverKeys = [], drainSeconds } = options
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
    USHER_DRAIN_SECONDS: drainSeconds === undefined ? undefined : String(drainSeconds),
  }
}

function renamed(sentence: string): string {
  return sentence.replace(/\bUSHER_[A-Z_]+/g, (name) => OPTION_OF[name] ?? name)
}
