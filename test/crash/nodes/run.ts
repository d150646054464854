// `npm run crash:nodes [-- --blows N --seed S --only "node killed" --on sentinel --short]` strikes
// a service of three nodes on a real Redis, and checks its promises. Redis is one server, or a
// primary with a replica and Sentinels, or a Cluster. Exit code 1 when one was broken.
import { parseArgs } from 'node:util'
import { Dice } from '../../support/dice.ts'
import { BLOWS, BLOWS_ON, LOSSES } from './blows.ts'
import { nodesRun } from './nodes-run.ts'
import { type Durability, KINDS, type Kind } from './store.ts'

const BLOWS_OF = { long: 260, short: 8 }
/** So many on one service, then a new one. */
const BLOWS_PER_RUN = { long: 20, short: 4 }

const { values } = parseArgs({
  options: {
    blows: { type: 'string' },
    on: { type: 'string', default: 'single' },
    only: { type: 'string', multiple: true },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    short: { type: 'boolean', default: false },
  },
})
const on = kindOf(values.on)
const form = values.short ? 'short' : 'long'
const total = Number(values.blows ?? BLOWS_OF[form])
const perRun = BLOWS_PER_RUN[form]
let isGood = true
for (let done = 0; done < total; done += perRun) {
  const seed = Number(values.seed) + done
  const { durability, kinds } = kindsOf(done / perRun)
  const dice = new Dice(seed, 0)
  const some = Math.min(perRun, total - done)
  // Each kind once before any comes again, in an order that the seed decides.
  const order = kinds.flatMap((names) => names.toSorted(() => dice.below(2) - 0.5))
  const blows = Array.from({ length: some }, (_, at) => order[at % order.length] ?? '')
  const began = performance.now()
  const onBlow = (name: string) => process.stdout.isTTY && console.log(`  ${name}`)
  const { counts, wrongs } = await nodesRun({ seed, on, durability, blows, onBlow })
  const said = Object.entries(counts).map(([what, count]) => `${count} ${what}`)
  const seconds = Math.round((performance.now() - began) / 1_000)
  console.log(`seed ${seed}: ${blows.join(', ')} in ${seconds} s; ${said.join(', ')}`)
  for (const wrong of wrongs.slice(0, 20)) console.log(`BROKEN ${wrong}`)
  console.log(wrongs.length === 0 ? 'no promise broken' : `${wrongs.length} BROKEN`)
  isGood &&= wrongs.length === 0
}
process.exitCode = isGood ? 0 : 1
// Sockets that a run left waiting must not keep us.
process.exit()

function kindOf(text: string): Kind {
  const kind = KINDS.find((one) => one === text)
  if (kind === undefined) throw new Error(`--on is one of ${KINDS.join(', ')}`)
  return kind
}

/** Every other service has a Redis that may lose something: it does before all else. */
function kindsOf(run: number): { durability: Durability; kinds: readonly string[][] } {
  const { only } = values
  if (on !== 'single') {
    return { durability: 'second', kinds: [only ?? Object.keys(BLOWS_ON[on])] }
  }
  const [keeps, loses] = [Object.keys(BLOWS), Object.keys(LOSSES)]
  const isLosing = only === undefined ? run % 2 === 1 : only.some((name) => name in LOSSES)
  const durability = isLosing ? 'second' : 'disk'
  if (only !== undefined) return { durability, kinds: [only] }
  return { durability, kinds: isLosing ? [loses, keeps] : [keeps] }
}
