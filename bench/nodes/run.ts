// Two nodes on one Redis at equal load: half of the members and of the publishers on each.
// npm run bench:nodes -- [--short] [--rounds N] [--rate N] [--members N]
import { parseArgs } from 'node:util'
import { Load } from '../load/load.ts'
import { openingsOf } from '../scenarios/scenario.ts'
import { SERVICES } from './services.ts'

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    rate: { type: 'string', default: '100' },
    members: { type: 'string', default: '100' },
  },
})
const rounds = Number(values.rounds ?? (values.short ? 1 : 5))
const seconds = values.short ? 2 : 5
const WARM_SECONDS = 1
const SETTLE_MS = 10_000
const PUBLISHERS = 10
const SIZE = 64

interface Figures {
  perSecond: number
  p50: number
  p99: number
  /** CPU time of both nodes for each delivery, and of Redis for each message, in microseconds. */
  nodeMicros: number
  redisMicros: number
  missing: number
}

async function measure(name: string): Promise<Figures> {
  const service = await SERVICES[name]?.()
  if (service === undefined) throw new Error(`There is no ${name}.`)
  const load = new Load(1, [])
  try {
    const crowd = {
      rooms: 1,
      members: Number(values.members),
      publishers: PUBLISHERS,
      timedEvery: 1,
    }
    const openings = openingsOf(crowd).map((opening) => service.into(opening))
    for (const [at, { port }] of service.nodes.entries()) {
      await load.connect(
        { port },
        openings.filter(({ number }) => number % 2 === at),
      )
    }
    const cpu = () => service.nodes.map((node) => node.usage().cpuSeconds)
    const [nodesBefore, redisBefore] = [sum(cpu()), await service.redis.cpuSeconds()]
    const pace = { perSecond: Number(values.rate) }
    const measured = await load.talk({ size: SIZE, pace, seconds, warmSeconds: WARM_SECONDS })
    const { delivered, missing, sentIn } = await load.verdict(SETTLE_MS)
    const messages = sum(Object.values(sentIn))
    return {
      ...{ perSecond: measured.perSecond, missing },
      ...{ p50: measured.p50 ?? Number.NaN, p99: measured.p99 ?? Number.NaN },
      nodeMicros: ((sum(cpu()) - nodesBefore) / delivered) * 1e6,
      redisMicros: (((await service.redis.cpuSeconds()) - redisBefore) / messages) * 1e6,
    }
  } finally {
    await load.end()
    await service.end()
  }
}

/** Of an odd number of rounds the one in the middle. */
function median(numbers: readonly number[]): number {
  return numbers.toSorted((one, other) => one - other)[numbers.length >> 1] ?? Number.NaN
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

const found = new Map<string, Figures[]>(Object.keys(SERVICES).map((name) => [name, []]))
for (let round = 0; round < rounds; round += 1) {
  for (const [name, figures] of found) figures.push(await measure(name))
}
const titles = ['deliveries/s', 'p50 ms', 'p99 ms', 'µs/delivery', 'Redis µs/message', 'missing']
const load = `${values.members} members, ${values.rate} messages/s`
console.log(`| two nodes, ${[load, ...titles].join(' | ')} |`)
console.log('|---|---|---|---|---|---|---|')
for (const [name, all] of found) {
  const of = (key: keyof Figures) => median(all.map((figures) => figures[key])).toPrecision(3)
  const cells = [of('perSecond'), of('p50'), of('p99'), of('nodeMicros'), of('redisMicros')]
  console.log(`| ${[name, ...cells, of('missing')].join(' | ')} |`)
}
process.exitCode = [...found.values()].flat().some(({ missing }) => missing > 0) ? 1 : 0
process.exit()
