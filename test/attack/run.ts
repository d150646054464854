// `npm run attack [-- --short]`: attacks a real server, by itself and in an application, family by
// family, and then looks whether it is still well. Exit code 1 when anything went otherwise than
// expected.
import { type Family, runFamily, type Verdict } from './attack.ts'
import { FAMILIES } from './families.ts'
import { findTarget, HOMES, type Home, type Target } from './target.ts'

const args = process.argv.slice(2)
const short = args.includes('--short')
const chosen = args.filter((arg) => !arg.startsWith('--'))

const start = performance.now()
const wrong: string[] = []
for (const home of HOMES.filter(isChosenHome)) wrong.push(...(await attackAt(home)))
for (const line of wrong) console.log(line)
console.log(`${wrong.length} WRONG in all`)
// Sockets that an attack left waiting must not keep us.
process.exit(wrong.length > 0 ? 1 : 0)

async function attackAt(home: Home): Promise<string[]> {
  const families = FAMILIES.filter((family) => homesOf(family).includes(home))
  const target = await findTarget(short, home)
  console.log(`Usher ${home === 'alone' ? 'alone' : `in an application, at its ${home}`}`)
  try {
    return await attackAll(target, families.filter(isChosen))
  } finally {
    await target.server.stop()
  }
}

async function attackAll(target: Target, families: readonly Family[]): Promise<string[]> {
  const verdicts: Verdict[] = []
  for (const family of families) {
    const came = await runFamily(family, target)
    verdicts.push(...came)
    console.log(`      ${family.title}: ${came.length} attacks, ${state(target)}`)
  }
  const wrong = verdicts.filter(({ fits }) => !fits)
  console.log(`${verdicts.length} attacks, ${wrong.length} WRONG, ${state(target)}`)
  return wrong.map(({ attack: { name, expected }, came }) => {
    return `WRONG at ${target.home}: ${name}: expected ${expected}, got ${came}`
  })
}

function state({ server: { program } }: Target): string {
  const seconds = `${((performance.now() - start) / 1_000).toFixed(1)} s so far`
  if (!program.isRunning) return `${seconds}, the server is dead`
  return `${seconds}, server ${program.rssMiB()} MiB, ${program.openFiles()} open files`
}

function homesOf({ homes = ['alone', 'root'], shortHomes = ['alone'] }: Family): readonly Home[] {
  return short ? shortHomes : homes
}

/** With names after the options, only these families, and the look afterwards. */
function isChosen({ title }: Family): boolean {
  const titles = chosen.filter((name) => !HOMES.includes(name as Home))
  return titles.length === 0 || titles.includes(title) || title === 'afterwards'
}

function isChosenHome(home: Home): boolean {
  return chosen.includes(home) || !HOMES.some((name) => chosen.includes(name))
}
