// What is allowed in a rules file and is sooner a slip than a wish: worth a warning at boot.
import type { HeartbeatSettings } from '../protocol/limits.ts'
import { ownerOf } from '../protocol/names.ts'
import { matches, PERSONAL_MATCH } from '../room/rule.ts'

/** A sentence goes on after the place of the match, or of the settings. */
interface OddPattern {
  index: number
  what: string
}

const INSIDE_A_WORD = /[A-Za-z0-9]\*[A-Za-z0-9]/

/** The patterns of rules, in their order. */
export function oddPatterns(patterns: readonly string[]): OddPattern[] {
  return patterns.flatMap((pattern, index) => {
    const what = oddityOf(pattern, patterns.slice(0, index))
    return what === null ? [] : [{ index, what }]
  })
}

/**
 * An earlier pattern takes all rooms of a pattern that it fits as a text: only a `*` of it can fit
 * a `*` there.
 */
function oddityOf(pattern: string, earlier: readonly string[]): string | null {
  if (pattern !== PERSONAL_MATCH && ownerOf(pattern) !== null) {
    return `has no effect: of personal rooms only "${PERSONAL_MATCH}" says what they keep.`
  }
  const covering = earlier.find((other) => mayCover(other, pattern) && matches(other, pattern))
  if (covering !== undefined) {
    return `has no effect: "${covering}" before it takes all its rooms. Move it up, or remove it.`
  }
  if (!INSIDE_A_WORD.test(pattern)) return null
  return 'has a * inside a word: it fits any characters there, also none and ":". Is it a slip?'
}

/** Other patterns than its own reach no personal room, and that reaches no other. */
function mayCover(other: string, pattern: string): boolean {
  return pattern === PERSONAL_MATCH ? other === pattern : ownerOf(other) === null
}

interface Idle {
  /** Of the setting. */
  name: string
  /** A sentence. */
  why: string
}

interface RuleInput {
  match: string
  history?: unknown
  receipts?: string
}

/** What a rule says in vain: personal rooms are for their users and server keys alone. */
export function idleIn(rule: RuleInput): Idle[] {
  const { match, history, receipts = 'off' } = rule
  if (match === PERSONAL_MATCH) {
    const idle = Object.keys(rule).filter((name) => name !== 'match' && name !== 'history')
    return idle.map((name) => ({ name, why: '"user:*" says only what personal rooms keep.' }))
  }
  if (receipts === 'off' || history) return []
  return [{ name: 'receipts', why: 'a room without history has no offsets. Give it some.' }]
}

export function oddHeartbeat({ pingSeconds, pongSeconds }: HeartbeatSettings): string[] {
  if (pongSeconds <= pingSeconds) return []
  const seconds = pingSeconds + pongSeconds
  return [
    `lets pongSeconds be longer than pingSeconds: a client that is gone keeps its connection for ` +
      `up to ${seconds} s.`,
  ]
}
