// What holds in rooms of a name pattern: who may, and what is kept. First match wins.
import type { Retention } from '../engine/message-log.ts'
import type { Identity } from '../protocol/identity.ts'
import { ownerOf } from '../protocol/names.ts'

/**
 * Who a rule lets in: an identity with a user, narrowed by the rooms of its ticket; only a ticket
 * that names the room; a server key; or anyone whose ticket does not say otherwise.
 */
export type Who = 'user' | 'ticket' | 'server' | 'anyone'

/** What one may want of a room. Reading its state, members and history counts as joining. */
export type Action = 'join' | 'publish'

export interface Rule {
  readonly match: string
  readonly join: readonly Who[]
  readonly publish: readonly Who[]
  /** Whether senders get their own messages, unless a connection says otherwise. */
  readonly echo: boolean
  readonly history: Retention | null
  readonly payload: 'any' | 'json'
}

export const RULE_DEFAULTS: Readonly<Omit<Rule, 'match'>> = {
  join: ['user', 'server'],
  publish: ['user', 'server'],
  echo: true,
  history: null,
  payload: 'any',
}

const DAY_MS = 86_400_000

/** What holds without a rules file. */
export const DEFAULT_RULES: readonly Rule[] = [
  { ...RULE_DEFAULTS, match: 'chat:*', history: { messages: 10_000, ageMs: 30 * DAY_MS } },
  { ...RULE_DEFAULTS, match: 'live:*', echo: false },
  { ...RULE_DEFAULTS, match: '*', history: { messages: 1_000, ageMs: DAY_MS } },
]

const PERSONAL_RULE: Rule = { ...RULE_DEFAULTS, match: 'user:<id>' }

/**
 * Whether a name fits a pattern in which `*` is any run of characters. Linear in the name for a
 * given pattern: no regular expression, so no pattern can make it slow.
 */
export function matches(pattern: string, name: string): boolean {
  const parts = pattern.split('*')
  const first = parts[0] ?? ''
  if (parts.length === 1) return name === pattern
  if (!name.startsWith(first)) return false
  let at = first.length
  for (const part of parts.slice(1, -1)) {
    const found = name.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  const last = parts.at(-1) ?? ''
  return name.length - last.length >= at && name.endsWith(last)
}

/** The rule that holds in a room, or null: a name that no rule matches is forbidden. */
export function ruleFor(rules: readonly Rule[], room: string): Rule | null {
  if (ownerOf(room) !== null) return PERSONAL_RULE
  return rules.find((rule) => matches(rule.match, room)) ?? null
}

/**
 * An application's own decision instead of a rule's `join` and `publish`; the rule still says what
 * is kept. Only `true` is a yes. A promise is waited for, and an answer at once costs no message
 * anything. MUST NOT throw.
 */
export type Authorize = (
  identity: Identity,
  action: Action,
  room: string,
) => boolean | Promise<boolean>

/** Whether the rule of this room lets this identity do that. */
export function allows(rule: Rule, identity: Identity, action: Action, room: string): boolean {
  const owner = ownerOf(room)
  if (owner !== null && identity.server === null && identity.user !== owner) return false
  return rule[action].some((who) => fits(who, identity, room))
}

function fits(who: Who, identity: Identity, room: string): boolean {
  const named = identity.rooms?.includes(room) ?? false
  switch (who) {
    case 'anyone':
      return identity.rooms === null || named
    case 'server':
      return identity.server !== null
    case 'user':
      return identity.user !== null && (identity.rooms === null || named)
    case 'ticket':
      return named
  }
}
