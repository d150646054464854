// The ratios that were recorded, and whether those of today have fallen by half.
import { readFileSync, writeFileSync } from 'node:fs'
import { type Result, ratio } from './table.ts'

const FILE = new URL('expected.json', import.meta.url)
const HALF = 2
/** Kept from its core for longer a server says nothing about speed; its CPU time still does. */
const KEPT_MAX = 0.25

/** By scenario and control: Usher's value, and its CPU time, over the control's. */
type Ratios = Record<string, Record<string, { value?: number; cpu?: number }>>
type Recorded = Record<'short' | 'full', Ratios>

function recorded(): Recorded {
  return JSON.parse(readFileSync(FILE, 'utf8')) as Recorded
}

/** One sentence for each ratio that is worse than half of what it was. */
export function compare(result: Result, short: boolean): string[] {
  const { name, more } = result.scenario
  const expected = recorded()[short ? 'short' : 'full'][name] ?? {}
  const today = ratiosOf([result])[name] ?? {}
  return Object.entries(expected).flatMap(([control, was]) => {
    const is = today[control] ?? {}
    return [
      ...(wereLeftAlone(result, control)
        ? worse(`${name}, against ${control}`, more, [was.value, is.value])
        : []),
      ...worse(`${name}, CPU against ${control}`, false, [was.cpu, is.cpu]),
    ]
  })
}

/** Whether both servers had their core for themselves, so that their values can be compared. */
export function wereLeftAlone({ scenario, rows }: Result, control: string): boolean {
  const both = [scenario.subject, control]
  return both.every((row) => (rows.get(row)?.kept ?? 0) <= KEPT_MAX)
}

function worse(what: string, more: boolean, [was, is]: (number | undefined)[]): string[] {
  if (was === undefined || is === undefined) return []
  const fallen = more ? was / is : is / was
  if (fallen <= HALF) return []
  return [`${what}: the ratio was ${was.toFixed(2)} and is ${is.toFixed(2)}`]
}

/** Keeps what was not measured this time. */
export function record(results: readonly Result[], short: boolean): void {
  const kept = recorded()
  const form = short ? 'short' : 'full'
  const ratios = { ...kept[form], ...ratiosOf(results) }
  writeFileSync(FILE, `${JSON.stringify({ ...kept, [form]: ratios }, null, 2)}\n`)
}

/** Of the subject of each scenario to each of its other rows. */
export function ratiosOf(results: readonly Result[]): Ratios {
  return Object.fromEntries(
    results.map(({ scenario, rows }) => {
      const subject = rows.get(scenario.subject)
      const controls = [...rows].filter(([name]) => name !== scenario.subject)
      const ratios = controls.map(([name, figure]) => [
        name,
        {
          ...named('value', ratio(subject?.value, figure.value)),
          ...named('cpu', ratio(subject?.cpuMicros, figure.cpuMicros)),
        },
      ])
      return [scenario.name, Object.fromEntries(ratios)]
    }),
  )
}

function named(name: string, value: number | null): Record<string, number> {
  return value === null ? {} : { [name]: Number(value.toPrecision(3)) }
}
