// The benchmark: every scenario, every server in turn, several rounds, one table.
import { spawnSync } from 'node:child_process'
import { cpus, loadavg } from 'node:os'
import { budgetsOf } from './budgets.ts'
import { Load } from './load/load.ts'
import { median } from './median.ts'
import { type Options, readOptions, USAGE } from './options.ts'
import { SCENARIOS, SHORT_SCENARIOS } from './scenarios/list.ts'
import type { Figure, Row, Scenario } from './scenarios/scenario.ts'
import type { Contender } from './servers/contender.ts'
import { CONTROLS } from './servers/controls.ts'
import { usherOf } from './servers/usher.ts'
import { heading, linesOf, type Result } from './table.ts'
import { comparison, withTrees } from './trees.ts'

/** A row that takes longer has hung: it is given up, and the run goes on. */
const ROW_MS = 180_000
/** CI fails where a budget is missed by more than this factor. */
const FAR = 2

const options = optionsOrUsage()
const TREES: readonly Contender[] = options.trees.map((path) => usherOf(path))
const CONTENDERS = new Map(
  [...CONTROLS, ...TREES, usherOf(null)].map((contender) => [contender.name, contender]),
)

async function main(): Promise<void> {
  const before = loadavg()[0] ?? 0
  for (const { name, missing } of CONTENDERS.values()) {
    const reason = missing()
    if (reason !== null) console.log(`No row for ${name}: ${reason}.`)
  }
  console.log(heading())
  const results: Result[] = []
  const complaints: string[] = []
  for (const scenario of chosen()) {
    let result = await measure(scenario, complaints)
    // A slow moment of the machine looks like a slow server: CI looks twice before it complains.
    if (fallen(result).length > 0) result = await measure(scenario, complaints)
    results.push(result)
  }
  console.log(footing(before))
  for (const { line } of results.flatMap(budgetsOf)) console.log(line)
  for (const { name } of TREES) console.log(comparison(name, results).join('\n'))
  complaints.push(...results.flatMap(fallen))
  for (const complaint of complaints) console.log(complaint)
  process.exitCode = complaints.length > 0 ? 1 : 0
}

/** Complaints about rows that are far from their budget; the full run only reports. */
function fallen(result: Result): string[] {
  const far = budgetsOf(result).filter(({ isKnown, missedBy }) => isKnown && missedBy > FAR)
  return options.short ? far.map(({ line }) => `By more than half ${line.slice(2)}`) : []
}

function optionsOrUsage(): Options {
  try {
    return readOptions(spawnSync('taskset', ['-c', '0', 'true']).status === 0)
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`)
    process.exit(2)
  }
}

function chosen(): Scenario[] {
  const { short, only, against } = options
  const trees = TREES.map(({ name }) => name)
  const isWanted = ({ contender }: Row): boolean => {
    if (CONTENDERS.get(contender)?.missing() !== null) return false
    const others = [...against, ...trees, 'usher']
    return against.length === 0 || others.includes(contender)
  }
  return (short ? SHORT_SCENARIOS : SCENARIOS)
    .filter(({ name }) => only.length === 0 || only.some((word) => name.includes(word)))
    .map((scenario) => withTrees(scenario, trees))
    .map((scenario) => ({ ...scenario, rows: scenario.rows.filter(isWanted) }))
}

/**
 * Rounds go over all rows in turn, every other one backwards, so that a slow minute of the machine,
 * or one that becomes slower, hits all alike. Prints what it finds, and adds what went wrong to the
 * complaints.
 */
async function measure(scenario: Scenario, complaints: string[]): Promise<Result> {
  const rounds = new Map<string, Figure[]>(scenario.rows.map(({ name }) => [name, []]))
  for (let round = 0; round < options.rounds; round += 1) {
    for (const row of round % 2 === 0 ? scenario.rows : scenario.rows.toReversed()) {
      try {
        rounds.get(row.name)?.push(await once(row))
      } catch (error) {
        complaints.push(`${scenario.name}, ${row.name}: ${(error as Error).message}`)
      }
    }
  }
  const measured = [...rounds].filter(([, all]) => all.length > 0)
  const rows = new Map(measured.map(([name, all]) => [name, median(all)]))
  const result = { scenario, rows, rounds }
  console.log(linesOf(result).join('\n'))
  complaints.push(...lost(result))
  return result
}

async function once(row: Row): Promise<Figure> {
  const contender = CONTENDERS.get(row.contender)
  if (!contender) throw new Error(`there is no server ${row.contender}`)
  const { scale, pin, loadProcesses } = options
  const running = await contender.start(pin.server)
  const load = new Load(loadProcesses, pin.load)
  const late = Promise.withResolvers<never>()
  const giveUp = setTimeout(() => late.reject(new Error('took too long')), ROW_MS)
  try {
    return await Promise.race([row.measure({ scale, running, load }), late.promise])
  } finally {
    clearTimeout(giveUp)
    await load.end()
    await running.end()
  }
}

/** A fast server that loses messages is no faster: nothing may be missing in any row of Usher. */
function lost({ scenario, rows }: Result): string[] {
  const ours = scenario.rows.filter(({ contender }) => contender === 'usher')
  return ours.flatMap(({ name }) => {
    const { missing, closed } = rows.get(name) ?? { missing: 0, closed: 0 }
    if (missing === 0 && closed === 0) return []
    return [`${scenario.name}, ${name}: ${missing} missing, ${closed} closed`]
  })
}

function footing(before: number): string {
  const { rounds, scale, loadProcesses } = options
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.version}`
  const load = `load average ${before.toFixed(2)} before, ${loadavg()[0]?.toFixed(2)} after`
  const how = `median of ${rounds}, ${scale.seconds} s each, crowd × ${scale.crowd}`
  return `
${machine}; ${load}.
${how}; load processes: ${loadProcesses}. \`*\`: the load side was at its limit, or late.
Kept: how long the server could have run while others had its core.
Ratio: the first row of the scenario ÷ this row.
`
}

await main()
