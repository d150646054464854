// A server under test: a process on its own core whose CPU time and memory the system tells.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const START_MS = 20_000
const END_MS = 8_000
const LOOK_MS = 20
/** What /proc counts in; Linux has had no other value in decades. */
const TICKS_PER_SECOND = 100
/** The controls print a port, Usher's log an address; Centrifugo is told the port. */
const LISTENING = /listening (?:at http:\/\/[\d.]+:)?(\d+)|endpoints on (?:[\d.]*):(\d+)/

export interface Launch {
  /** Program and arguments, without the command that pins it. */
  command: readonly string[]
  env: Record<string, string>
  /** Whether it takes questions over IPC. */
  hasProbe: boolean
}

/** What a server has used so far, and when that was read, in milliseconds. */
export interface Usage {
  cpuSeconds: number
  /** Seconds that its main thread could have run, but something else had the core. */
  waited: number
  at: number
}

export interface Used {
  cpuSeconds: number
  /** The share of the time that its main thread was kept from its core. */
  kept: number
}

export interface Memory {
  rss: number
  /** Null for a server without a heap of its own kind. */
  heapUsed: number | null
}

export class ServerProcess {
  readonly port: number
  readonly #child: ChildProcess
  readonly #folder: string
  readonly #hasProbe: boolean

  private constructor(child: ChildProcess, launch: Launch, folder: string, port: number) {
    this.#child = child
    this.#hasProbe = launch.hasProbe
    this.#folder = folder
    this.port = port
  }

  /** Its output goes to a file, as in production; resolves when that says that it listens. */
  static async start(pin: readonly string[], launch: Launch): Promise<ServerProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'usher-bench-log-'))
    const logFile = join(folder, 'log')
    const log = openSync(logFile, 'w')
    const [program = '', ...args] = [...pin, ...launch.command]
    const child = spawn(program, args, {
      env: { PATH: process.env.PATH, ...launch.env },
      stdio: launch.hasProbe ? ['ignore', log, log, 'ipc'] : ['ignore', log, log],
    })
    closeSync(log)
    try {
      const port = await portSaid(child, logFile)
      return new ServerProcess(child, launch, folder, port)
    } catch (error) {
      child.kill('SIGKILL')
      await rm(folder, { recursive: true })
      throw error
    }
  }

  usage(): Usage {
    return { cpuSeconds: this.#cpuSeconds(), waited: this.#waitedSeconds(), at: performance.now() }
  }

  usedSince(before: Usage): Used {
    const now = this.usage()
    const took = (now.at - before.at) / 1_000
    return {
      cpuSeconds: now.cpuSeconds - before.cpuSeconds,
      kept: (now.waited - before.waited) / took,
    }
  }

  /** CPU seconds that all its threads have used, in user and in system mode. */
  #cpuSeconds(): number {
    const stat = readFileSync(`/proc/${this.#child.pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
  }

  #waitedSeconds(): number {
    const stat = readFileSync(`/proc/${this.#child.pid}/schedstat`, 'latin1')
    return Number(stat.split(' ')[1]) / 1e9
  }

  rss(): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'latin1')
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1_024
  }

  /** After a collection, where there is something to collect. */
  async memory(): Promise<Memory> {
    if (!this.#hasProbe) return { rss: this.rss(), heapUsed: null }
    const answer = once(this.#child, 'message')
    this.#child.send('memory')
    const [{ heapUsed }] = (await answer) as [Memory]
    return { rss: this.rss(), heapUsed }
  }

  /** Kills a server that does not end in time; resolves when it is gone. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const { exitCode, signalCode } = this.#child
    const isOver = exitCode !== null || signalCode !== null
    const exited = isOver ? null : once(this.#child, 'exit')
    this.#child.kill(signal)
    const killing = setTimeout(() => this.#child.kill('SIGKILL'), END_MS)
    await exited
    clearTimeout(killing)
    await rm(this.#folder, { recursive: true, force: true })
  }
}

async function portSaid(child: ChildProcess, logFile: string): Promise<number> {
  const giveUp = performance.now() + START_MS
  for (;;) {
    const text = readFileSync(logFile, 'utf8')
    const [, said, named] = LISTENING.exec(text) ?? []
    const port = said ?? named
    if (port !== undefined) return Number(port)
    if (child.exitCode !== null || performance.now() > giveUp) {
      throw new Error(`${child.spawnargs.join(' ')} does not start:\n${text}`)
    }
    await sleep(LOOK_MS)
  }
}
