// Runs the Autobahn|Testsuite as a client of our process, and says which cases failed.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { runCommand } from '../../scripts/run-command.ts'
import { Program } from '../support/program.ts'
import { startLoneServer } from '../support/server-process.ts'

const SUITE = 'autobahntestsuite==25.10.1'
const FOLDER = resolve('reports', 'autobahn')
const PACKAGES = join(FOLDER, 'packages')
const GROUPS = ['1.*', '2.*', '3.*', '4.*', '5.*', '6.*', '7.*', '9.*', '10.*']
/** A message of 4 MB in fragments of 64 and of 256 bytes: more fragments than we take [C180]. */
const TOO_MANY_FRAGMENTS = new Set(['9.3.1', '9.3.2', '9.4.1', '9.4.2'])
const PASSED = new Set(['OK', 'NON-STRICT', 'INFORMATIONAL'])
/** The largest message of the suite. */
const MESSAGE_BYTES = 16_777_216

/** Packages of a namespace are found only in a folder of packages. */
const SCRIPT = `
import site
site.addsitedir(${JSON.stringify(PACKAGES)})
from autobahntestsuite.wstest import run
run()
`

interface Outcome {
  behavior: string
  behaviorClose: string
  remoteCloseCode: number | null
}

function python2(): string {
  const pyenv = join(homedir(), '.pyenv', 'versions', '2.7.18', 'bin', 'python2.7')
  const found = [process.env.PYTHON2 ?? 'python2.7', pyenv].find(
    (path) => spawnSync(path, ['-m', 'pip', '--version']).status === 0,
  )
  if (found === undefined) throw new Error('Python 2.7 with pip is missing: name it in PYTHON2')
  return found
}

function install(python: string): void {
  if (existsSync(join(PACKAGES, 'autobahntestsuite'))) return
  runCommand(python, ['-m', 'pip', 'install', '--target', PACKAGES, SUITE], { seconds: 300 })
}

/** Runs all cases in one room, in which each message comes back. */
async function runSuite(python: string): Promise<Record<string, Outcome>> {
  const server = await startLoneServer({
    rules: {
      rooms: [{ match: '*', history: false, join: ['anyone'], publish: ['anyone'] }],
      limits: {
        ...{ messageBytes: MESSAGE_BYTES, outboxBytes: 4 * MESSAGE_BYTES },
        ...{ messagesPerSecond: null, bytesPerSecond: null },
      },
    },
  })
  const url = `ws://127.0.0.1:${server.port}/rooms/live:autobahn`
  const spec = { outdir: FOLDER, servers: [{ agent: 'Usher', url }], cases: GROUPS }
  const file = join(FOLDER, 'spec.json')
  writeFileSync(file, JSON.stringify({ ...spec, 'exclude-cases': [], 'exclude-agent-cases': {} }))
  const command = [python, '-c', SCRIPT, '-m', 'fuzzingclient', '-s', file]
  const suite = new Program({ command, cwd: FOLDER })
  try {
    if ((await suite.ended) !== 0) throw new Error(suite.output.slice(-4_000))
  } finally {
    await server.stop()
  }
  return JSON.parse(readFileSync(join(FOLDER, 'index.json'), 'utf8')).Usher
}

const python = python2()
mkdirSync(FOLDER, { recursive: true })
rmSync(join(FOLDER, 'index.json'), { force: true })
install(python)
const outcomes = Object.entries(await runSuite(python))
const hasPassed = ({ behavior, behaviorClose }: Outcome) =>
  PASSED.has(behavior) && PASSED.has(behaviorClose)
let failed = 0
for (const [name, outcome] of outcomes) {
  if (hasPassed(outcome)) continue
  const isExpected = TOO_MANY_FRAGMENTS.has(name) && outcome.remoteCloseCode === 1_008
  if (!isExpected) failed += 1
  const { behavior, remoteCloseCode } = outcome
  const note = isExpected ? ', as it shall be: too many fragments' : ''
  console.log(`${name}: ${behavior}, closed with ${remoteCloseCode}${note}`)
}
if (outcomes.length < 300) failed += 1
const count = (what: string) => outcomes.filter(([, { behavior }]) => behavior === what).length
console.log([...PASSED, 'FAILED'].map((what) => `${what}: ${count(what)}`).join(', '))
console.log(`${outcomes.length - failed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
