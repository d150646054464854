// `npm run bench`: installs the benchmark's package where that is due, and runs the benchmark. With
// `--short`, as in CI, its types are checked first: no other check has the types of the controls.
import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'

const INSTALLED = 'bench/node_modules/.package-lock.json'
const WANTED = 'bench/package-lock.json'

const given = process.argv.slice(2)

if (!isInstalled()) run('npm', ['--prefix', 'bench', 'ci'])
if (given.includes('--short')) run('tsc', ['-p', 'bench'])
run(process.execPath, ['bench/run.ts', ...given])

function isInstalled(): boolean {
  return existsSync(INSTALLED) && statSync(INSTALLED).mtimeMs >= statSync(WANTED).mtimeMs
}

function run(command: string, args: readonly string[]): void {
  const { status } = spawnSync(command, args, { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
