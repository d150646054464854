// Two trees in one run: for each row of Usher the present tree over the other, and how far apart
// the rounds of each are.
import type { Figure, Row, Scenario } from './scenarios/scenario.ts'
import { type Columns, headingOf, lineOf, type Result, ratio, short } from './table.ts'

const USHER = 'usher'
const COLUMNS: Columns = [
  ['scenario', 29],
  ['row', 16],
  ['unit', 20],
  ['here', 10],
  ['other', 10],
  ['here ÷ other', 12],
  ['rounds here', 19],
  ['rounds other', 19],
  ['CPU ratio', 9],
  ['found', 9],
]

/** Each row of Usher once more on every other tree, next to it, so that both share every moment. */
export function withTrees(scenario: Scenario, trees: readonly string[]): Scenario {
  if (scenario.isNew) return scenario
  const again = (row: Row): Row[] =>
    trees.map((tree) => ({ ...row, name: nameOn(tree, row.name), contender: tree }))
  return {
    ...scenario,
    rows: scenario.rows.flatMap((row) => (row.contender === USHER ? [row, ...again(row)] : [row])),
  }
}

function nameOn(tree: string, row: string): string {
  return row.replace(USHER, tree)
}

/** The table of one other tree; empty when nothing was measured on both. */
export function comparison(tree: string, results: readonly Result[]): string[] {
  const lines = results.flatMap((result) =>
    result.scenario.rows
      .filter(({ contender }) => contender === USHER)
      .flatMap(({ name }) => lineFor(result, name, nameOn(tree, name))),
  )
  if (lines.length === 0) return []
  return [`\nThis tree and ${tree}:`, ...headingOf(COLUMNS), ...lines]
}

function lineFor({ scenario, rows, rounds }: Result, name: string, other: string): string[] {
  const [ours, theirs] = [rows.get(name), rows.get(other)]
  if (!ours || !theirs) return []
  const [here, there] = [valuesOf(rounds.get(name)), valuesOf(rounds.get(other))]
  const cells = [
    scenario.name,
    name,
    scenario.unit,
    short(ours.value),
    short(theirs.value),
    short(ratio(ours.value, theirs.value)),
    spread(here),
    spread(there),
    short(ratio(ours.cpuMicros, theirs.cpuMicros)),
    found(scenario.more, here, there),
  ]
  return [lineOf(cells, COLUMNS)]
}

function valuesOf(figures: readonly Figure[] = []): number[] {
  return figures.map(({ value }) => value)
}

function spread(values: readonly number[]): string {
  return `${short(Math.min(...values))} to ${short(Math.max(...values))}`
}

/** Only where the rounds of the two do not overlap is there more than noise. */
function found(more: boolean, here: readonly number[], there: readonly number[]): string {
  const isAbove = Math.min(...here) > Math.max(...there)
  const isBelow = Math.max(...here) < Math.min(...there)
  if (!isAbove && !isBelow) return 'the same'
  return isAbove === more ? 'better' : 'WORSE'
}
