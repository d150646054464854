// `npm run crash [-- --cycles N --seed S --short]` kills the server again and again and checks its
// promises; `npm run crash -- --resume [--members N --seconds N --short]` cuts members instead.
// Exit code 1 when one was broken.
import { parseArgs } from 'node:util'
import { killRun, type Outcome } from './kill-run.ts'
import { resumeRun } from './resume-run.ts'

const CYCLES = { long: 200, short: 10 }
/** So many on one store, then a new one. */
const CYCLES_PER_RUN = 25
const RESUME = { long: { members: 1_000, seconds: 30 }, short: { members: 100, seconds: 8 } }

const { values } = parseArgs({
  options: {
    cycles: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    short: { type: 'boolean', default: false },
    resume: { type: 'boolean', default: false },
    members: { type: 'string' },
    seconds: { type: 'string' },
  },
})
const seed = Number(values.seed)
const length = values.short ? 'short' : 'long'
process.exitCode = (await (values.resume ? resume() : kill())) ? 0 : 1
// Sockets that a run left waiting must not keep us.
process.exit()

/** Every run has a seed of its own, which alone replays it. */
async function kill(): Promise<boolean> {
  const cycles = Number(values.cycles ?? CYCLES[length])
  let good = true
  for (let done = 0; done < cycles; done += CYCLES_PER_RUN) {
    const some = Math.min(CYCLES_PER_RUN, cycles - done)
    const began = performance.now()
    const onCycle = (blows: readonly string[]): void => {
      if (process.stdout.isTTY) console.log(`  ${blows.join(', ')}`)
    }
    const outcome = await killRun({ seed: seed + done, cycles: some, onCycle })
    const seconds = Math.round((performance.now() - began) / 1_000)
    console.log(`seed ${seed + done}: ${some} kill -9 in ${seconds} s; ${summary(outcome)}`)
    good = tell(outcome) && good
  }
  return good
}

async function resume(): Promise<boolean> {
  const members = Number(values.members ?? RESUME[length].members)
  const seconds = Number(values.seconds ?? RESUME[length].seconds)
  const outcome = await resumeRun({ seed, members, seconds })
  console.log(`seed ${seed}: ${members} members cut every second; ${summary(outcome)}`)
  return tell(outcome)
}

function summary({ counts }: Outcome): string {
  return Object.entries(counts)
    .map(([what, count]) => `${count} ${what}`)
    .join(', ')
}

function tell({ wrongs }: Outcome): boolean {
  for (const wrong of wrongs.slice(0, 20)) console.log(`BROKEN ${wrong}`)
  console.log(wrongs.length === 0 ? 'no promise broken' : `${wrongs.length} BROKEN`)
  return wrongs.length === 0
}
