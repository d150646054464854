// The settings of the process: its environment and the rules file. The only reader of process.env.
import { existsSync, readFileSync } from 'node:fs'
import { type Config, configFrom } from './config.ts'
import { parseRulesFile, type RulesFile } from './rules-file.ts'
import { SETTINGS, type SettingName, type Settings } from './settings.ts'

/** A variable that is empty counts as not set. */
export type Environment = Readonly<Record<string, string | undefined>>

const RULES_FILE = 'usher.config.json'
const REDIS = 'USHER_REDIS_URL'
const VARIABLES = new Set<string>([REDIS, ...Object.values(SETTINGS).map((row) => row.variable)])

/** Throws a ConfigError that lists everything wrong at once. */
export function loadConfig(env: Environment = process.env): Config {
  const textOf = (variable: string) => env[variable]?.trim() || undefined
  const nameOf = (setting: SettingName) => SETTINGS[setting].variable
  const hasRedis = textOf(REDIS) !== undefined
  return configFrom({
    nameOf,
    writtenFor(setting, form) {
      const text = textOf(nameOf(setting))
      return text && form.parse ? form.parse(text) : text
    },
    rules: rulesOfFile,
    wrongs: hasRedis ? [`${REDIS}: this version has no Redis engine yet: remove it.`] : [],
    warnings: Object.keys(env)
      .filter((name) => name.startsWith('USHER_') && !VARIABLES.has(name))
      .map((name) => `${name} is not a setting of this version: it has no effect.`),
  })
}

function rulesOfFile({ rulesFile }: Settings): RulesFile | string[] {
  const path = rulesFile ?? RULES_FILE
  if (existsSync(path)) return parseRulesFile(readFileSync(path, 'utf8'), path)
  if (rulesFile === null) return parseRulesFile('{}', path)
  return [
    `${SETTINGS.rulesFile.variable}: there is no such file: write the path of your rules file.`,
  ]
}
