// Runs a command to its end, within a bound of time. An error has all of its output.
import { spawnSync } from 'node:child_process'

interface Surroundings {
  cwd?: string
  /** Added to the environment of this process. */
  env?: Record<string, string>
  seconds?: number
}

const SECONDS = 120
const OUTPUT_BYTES = 16_777_216
/** A test runner loads itself into the processes that its tests start, and must not do so here. */
const ALONE = 'unset NODE_OPTIONS NODE_V8_COVERAGE; exec "$@"'

/** Returns stdout and stderr. Throws an Error with both when it fails or takes too long. */
export function runCommand(
  command: string,
  args: readonly string[],
  { cwd = '.', env = {}, seconds = SECONDS }: Surroundings = {},
): string {
  const { status, stdout, stderr, error } = spawnSync('sh', ['-c', ALONE, 'sh', command, ...args], {
    cwd,
    env: { ...process.env, ...env },
    timeout: seconds * 1_000,
    encoding: 'utf8',
    maxBuffer: OUTPUT_BYTES,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const printed = `${stdout}${stderr}`
  if (status === 0) return printed
  const reason = error?.message ?? `exit code ${status}`
  throw new Error(`${[command, ...args].join(' ')}: ${reason}\n${printed}`)
}
