// What is allowed in a rules file and is sooner a slip than a wish: worth a warning at boot.
import type { HeartbeatSettings } from '../protocol/limits.ts'
import { ownerOf } from '../protocol/names.ts'
import { matches } from '../room/rule.ts'

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
  if (ownerOf(pattern) !== null) {
    return 'has no effect in this version: personal rooms have a rule of their own.'
  }
  const covering = earlier.find((other) => ownerOf(other) === null && matches(other, pattern))
  if (covering !== undefined) {
    return `has no effect: "${covering}" before it takes all its rooms. Move it up, or remove it.`
  }
  if (!INSIDE_A_WORD.test(pattern)) return null
  return 'has a * inside a word: it fits any characters there, also none and ":". Is it a slip?'
}

export function oddHeartbeat({ pingSeconds, pongSeconds }: HeartbeatSettings): string[] {
  if (pongSeconds <= pingSeconds) return []
  const seconds = pingSeconds + pongSeconds
  return [
    `lets pongSeconds be longer than pingSeconds: a client that is gone keeps its connection for ` +
      `up to ${seconds} s.`,
  ]
}
