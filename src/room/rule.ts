// The rule for rooms of a name pattern: who may join and publish, and which messages are kept. The
// first match wins.
import { hash } from 'node:crypto'
import type { RoomRules } from '../engine/engine.ts'
import type { Retention } from '../engine/message-log.ts'
import type { Identity } from '../protocol/identity.ts'
import { companionedBy, ownerOf } from '../protocol/names.ts'

/**
 * Which identities a rule lets in: one with a user, narrowed by the rooms of its ticket; only one
 * whose ticket names the room; a server key; or any, unless its ticket names other rooms.
 */
export type Who = 'user' | 'ticket' | 'server' | 'anyone'

/** What a rule allows. Reading the state, members and history of a room counts as joining. */
export type Action = 'join' | 'publish'

/** What is told of the members of a room: nothing, how many there are, or who. */
export type PresenceMode = false | 'counts' | 'members'

/** What of receipts is told: nothing, how many users have got how far, or who. */
export type ReceiptsMode = 'off' | 'counts' | 'members'

export interface Rule {
  readonly match: string
  readonly join: readonly Who[]
  readonly publish: readonly Who[]
  /** Whether senders get their own messages, unless a connection says otherwise. */
  readonly echo: boolean
  readonly history: Retention | null
  readonly presence: PresenceMode
  /** Off in rooms that keep nothing. */
  readonly receipts: ReceiptsMode
  readonly payload: 'any' | 'json'
}

export const RULE_DEFAULTS: Readonly<Omit<Rule, 'match'>> = {
  join: ['user', 'server'],
  publish: ['user', 'server'],
  echo: true,
  history: null,
  presence: false,
  receipts: 'off',
  payload: 'any',
}

const DAY_MS = 86_400_000

/** The rules where there is no rules file. */
export const DEFAULT_RULES: readonly Rule[] = [
  {
    ...{ ...RULE_DEFAULTS, match: 'chat:*', presence: 'members', receipts: 'members' },
    history: { messages: 10_000, ageMs: 30 * DAY_MS },
  },
  { ...RULE_DEFAULTS, match: 'live:*', echo: false },
  {
    ...{ ...RULE_DEFAULTS, match: '*', presence: 'members' },
    history: { messages: 1_000, ageMs: DAY_MS },
  },
]

const COMPANION_RULE = { publish: [], echo: true, history: null, presence: false } as const

/** The one pattern of rules that reaches personal rooms, and only what they keep. */
export const PERSONAL_MATCH = 'user:*'
/** What personal rooms keep where no rule says so: a user may be away for some days. */
export const PERSONAL_HISTORY: Retention = Object.freeze({ messages: 100, ageMs: 7 * DAY_MS })

const PERSONAL_RULE: Rule = { ...RULE_DEFAULTS, match: 'user:<id>', history: PERSONAL_HISTORY }

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

/**
 * The rule that holds in a room, or null: a name that no rule matches is forbidden. A companion
 * room has the readers of its room, and no publishers.
 */
export function ruleFor(rules: readonly Rule[], room: string): Rule | null {
  const companioned = companionedBy(room)
  if (companioned !== null) {
    const rule = ruleFor(rules, companioned)
    return rule && { ...rule, ...COMPANION_RULE }
  }
  if (ownerOf(room) !== null) return personalRule(rules)
  return rules.find((rule) => matches(rule.match, room)) ?? null
}

function personalRule(rules: readonly Rule[]): Rule {
  const found = rules.find(({ match }) => match === PERSONAL_MATCH)
  return found === undefined ? PERSONAL_RULE : { ...PERSONAL_RULE, history: found.history }
}

/** What the rules keep, for the engine. */
export function roomRules(rules: readonly Rule[]): RoomRules {
  const all = [personalRule(rules), ...rules]
  const kept = all.map(({ match, history }) => [match, history])
  const ages = all.flatMap(({ history }) => (history ? [history.ageMs] : []))
  return {
    digest: hash('sha256', JSON.stringify(kept)),
    keptMs: ages.includes(null) ? null : Math.max(0, ...ages.map(Number)),
    retentionOf: (room) => ruleFor(rules, room)?.history,
  }
}

/**
 * An application's own decision instead of a rule's `join` and `publish`; the rule still says which
 * messages are kept. Only `true` is a yes. A promise is waited for; an answer at once is faster.
 * MUST NOT throw.
 */
export type Authorize = (
  identity: Identity,
  action: Action,
  room: string,
) => boolean | Promise<boolean>

/** Whether the rule of this room allows this action to this identity. */
export function allows(rule: Rule, identity: Identity, action: Action, room: string): boolean {
  const owner = ownerOf(room)
  if (owner !== null && identity.server === null && identity.user !== owner) return false
  return rule[action].some((who) => fits(who, identity, room))
}

/** Whether the rule is of use to a connection without a credential. */
export function letsAnyoneIn({ join, publish }: Rule): boolean {
  return join.includes('anyone') || publish.includes('anyone')
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
