// The median of each column over several rounds, with what went wrong in any of them.
import type { Figure } from './scenarios/scenario.ts'

const MEASURED = ['value', 'cpuMicros', 'p50', 'p99', 'load', 'kept'] as const

export function median(figures: readonly Figure[]): Figure {
  const [first] = figures
  if (!first) throw new Error('there is no round to take a median of')
  const middles = MEASURED.map((column) => [column, middle(figures.map((one) => one[column]))])
  return {
    ...first,
    ...Object.fromEntries(middles),
    wasLimit: figures.filter(({ wasLimit }) => wasLimit).length > figures.length / 2,
    missing: sum(figures.map(({ missing }) => missing)),
    closed: sum(figures.map(({ closed }) => closed)),
    notes: Object.fromEntries(
      Object.keys(first.notes).map((note) => [
        note,
        middle(figures.map(({ notes }) => notes[note] ?? null)),
      ]),
    ),
  }
}

/** The lower one of two in the middle; null when there is none. */
export function middle(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null).toSorted((one, other) => one - other)
  return known[Math.floor((known.length - 1) / 2)] ?? null
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
