// Settings of an app for tests: the given ones differ from the defaults.
import type { Config } from '../../src/config/config.ts'
import { DEFAULT_LIMITS, type Limits } from '../../src/protocol/limits.ts'
import { RULE_DEFAULTS, type Rule } from '../../src/room/rule.ts'

export function limited(limits: Partial<Limits>): Pick<Config, 'limits'> {
  return { limits: { ...DEFAULT_LIMITS, ...limits } }
}

/** No limit that slows a test down. */
export const UNLIMITED: Partial<Limits> = {
  messagesPerSecond: null,
  bytesPerSecond: null,
  ticketsPerMinute: null,
}

export function ruled(...rules: (Partial<Rule> & { match: string })[]): Pick<Config, 'rules'> {
  return { rules: rules.map((rule) => ({ ...RULE_DEFAULTS, ...rule })) }
}
