// `npm run test:suites`: the SDKs' own suites against Usher, and how many of their tests pass. The
// sources are fetched into a folder that goes away again, from GitHub, or from the folder of clones
// that USHER_SUITES names, which stays as it is. Arguments are languages, in place of all.
// It fails where a test fails for no cause that suites.ts knows, or passes in spite of one.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { requireProgram } from '../../../scripts/programs.ts'
import { runCommand } from '../../../scripts/run-command.ts'
import { type Result, resultsOf } from './results.ts'
import { isLanguage, SUITES, type Suite } from './suites.ts'

const SECONDS = 900

function fetchInto(folder: string, { repository, tag }: Suite): void {
  const clones = process.env.USHER_SUITES ?? 'https://github.com/centrifugal'
  const source = `${clones}/${repository}`
  runCommand('git', ['clone', '-q', '-b', tag, '--depth=1', source, folder], { seconds: SECONDS })
}

/** Gives a suite our credentials: a text that is not found is an error, not a suite as it was. */
function adapt(folder: string, { credentials, files = {} }: Suite): void {
  for (const { file, from, to } of credentials) {
    const path = join(folder, file)
    const text = readFileSync(path, 'utf8')
    const adapted = text.replace(from, to)
    if (adapted === text) throw new Error(`${file} has changed: ${from} is not in it`)
    writeFileSync(path, adapted)
  }
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text)
}

async function runSuite(suite: Suite): Promise<Result[]> {
  const folder = mkdtempSync(join(tmpdir(), 'usher-suite-'))
  const cwd = join(folder, suite.folder ?? '.')
  const { language, needs = [], install, command, results } = suite
  for (const program of needs) requireProgram(program)
  try {
    fetchInto(folder, suite)
    adapt(folder, suite)
    for (const [program = '', ...args] of install) {
      runCommand(program, args, { cwd, seconds: SECONDS })
    }
    const printed = await beside(language, () => {
      const [program = '', ...args] = command
      const options = {
        cwd,
        timeout: SECONDS * 1_000,
        encoding: 'utf8',
        maxBuffer: 2 ** 28,
      } as const
      const { stdout, stderr, error } = spawnSync(program, args, options)
      if (error) console.log(`${language}: ${program}: ${error.message}`)
      return stdout + stderr
    })
    const found = resultsOf(results === undefined ? null : join(cwd, results), printed)
    if (found.length === 0) console.log(printed.slice(-4_000))
    return found
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Runs a suite while its server is there. */
async function beside(language: string, run: () => string): Promise<string> {
  const path = join(import.meta.dirname, 'host.ts')
  const server = spawn(process.execPath, [path, language], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(server, 'exit')
  const isReady = await Promise.race([once(server.stdout, 'data'), ended.then(() => null)])
  if (isReady === null) throw new Error('the server does not start: is port 8000 free?')
  try {
    return run()
  } finally {
    server.kill('SIGTERM')
    await ended
  }
}

/** Prints what passes and why the rest does not; false where suites.ts says otherwise. */
function report({ language, tests, differs = {} }: Suite, results: readonly Result[]): boolean {
  const failed = results.filter(({ passed }) => !passed)
  const causes = Object.entries(differs).map(([pattern, cause]) => {
    return { cause, names: new RegExp(pattern) }
  })
  const causeOf = ({ name }: Result) => causes.find(({ names }) => names.test(name))?.cause
  const passing = results.filter((result) => result.passed && causeOf(result) !== undefined)
  console.log(`${language}: ${results.length - failed.length} of ${tests} pass`)
  for (const result of failed) {
    console.log(`  ${result.name}: ${causeOf(result) ?? `NOT KNOWN: ${result.reason}`}`)
  }
  for (const { name } of passing) console.log(`  ${name}: PASSES`)
  if (results.length !== tests) console.log(`  ${results.length} HAVE A RESULT`)
  const isKnown = failed.every((result) => causeOf(result) !== undefined)
  return results.length === tests && isKnown && passing.length === 0
}

const wanted = process.argv.slice(2)
for (const language of wanted)
  if (!isLanguage(language)) throw new Error(`${language} has no suite`)
for (const suite of SUITES) {
  if (wanted.length > 0 && !wanted.includes(suite.language)) continue
  if (!report(suite, await runSuite(suite))) process.exitCode = 1
}
