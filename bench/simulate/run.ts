// How many nodes and primaries 1, 10 and 100 million connections need, computed from what single
// nodes were measured to need; and whether they still need that.
// npm run bench:simulate -- [chat|stadium|notifications ...] [--connections N] [--nodes N]
//   [--primaries N] [--together SHARE] [--admitted N] [--zones N] [--down SECONDS] [--seed N]
// npm run bench:simulate -- --check [--short]
import { parseArgs } from 'node:util'
import { check } from './check.ts'
import { costsOf } from './costs.ts'
import { type Plan, planFor } from './plan.ts'
import { chat, notifications, stadium, type Workload } from './workloads.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    check: { type: 'boolean', default: false },
    short: { type: 'boolean', default: false },
    connections: { type: 'string', multiple: true, default: ['1e6', '1e7', '1e8'] },
    nodes: { type: 'string' },
    primaries: { type: 'string' },
    together: { type: 'string', default: '0' },
    admitted: { type: 'string', default: '2000' },
    zones: { type: 'string', default: '3' },
    down: { type: 'string', default: '5' },
    seed: { type: 'string', default: '1' },
  },
})
const WORKLOADS = { chat, stadium, notifications }

const STEADY = [
  ...['connections', 'nodes', 'primaries', 'messages/s', 'deliveries/s', 'node CPU'],
  ...['node memory', 'node sends', 'primary CPU', 'commands/s', 'primary memory', 'primary sends'],
  ...['shared primary CPU', 'p99 of turns ms'],
]
const STORMS = [
  'connections',
  'lost',
  'peak/s and node',
  'refused',
  '99 % back s',
  'all s',
  'Redis',
]

function tables(name: keyof typeof WORKLOADS): void {
  const seed = Number(values.seed)
  const plans = values.connections.map((text) => {
    const connections = Number(text)
    const load = { ...WORKLOADS[name](connections, seed), together: Number(values.together) }
    return [load, planOf(load)] as const
  })
  console.log(`\n${name}\n`)
  print([STEADY, ...plans.map(([load, plan]) => steadyRow(load, plan))])
  print([STORMS, ...plans.flatMap(([load, plan]) => stormRows(load, plan))])
}

function planOf(load: Workload): Plan {
  const { nodes, primaries } = values
  const isFixed = nodes !== undefined && primaries !== undefined
  const fixed = { nodes: Number(nodes), primaries: Number(primaries) }
  return planFor(load, costsOf(), {
    ...(isFixed ? { service: fixed } : {}),
    ...{ seed: Number(values.seed), admitted: Number(values.admitted) },
    ...{ zones: Number(values.zones), down: Number(values.down) },
  })
}

function steadyRow({ connections }: Workload, plan: Plan): string[] {
  const { node, primary, shared, traffic } = plan.need
  const { nodes, primaries } = plan.service
  return [
    ...[connections, nodes, primaries, traffic.messages, traffic.deliveries].map(rounded),
    ...[percent(node.cpu), bytes(node.memory), bits(node.sent)],
    ...[percent(primary.cpu), rounded(primary.commands), bytes(primary.memory)],
    ...[bits(primary.sent), percent(shared.cpu)],
    `${rounded(plan.latency.primary)} + ${rounded(plan.latency.node)}`,
  ]
}

function stormRows({ connections }: Workload, { storms }: Plan): string[][] {
  return Object.entries(storms).map(([lost, found]) => [
    ...[rounded(connections), lost, rounded(found.peak), rounded(found.refused)],
    ...[rounded(found.mostBack), rounded(found.allBack), percent(found.redis)],
  ])
}

function print(rows: readonly string[][]): void {
  const [head = [], ...rest] = rows
  for (const row of [head, head.map(() => '---'), ...rest]) console.log(`| ${row.join(' | ')} |`)
  console.log()
}

/** Two digits are more than a model knows. */
function rounded(value: number): string {
  if (!Number.isFinite(value)) return 'never'
  return Number(value.toPrecision(2)).toLocaleString('en')
}

function percent(share: number): string {
  return `${rounded(share * 100)} %`
}

function bytes(value: number): string {
  return value >= 1e9 ? `${rounded(value / 1e9)} GB` : `${rounded(value / 1e6)} MB`
}

function bits(perSecond: number): string {
  return `${rounded((perSecond * 8) / 1e6)} Mbit/s`
}

if (values.check) process.exit((await check(values.short)) ? 0 : 1)
const names = Object.keys(WORKLOADS) as (keyof typeof WORKLOADS)[]
for (const name of names) {
  if (positionals.length === 0 || positionals.includes(name)) tables(name)
}
