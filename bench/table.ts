// The one table: a row per server, in Markdown, so that it can be pasted into the docs.
import type { Figure, Scenario } from './scenarios/scenario.ts'

export interface Result {
  scenario: Scenario
  /** The medians of all rounds, by row. */
  rows: ReadonlyMap<string, Figure>
  rounds: ReadonlyMap<string, readonly Figure[]>
}

export type Columns = readonly [title: string, width: number][]

const COLUMNS: Columns = [
  ['scenario', 29],
  ['server', 18],
  ['value', 12],
  ['unit', 20],
  ['ratio', 6],
  ['CPU µs each', 11],
  ['CPU ratio', 9],
  ['p50 ms', 8],
  ['p99 ms', 8],
  ['load busy', 9],
  ['kept', 5],
  ['missing', 7],
  ['closed', 6],
  ['notes', 5],
]

export function heading(): string {
  return headingOf(COLUMNS).join('\n')
}

export function headingOf(columns: Columns): string[] {
  const titles = columns.map(([title]) => title)
  const rule = columns.map(([, width]) => '-'.repeat(width))
  return [lineOf(titles, columns), lineOf(rule, columns)]
}

export function linesOf({ scenario, rows }: Result): string[] {
  const subject = rows.get(scenario.subject)
  return [...rows].map(([name, figure]) => {
    const isSubject = figure === subject
    return lineOf([
      scenario.name,
      name,
      short(figure.value),
      scenario.unit,
      isSubject ? '1' : short(ratio(subject?.value, figure.value)),
      short(figure.cpuMicros),
      isSubject ? '1' : short(ratio(subject?.cpuMicros, figure.cpuMicros)),
      short(figure.p50),
      short(figure.p99),
      loadOf(figure),
      percent(figure.kept),
      String(figure.missing),
      String(figure.closed),
      notesOf(figure),
    ])
  })
}

function loadOf({ load, wasLimit }: Figure): string {
  return `${percent(load)}${wasLimit ? ' *' : ''}`
}

function percent(share: number | null): string {
  return share === null ? '' : `${Math.round(share * 100)} %`
}

function notesOf({ notes }: Figure): string {
  return Object.entries(notes)
    .filter(([, value]) => value !== 0)
    .map(([what, value]) => `${what}: ${short(value)}`)
    .join(', ')
}

/** The ratio of two figures; null when one of them is missing. */
export function ratio(ours?: number | null, theirs?: number | null): number | null {
  return ours == null || theirs == null || theirs === 0 ? null : ours / theirs
}

export function lineOf(cells: readonly string[], columns: Columns = COLUMNS): string {
  return `| ${cells.map((cell, index) => cell.padEnd(columns[index]?.[1] ?? 0)).join(' | ')} |`
}

const DIGITS = 3

export function short(value: number | null): string {
  if (value === null || Number.isNaN(value)) return ''
  if (value >= 1_000) return Math.round(value).toLocaleString('en')
  return String(Number(value.toPrecision(DIGITS)))
}
