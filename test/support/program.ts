// A program that a test starts: its environment, its output, its use of the machine, and its end. A
// program that still runs when this process exits is ended too, by its id.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { until } from './until.ts'

export interface Teardown {
  teardown(run: () => unknown): unknown
}

export interface ProgramOptions {
  command: readonly string[]
  cwd?: string | undefined
  /** The whole environment that it gets, beside the PATH and where Node keeps what it compiles. */
  env?: Readonly<Record<string, string>>
  /** Whether signals go to its child processes too, such as those of `npm start`. */
  group?: boolean
}

/** In characters; of longer output the newest half is kept. */
const OUTPUT_MAX = 128_000_000
const END_MS = 15_000

/** Tap would load itself into what a test starts, and handle its signals. */
const WITHOUT_TAP = ['-u', 'NODE_OPTIONS', '-u', 'NODE_V8_COVERAGE']

/** What Node compiles is kept for all programs of a run of the tests; package.json has where. */
const { NODE_COMPILE_CACHE: cache } = process.env
const COMPILED = cache ? { NODE_COMPILE_CACHE: resolve(cache) } : {}

const running = new Set<Program>()
process.once('exit', () => {
  for (const program of running) program.signal('SIGKILL')
})

export class Program {
  /** Resolves with the exit code; null when a signal ended it. */
  readonly ended: Promise<number | null>
  stdout = ''
  stderr = ''
  readonly #child: ChildProcess
  readonly #options: ProgramOptions

  constructor(options: ProgramOptions) {
    const { command, cwd, env, group: detached = false } = options
    const child = spawn('env', [...WITHOUT_TAP, ...command], {
      ...{ cwd, detached, stdio: 'pipe' },
      env: { PATH: process.env.PATH, ...COMPILED, ...env },
    })
    child.stdout.setEncoding('utf8').on('data', (text) => {
      this.stdout = bounded(this.stdout + text)
    })
    child.stderr.setEncoding('utf8').on('data', (text) => {
      this.stderr = bounded(this.stderr + text)
    })
    this.#child = child
    this.#options = options
    running.add(this)
    this.ended = once(child, 'close').then(([code]) => {
      running.delete(this)
      return code as number | null
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  get output(): string {
    return this.stdout + this.stderr
  }

  /** Resolves with the match in what it prints; rejects when it ends without. */
  async shows(pattern: RegExp): Promise<RegExpExecArray> {
    const what = `${this.#options.command.join(' ')} prints ${pattern}`
    await until(() => pattern.test(this.output) || !running.has(this), { what })
    const match = pattern.exec(this.output)
    if (match) return match
    throw new Error(`${this.#options.command.join(' ')} ends without ${pattern}: ${this.output}`)
  }

  /** No longer reads what it prints, so that its pipe gets full. */
  stopReading(): void {
    this.#child.stdout?.pause()
  }

  readAgain(): void {
    this.#child.stdout?.resume()
  }

  /** Closes the end of its output that is read, as a `head -1` does after its line. */
  closeOutput(): void {
    this.#child.stdout?.destroy()
  }

  /** Types a line. */
  say(line: string): void {
    this.#child.stdin?.write(`${line}\n`)
  }

  signal(signal: NodeJS.Signals): void {
    // One that could not be started has no id, and 0 is that of all in the group of this process.
    if (this.pid === 0 || !running.has(this)) return
    process.kill(this.#options.group ? -this.pid : this.pid, signal)
  }

  /** Sends the signal, and resolves with the exit code; null when a signal ended it. */
  end(signal: NodeJS.Signals): Promise<number | null> {
    this.signal(signal)
    return this.ended
  }

  /** SIGTERM, and SIGKILL where that does not end it in time. */
  async stop(): Promise<void> {
    const late = setTimeout(() => this.signal('SIGKILL'), END_MS)
    await this.end('SIGTERM')
    clearTimeout(late)
  }

  rssMiB(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8')
    return Math.round(Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1_024)
  }

  /** Files, sockets and pipes that it holds open. */
  openFiles(): number {
    return readdirSync(`/proc/${this.pid}/fd`).length
  }
}

function bounded(text: string): string {
  return text.length > OUTPUT_MAX ? text.slice(OUTPUT_MAX / 2) : text
}

/** Starts it, and kills it when the test is over. */
export function startProgram(t: Teardown, options: ProgramOptions): Program {
  const program = new Program(options)
  t.teardown(() => program.end('SIGKILL'))
  return program
}
