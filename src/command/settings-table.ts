// The tables of usher check: settings and rules as they hold, without a secret in them.
import { existsSync } from 'node:fs'
import type { Findings } from '../config/config.ts'
import { RULES_FILE } from '../config/environment.ts'
import { SETTINGS, type SettingName } from '../config/settings.ts'
import {
  DEFAULT_HEARTBEAT,
  DEFAULT_LIMITS,
  type HeartbeatSettings,
  type Limits,
} from '../protocol/limits.ts'
import type { Rule } from '../room/rule.ts'

const NAMES = Object.keys(SETTINGS) as SettingName[]

/** One line a setting: its variable, what holds, and whether that was written. */
export function settingsTable(found: Findings): string[] {
  const width = Math.max(...NAMES.map((name) => SETTINGS[name].variable.length))
  return NAMES.map((name) => {
    const { variable } = SETTINGS[name]
    const note = found.given.has(name) ? '' : ' (not set)'
    const held = isWrong(variable, found) ? 'wrong: see below' : holding(name, found) + note
    return `${variable.padEnd(width)}  ${held}`
  })
}

function isWrong(beginning: string, { wrongs }: Findings): boolean {
  return wrongs.some(
    (sentence) => /^[:,]/.test(sentence.slice(beginning.length)) && sentence.startsWith(beginning),
  )
}

function holding(name: SettingName, { settings, config, given }: Findings): string {
  if (name === 'production') return config.production ? 'production' : 'development'
  if (name === 'signup') return config.signup
  const row = SETTINGS[name]
  const value = settings[name]
  if (!given.has(name) && 'unset' in row) return row.unset.replaceAll('`', '')
  if (value === null) return 'none'
  if ('shown' in row.form) return row.form.shown(settings[name] as never) || 'none'
  if ('isSecret' in row) return 'set, and not shown'
  return Array.isArray(value) ? value.join(', ') || 'none' : String(value)
}

/** A line about the file, one for each rule, and one for each limit that is not the standard. */
export function rulesTable(found: Findings): string[] {
  const { rules, limits, heartbeat, exemptAddresses } = found.config
  const { rulesFile } = found.settings
  const path = rulesFile ?? RULES_FILE
  const { variable } = SETTINGS.rulesFile
  if (isWrong(path, found) || isWrong(variable, found)) return [`${path} is wrong: see below`]
  return [
    rulesFile !== null || existsSync(path) ? path : `no ${path}: the built-in rules hold`,
    ...rules.map(ruleLine),
    ...changed('limits', limits, DEFAULT_LIMITS),
    ...(exemptAddresses.length === 0 ? [] : [`exempt: ${exemptAddresses.join(', ')}`]),
    ...changed('heartbeat', heartbeat, DEFAULT_HEARTBEAT),
  ]
}

function ruleLine({ match, join, publish, history }: Rule): string {
  const age = history?.ageMs == null ? '' : ` for ${ageSaid(history.ageMs)}`
  const kept = history === null ? 'keeps nothing' : `keeps ${history.messages} messages${age}`
  const who = `join: ${join.join(', ') || 'none'}; publish: ${publish.join(', ') || 'none'}`
  return `"${match}" ${who}; ${kept}`
}

const UNITS = [
  ...[
    { unit: 'd', ms: 86_400_000 },
    { unit: 'h', ms: 3_600_000 },
  ],
  ...[
    { unit: 'm', ms: 60_000 },
    { unit: 's', ms: 1_000 },
  ],
]

/** As a rules file says it: in the largest unit that it is a whole number of. */
function ageSaid(ageMs: number): string {
  const { unit, ms } = UNITS.find((each) => ageMs % each.ms === 0) ?? { unit: 'ms', ms: 1 }
  return `${ageMs / ms}${unit}`
}

function changed<Numbers extends Limits | HeartbeatSettings>(
  title: string,
  numbers: Numbers,
  standards: Numbers,
): string[] {
  return Object.entries(numbers)
    .filter(([name, value]) => value !== standards[name as keyof Numbers])
    .map(([name, value]) => `${title}.${name}: ${value}`)
}
