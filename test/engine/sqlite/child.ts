// Starts a program of children/ and reads what it prints, line by line.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'

export interface Child {
  readonly process: ChildProcess
  /** The next line; null when the child has ended. */
  line(): Promise<string | null>
  /** Sends SIGKILL. Resolves when the process has ended. */
  kill(): Promise<void>
}

/** How to run node instead of directly: a shell script that gets it as `"$@"`. */
export interface ChildOptions {
  shell?: string
}

/** Tap would load itself into the child, and write files there when it ends. */
const WITHOUT_TAP = 'unset NODE_OPTIONS NODE_V8_COVERAGE'

/** Starts `children/<args[0]>` with the other arguments, and kills it when the test is over. */
export function startChild(t: Test, args: readonly string[], options: ChildOptions = {}): Child {
  const [program = '', ...rest] = args
  const path = fileURLToPath(new URL(`./children/${program}`, import.meta.url))
  const shell = options.shell ?? 'exec "$@"'
  const command = ['-c', `${WITHOUT_TAP}; ${shell}`, 'sh', process.execPath, path, ...rest]
  const child = spawn('sh', command, { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()

  async function kill(): Promise<void> {
    child.kill('SIGKILL')
    await exited
  }
  t.teardown(kill)
  return { process: child, line: async () => (await lines.next()).value ?? null, kill }
}
