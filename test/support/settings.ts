// Settings of an app for tests: the given ones differ from the defaults.
import type { Config } from '../../src/config/config.ts'
import { DEFAULT_LIMITS, LIMITS, type Limits } from '../../src/protocol/limits.ts'
import { RULE_DEFAULTS, type Rule } from '../../src/room/rule.ts'

export function limited(limits: Partial<Limits>): Pick<Config, 'limits'> {
  return { limits: { ...DEFAULT_LIMITS, ...limits } }
}

/** Every limit that may be off is off. */
export const UNLIMITED: Partial<Limits> = Object.fromEntries(
  Object.entries(LIMITS).flatMap(([name, limit]) => ('needed' in limit ? [] : [[name, null]])),
)

export function ruled(...rules: (Partial<Rule> & { match: string })[]): Pick<Config, 'rules'> {
  return { rules: rules.map((rule) => ({ ...RULE_DEFAULTS, ...rule })) }
}
