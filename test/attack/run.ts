// `npm run attack [-- --short]`: attacks a real server, family by family, and then looks whether it
// is still well. Exit code 1 when anything went otherwise than expected.
import { type Family, runFamily, type Verdict } from './attack.ts'
import { FAMILIES } from './families.ts'
import { findTarget, type Target } from './target.ts'

const args = process.argv.slice(2)
const short = args.includes('--short')
const chosen = args.filter((arg) => !arg.startsWith('--'))

const target = await findTarget(short)
const start = performance.now()
try {
  process.exitCode = await attackAll(target)
} finally {
  await target.server.stop()
}
// Sockets that an attack left waiting must not keep us.
process.exit()

async function attackAll(target: Target): Promise<number> {
  const verdicts: Verdict[] = []
  for (const family of FAMILIES.filter(isChosen)) {
    const came = await runFamily(family, target)
    verdicts.push(...came)
    console.log(`      ${family.title}: ${came.length} attacks, ${state(target)}`)
  }
  const wrong = verdicts.filter(({ fits }) => !fits)
  for (const { attack, came } of wrong) {
    console.log(`WRONG ${attack.name}: expected ${attack.expected}, got ${came}`)
  }
  console.log(`${verdicts.length} attacks, ${wrong.length} WRONG, ${state(target)}`)
  return wrong.length > 0 ? 1 : 0
}

function state({ server: { program } }: Target): string {
  const seconds = `${((performance.now() - start) / 1_000).toFixed(1)} s so far`
  if (!program.isRunning) return `${seconds}, the server is dead`
  return `${seconds}, server ${program.rssMiB()} MiB, ${program.openFiles()} open files`
}

/** With names after the options, only these families, and the look afterwards. */
function isChosen({ title }: Family): boolean {
  return chosen.length === 0 || chosen.includes(title) || title === 'afterwards'
}
