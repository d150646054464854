// The settings of a host application: options, named by their keys.
import { type Config, configFrom } from './config.ts'
import { parseRules, type RulesInput } from './rules-file.ts'
import { OPTION_NAMES, type OptionName, type Written } from './settings.ts'

type JwtSettings = {
  [Name in OptionName as Name extends `jwt.${infer Key}` ? Key : never]?: Written<Name>
}

/** A third-party issuer of tokens: a shared secret or PEM key, or the address of its key set. */
export type JwtOptions = JwtSettings &
  Required<Pick<JwtSettings, 'algorithm' | 'issuer' | 'audience'>>

type PlainOptions = {
  [Name in OptionName as Name extends `jwt.${string}` ? never : Name]?: Written<Name>
}

/** Settings of an application; each means what docs/embedding.md says of it. */
export interface SettingsOptions extends RulesInput, PlainOptions {
  jwt?: JwtOptions
}

/** What an option must be, and what to write instead of a value that does not fit. */
export interface OptionForm {
  is(value: unknown): boolean
  advice: string
}

/** Sentences about options that are not known, or not of their form. */
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

const JWT_KEYS = OPTION_NAMES.filter((name) => name.startsWith('jwt.')).map((name) => name.slice(4))
const ANY: OptionForm = { is: () => true, advice: '' }

const FORMS: Readonly<Record<string, OptionForm>> = {
  ...Object.fromEntries(
    [...OPTION_NAMES, 'rooms', 'limits', 'heartbeat'].map((name) => [name, ANY]),
  ),
  jwt: {
    is: (value) =>
      typeof value === 'object' && Object.keys(value ?? {}).every((key) => JWT_KEYS.includes(key)),
    advice: `write texts for ${JWT_KEYS.join(', ')}`,
  },
}

/** Throws a ConfigError with a sentence for each option that is wrong. */
export function configFromOptions(options: SettingsOptions): Config {
  const { jwt, rooms, limits, heartbeat, ...plain } = options
  const rules = Object.entries({ rooms, limits, heartbeat })
  const written = new Map<string, unknown>([
    ...Object.entries(plain),
    ...Object.entries(jwt ?? {}).map(([key, value]) => [`jwt.${key}`, value] as const),
  ])
  return configFrom({
    nameOf: (setting) => setting,
    writtenFor: (setting) => written.get(setting),
    rules: () => parseRules(Object.fromEntries(rules.filter(([, value]) => value !== undefined))),
    wrongs: wrongOptions(options, FORMS),
    warnings: [],
  })
}
