// The benchmark: every scenario, every server in turn, several rounds, one table.
import { spawnSync } from 'node:child_process'
import { cpus, loadavg } from 'node:os'
import { budgetLines } from './budgets.ts'
import { compare, record } from './expected.ts'
import { Load } from './load/load.ts'
import { median } from './median.ts'
import { type Options, readOptions, USAGE } from './options.ts'
import { SCENARIOS, SHORT } from './scenarios/list.ts'
import { LOAD_CHECKS } from './scenarios/load-check.ts'
import type { Figure, Row, Scenario } from './scenarios/scenario.ts'
import type { Contender } from './servers/contender.ts'
import { PEERS } from './servers/controls.ts'
import { USHER } from './servers/usher.ts'
import { heading, linesOf, type Result } from './table.ts'

const CONTENDERS = new Map<string, Contender>([USHER, ...PEERS].map((one) => [one.name, one]))
/** A row that takes longer has hung: it is given up, and the run goes on. */
const ROW_MS = 180_000

async function main(): Promise<void> {
  const options = optionsOrUsage()
  const before = loadavg()[0] ?? 0
  for (const { name, missing } of CONTENDERS.values()) {
    const reason = missing()
    if (reason !== null) console.log(`No row for ${name}: ${reason}.`)
  }
  console.log(heading())
  const results: Result[] = []
  const complaints: string[] = []
  for (const scenario of chosen(options)) {
    let result = await measure(scenario, options, complaints)
    // A slow moment of the machine looks like a slow server: CI looks twice before it complains.
    if (options.short && isFallen(result, options)) {
      result = await measure(scenario, options, complaints)
    }
    results.push(result)
  }
  console.log(footing(before, options))
  if (options.wsload === null) console.log(budgetLines(results).join('\n'))
  if (options.record) record(results, options.short)
  complaints.push(...results.flatMap((result) => fallen(result, options)))
  for (const complaint of complaints) console.log(complaint)
  process.exitCode = complaints.length > 0 ? 1 : 0
}

/** What has become much worse than it was, where that is known. */
function fallen(result: Result, { short, record, wsload }: Options): string[] {
  return record || wsload !== null ? [] : compare(result, short)
}

function isFallen(result: Result, options: Options): boolean {
  return fallen(result, options).length > 0
}

function optionsOrUsage(): Options {
  try {
    return readOptions(spawnSync('taskset', ['-c', '0', 'true']).status === 0)
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`)
    process.exit(2)
  }
}

function chosen({ short, only, against, wsload }: Options): Scenario[] {
  const isWanted = (scenario: Scenario, { name, contender }: Row): boolean => {
    if (CONTENDERS.get(contender)?.missing() !== null) return false
    if (short && !SHORT.get(scenario)?.includes(name)) return false
    return against.length === 0 || contender === 'usher' || against.includes(contender)
  }
  const scenarios = short ? [...SHORT.keys()] : SCENARIOS
  return (wsload === null ? scenarios : LOAD_CHECKS)
    .filter(({ name }) => only.length === 0 || only.some((word) => name.includes(word)))
    .map((scenario) => ({
      ...scenario,
      rows: scenario.rows.filter((row) => isWanted(scenario, row)),
    }))
}

/**
 * Rounds go over all rows in turn, so that a slow minute of the machine hits all alike. Prints what
 * it finds, and adds what went wrong to the complaints.
 */
async function measure(
  scenario: Scenario,
  options: Options,
  complaints: string[],
): Promise<Result> {
  const figures = new Map<string, Figure[]>(scenario.rows.map(({ name }) => [name, []]))
  for (let round = 0; round < options.rounds; round += 1) {
    for (const row of scenario.rows) {
      try {
        figures.get(row.name)?.push(await once(row, options))
      } catch (error) {
        complaints.push(`${scenario.name}, ${row.name}: ${(error as Error).message}`)
      }
    }
  }
  const rows = new Map([...figures].filter(([, all]) => all.length > 0).map(mediansOf))
  const result = { scenario, rows }
  console.log(linesOf(result).join('\n'))
  complaints.push(...lost(result))
  return result
}

function mediansOf([name, figures]: [string, Figure[]]): [string, Figure] {
  return [name, median(figures)]
}

async function once(row: Row, options: Options): Promise<Figure> {
  const contender = CONTENDERS.get(row.contender)
  if (!contender) throw new Error(`there is no server ${row.contender}`)
  const { scale, pin, loadProcesses } = options
  const wsload = options.wsload === null ? null : { path: options.wsload, pin: pin.load }
  const running = await contender.start(pin.server)
  const load = new Load(loadProcesses, pin.load)
  const late = Promise.withResolvers<never>()
  const giveUp = setTimeout(() => late.reject(new Error('took too long')), ROW_MS)
  try {
    return await Promise.race([row.measure({ scale, running, load, wsload }), late.promise])
  } finally {
    clearTimeout(giveUp)
    await load.end()
    await running.end()
  }
}

/** A fast server that loses messages is no faster: nothing may be missing in any row of ours. */
function lost({ scenario, rows }: Result): string[] {
  const ours = scenario.rows.filter(({ contender }) => contender === USHER.name)
  return ours.flatMap(({ name }) => {
    const { missing, closed } = rows.get(name) ?? { missing: 0, closed: 0 }
    if (missing === 0 && closed === 0) return []
    return [`${scenario.name}, ${name}: ${missing} missing, ${closed} closed`]
  })
}

function footing(before: number, { rounds, scale, loadProcesses }: Options): string {
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.version}`
  const load = `load average ${before.toFixed(2)} before, ${loadavg()[0]?.toFixed(2)} after`
  const how = `median of ${rounds}, ${scale.seconds} s each, crowd × ${scale.crowd}`
  return `
${machine}; ${load}.
${how}; load processes: ${loadProcesses}. \`*\`: the load side was at its limit, or late.
Kept: how long the server could have run while others had its core.
Ratio: the first row of the scenario ÷ this row.`
}

await main()
