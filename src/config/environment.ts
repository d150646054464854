// The settings of the process: its environment and the rules file. The only reader of process.env.
import { readFileSync } from 'node:fs'
import { type Config, configFrom, type Findings, lookAt, type Source } from './config.ts'
import { parseRulesFile, type RulesFile } from './rules-file.ts'
import { SETTINGS, type SettingName, type Settings } from './settings.ts'

/** A variable that is empty counts as not set. */
export type Environment = Readonly<Record<string, string | undefined>>

/** The rules file where no other is named. */
export const RULES_FILE = 'usher.config.json'
const VARIABLES = new Set<string>(Object.values(SETTINGS).map((row) => row.variable))

/** Throws a ConfigError that lists everything wrong at once. */
export function loadConfig(env: Environment = process.env): Config {
  return configFrom(sourceOf(env))
}

/** Looks at the settings of the process, right or wrong, and makes nothing. */
export function lookAtEnvironment(env: Environment = process.env): Findings {
  return lookAt(sourceOf(env))
}

function sourceOf(env: Environment): Source {
  const textOf = (variable: string) => env[variable]?.trim() || undefined
  const nameOf = (setting: SettingName) => SETTINGS[setting].variable
  return {
    nameOf,
    writtenFor(setting, form) {
      const text = textOf(nameOf(setting))
      return text && form.parse ? form.parse(text) : text
    },
    rules: rulesOfFile,
    wrongs: [],
    warnings: Object.keys(env)
      .filter((name) => env[name] !== undefined)
      .flatMap((name) => warningsOf(name, textOf(name))),
  }
}

function warningsOf(name: string, text: string | undefined): string[] {
  if (VARIABLES.has(name)) return text ? [] : [`${name} is empty: it counts as not set.`]
  if (!name.startsWith('USHER_')) return []
  return [`${name} is not a setting of this version: it has no effect.`]
}

function rulesOfFile({ rulesFile }: Settings): RulesFile | string[] {
  const path = rulesFile ?? RULES_FILE
  try {
    return parseRulesFile(readFileSync(path, 'utf8'), path)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    if (code === 'ENOENT' && rulesFile === null) return parseRulesFile('{}', path)
    const { variable } = SETTINGS.rulesFile
    if (code === 'ENOENT') {
      return [`${variable}: there is no such file: write the path of your rules file.`]
    }
    const advice = 'write the path of a file that this user may read'
    return [`${rulesFile === null ? path : variable}: cannot be read (${message}): ${advice}.`]
  }
}
