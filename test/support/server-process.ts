// The real process, `node src/server.ts`, with a data folder and an environment of its own.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { until } from './until.ts'

const SERVER = fileURLToPath(new URL('../../src/server.ts', import.meta.url))
const OPEN = /Server listening at (https?:\/\/[^"\s]+)/

export interface ServerProcess {
  readonly process: ChildProcess
  /** Where it listens. */
  readonly url: string
  stdout(): string
  /** Sends the signal and resolves with the exit code; null when a signal ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>
}

export interface Ended {
  code: number | null
  stdout: string
  stderr: string
}

/** Tap would load itself into the child, and handle its signals. */
const WITHOUT_TAP = 'unset NODE_OPTIONS NODE_V8_COVERAGE; exec "$@"'

/** Nothing of the test's own environment but the path. */
function spawned(t: Test, env: Record<string, string>, loaded: string[] = []) {
  const path = process.env.PATH ?? ''
  const program = [process.execPath, ...loaded.map((file) => `--import=${file}`), SERVER]
  const child = spawn('sh', ['-c', WITHOUT_TAP, 'sh', ...program], {
    cwd: t.testdirName,
    env: { PATH: path, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const text = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => {
    text.stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    text.stderr += chunk
  })
  const exited = once(child, 'close').then(([code]) => code as number | null)
  t.teardown(async () => {
    child.kill('SIGKILL')
    await exited
  })
  return { child, text, exited }
}

/**
 * Resolves when it listens; rejects when it ends instead. Needs `t.testdir()` first. The files in
 * `loaded` run in the process before it.
 */
export async function startServer(
  t: Test,
  env: Record<string, string>,
  loaded: string[] = [],
): Promise<ServerProcess> {
  const { child, text, exited } = spawned(t, env, loaded)
  let ended = false
  exited.then(() => {
    ended = true
  })
  await until(() => OPEN.test(text.stdout) || ended)
  const url = OPEN.exec(text.stdout)?.[1]
  if (url === undefined) throw new Error(`it does not start: ${text.stderr}${text.stdout}`)
  const end = (signal: NodeJS.Signals) => {
    child.kill(signal)
    return exited
  }
  return { process: child, url, stdout: () => text.stdout, end }
}

/** Runs it to its end. */
export async function runServer(t: Test, env: Record<string, string>): Promise<Ended> {
  const { text, exited } = spawned(t, env)
  return { code: await exited, ...text }
}
