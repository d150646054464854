// What Usher promises itself against its controls, and whether this run kept to it.
import { ratiosOf, wereLeftAlone } from './expected.ts'
import type { Result } from './table.ts'

interface MessageRate {
  scenario: string
  control: string
  by: 'value' | 'cpu'
  least?: number
  most?: number
}

const BUDGETS: readonly MessageRate[] = [
  { scenario: 'one big room', control: 'bun', by: 'value', least: 2.5 },
  { scenario: 'one big room', control: 'socket.io', by: 'value', least: 60 },
  { scenario: 'one big room', control: 'C floor', by: 'cpu', most: 1.5 },
  { scenario: 'one big room', control: 'bun', by: 'cpu', most: 0.4 },
  { scenario: 'fixed rate, 400 msg/s', control: 'bun', by: 'value', most: 1.3 },
  { scenario: 'rooms of ten', control: 'bun', by: 'value', least: 1 },
  { scenario: 'idle connection', control: 'ws', by: 'value', most: 1.2 },
  { scenario: 'connect', control: '@fastify/websocket', by: 'value', least: 0.7 },
  // "Unchanged", within what two runs of the same differ by.
  { scenario: 'one slow reader', control: 'usher', by: 'value', most: 1.2 },
  { scenario: 'REST publish', control: 'fastify', by: 'value', least: 0.6 },
]

/** A line for each budget whose rows were measured. */
export function budgetLines(results: readonly Result[]): string[] {
  return results.flatMap((result) =>
    BUDGETS.filter(({ scenario }) => scenario === result.scenario.name).flatMap((messageRate) => {
      const line = budgetLine(result, messageRate)
      return line === null ? [] : [line]
    }),
  )
}

function budgetLine(
  result: Result,
  { scenario, control, by, least, most }: MessageRate,
): string | null {
  const ratio = ratiosOf([result])[scenario]?.[control]?.[by]
  if (ratio === undefined) return null
  const isMet = ratio >= (least ?? 0) && ratio <= (most ?? Infinity)
  const isKnown = by === 'cpu' || wereLeftAlone(result, control)
  const word = isKnown ? (isMet ? 'met' : 'MISSED') : 'unknown, others had the core'
  const bound = least === undefined ? `at most ${most}` : `at least ${least}`
  const what = by === 'cpu' ? `${scenario}, CPU` : scenario
  return `- ${word}: ${what} against ${control} ${bound}: ${ratio}`
}
