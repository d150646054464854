// All settings, checked as a whole and frozen, wherever they were written.
import { resolve } from 'node:path'
import type { EngineSettings } from '../engine/engine.ts'
import type { RootSecrets, ServerKey, ThirdPartyIssuer } from '../identity/settings.ts'
import { checkSecrets, secretsOf, thirdPartyIssuerOf } from './credentials.ts'
import { Mistakes } from './mistakes.ts'
import { parseRules, type RulesFile } from './rules-file.ts'
import { adviceFor, type Form } from './setting-types.ts'
import { SETTINGS, type SettingName, type Settings } from './settings.ts'
import { type TlsFiles, tlsOf } from './tls.ts'

/** Each setting has its unit in its name; the table in settings.ts says what it means. */
export interface Config extends RulesFile {
  readonly production: boolean
  readonly host: string
  readonly port: number
  readonly engine: EngineSettings
  readonly secrets: RootSecrets
  readonly publicUrl: URL | null
  /** Further origins; the own one is added to them. */
  readonly origins: readonly string[]
  readonly serverKeys: readonly ServerKey[]
  /** Another issuer whose tokens are accepted too; null for none. */
  readonly thirdPartyIssuer: ThirdPartyIssuer | null
  /** Null for plain HTTP. */
  readonly tls: TlsFiles | null
  readonly signup: 'open' | 'closed'
  readonly trustProxy: readonly string[]
  readonly drainSeconds: number
  /** Where `/metrics` needs no key; null for nowhere. */
  readonly metricsPort: number | null
  readonly metricsHost: string
  readonly logLevel: string
}

/** Where settings are written: the environment, or the options of an application. */
export interface Source {
  /** How the operator knows a setting, for sentences. */
  nameOf(setting: SettingName): string
  /** The value written for a setting, in its form as an option; undefined for none. */
  writtenFor(setting: SettingName, form: Form): unknown
  /** Rules and limits, or what is wrong with them. */
  rules(settings: Settings): RulesFile | string[]
  /** Sentences about further entries of this source, which it must not have. */
  readonly wrongs: readonly string[]
  /** Sentences about further entries of this source, which have no effect. */
  readonly warnings: readonly string[]
}

/** A former owner of the folder may take this much longer than its drain. */
const LOCK_MARGIN_MS = 2_000

/** Throws a ConfigError that lists everything wrong at once. */
export function configFrom(source: Source): Config {
  const { settings, config, mistakes } = read(source)
  mistakes.throwIfAny()
  const secrets = secretsOf(settings, config.engine, mistakes)
  mistakes.throwIfAny()
  return Object.freeze({ ...config, secrets })
}

/** What a source says, and everything that is wrong with it. */
export interface Findings {
  /** A setting that is wrong has its standard. */
  readonly settings: Settings
  /** The settings that were written, right or wrong. */
  readonly given: ReadonlySet<SettingName>
  readonly config: Omit<Config, 'secrets'>
  readonly wrongs: readonly string[]
}

/** Looks at all settings, and makes nothing: no folder, and no secret in it. */
export function lookAt(source: Source): Findings {
  const { mistakes, ...found } = read(source)
  return { ...found, wrongs: mistakes.sentences }
}

function read(source: Source) {
  const mistakes = new Mistakes(source.nameOf, source.wrongs)
  const { settings, given } = readSettings(source, mistakes)
  const { production, host, port, publicUrl, origins, serverKeys } = settings
  const { signup, trustProxy, drainSeconds, metricsPort, metricsHost, logLevel } = settings
  const rules = rulesFrom(source, settings, mistakes)
  const engine = engineOf(settings)
  const config: Omit<Config, 'secrets'> = {
    ...{ ...rules, production, host, port, engine, origins, serverKeys },
    ...{ trustProxy, drainSeconds, metricsPort, metricsHost, logLevel },
    publicUrl: publicUrl === null ? null : new URL(publicUrl),
    thirdPartyIssuer: thirdPartyIssuerOf(settings, mistakes),
    tls: tlsOf(settings, mistakes),
    signup: signup ?? (production ? 'closed' : 'open'),
    warnings: [...source.warnings, ...rules.warnings],
  }
  checkSecrets(settings, mistakes)
  return { settings, given, config, mistakes }
}

function readSettings({ writtenFor }: Source, mistakes: Mistakes) {
  const given = new Set<SettingName>()
  const entries = Object.entries(SETTINGS).map(([key, { form, standard }]) => {
    const setting = key as SettingName
    const written = writtenFor(setting, form)
    if (written !== undefined) given.add(setting)
    const advice = written === undefined ? null : adviceFor(form, written)
    if (advice !== null) mistakes.add(setting, advice)
    return [setting, advice === null ? (written ?? standard) : standard]
  })
  return { settings: Object.fromEntries(entries) as Settings, given }
}

function rulesFrom(source: Source, settings: Settings, mistakes: Mistakes): RulesFile {
  const rules = source.rules(settings)
  if (!Array.isArray(rules)) return rules
  mistakes.addSentences(rules)
  return parseRules({}) as RulesFile
}

function engineOf({ redisUrl: url, redisPrefix, data, drainSeconds }: Settings): EngineSettings {
  if (url !== null) return { kind: 'redis', url, prefix: redisPrefix }
  if (data === ':memory:') return { kind: 'memory' }
  const lockWaitMs = drainSeconds * 1_000 + LOCK_MARGIN_MS
  return { kind: 'sqlite', folder: resolve(data), lockWaitMs }
}
