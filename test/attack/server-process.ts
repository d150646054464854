// The real process on loopback, as an operator starts it: its own data folder, rules and keys.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { RulesInput } from '../../src/config/rules-file.ts'
import { freePort } from '../support/free-port.ts'

const SERVER = resolve(import.meta.dirname, '../../src/server.ts')
const LOG_CHARACTERS_MAX = 64_000_000
const START_MS = 30_000
const STOP_MS = 15_000
const ERROR_LINE = /"level":[56]0/

export interface ServerProcess {
  readonly port: number
  readonly url: string
  /** Everything it logged, from the end if that is too much to keep. */
  log(): string
  /** Lines at level error or fatal. */
  readonly errorLines: readonly string[]
  alive(): boolean
  rssMiB(): number
  /** Files, sockets and pipes that the process holds open. */
  openFiles(): number
  stop(): Promise<void>
}

export interface ServerOptions {
  rules: RulesInput
  environment: Readonly<Record<string, string>>
}

/** Starts it and resolves when it answers. */
export async function startServer(options: ServerOptions): Promise<ServerProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'usher-attacked-'))
  const port = await freePort()
  const child = spawn(process.execPath, [SERVER], {
    env: environmentOf(options, folder, port),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = once(child, 'exit')
  const log = logOf(child)
  const alive = () => child.exitCode === null && child.signalCode === null
  const stop = async (): Promise<void> => {
    if (alive()) child.kill('SIGTERM')
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
    await exited
    clearTimeout(late)
    rmSync(folder, { recursive: true, force: true })
  }
  const url = `http://localhost:${port}`
  const proc = `/proc/${child.pid}`
  const server: ServerProcess = {
    port,
    url,
    ...log,
    alive,
    rssMiB: () => residentMiB(`${proc}/status`),
    openFiles: () => readdirSync(`${proc}/fd`).length,
    stop,
  }
  await answering(server)
  return server
}

function environmentOf({ rules, environment }: ServerOptions, folder: string, port: number) {
  const file = join(folder, 'rules.json')
  writeFileSync(file, JSON.stringify(rules))
  const kept = ['PATH', 'HOME', 'LANG', 'TMPDIR'].map((name) => [name, process.env[name]])
  return {
    ...Object.fromEntries(kept),
    USHER_DATA: join(folder, 'data'),
    USHER_CONFIG: file,
    USHER_DRAIN_SECONDS: '1',
    HOST: '127.0.0.1',
    PORT: String(port),
    ...environment,
  }
}

function logOf(child: ChildProcess) {
  let kept: string[] = []
  let characters = 0
  const errorLines: string[] = []
  const take = (chunk: Buffer): void => {
    const text = chunk.toString()
    kept.push(text)
    characters += text.length
    if (characters > LOG_CHARACTERS_MAX) {
      kept = kept.slice(kept.length / 2)
      characters = kept.reduce((sum, part) => sum + part.length, 0)
    }
    if (ERROR_LINE.test(text)) {
      errorLines.push(...text.split('\n').filter((line) => ERROR_LINE.test(line)))
    }
  }
  child.stdout?.on('data', take)
  child.stderr?.on('data', take)
  return { log: () => kept.join(''), errorLines }
}

async function answering(server: ServerProcess): Promise<void> {
  const deadline = Date.now() + START_MS
  while (Date.now() < deadline && server.alive()) {
    const answer = await fetch(`http://127.0.0.1:${server.port}/health/ready`).catch(() => null)
    if (answer?.status === 200) return
    await new Promise((done) => setTimeout(done, 50))
  }
  throw new Error(`the server did not start:\n${server.log()}`)
}

function residentMiB(statusFile: string): number {
  const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(statusFile, 'utf8'))?.[1]
  return Math.round(Number(kib) / 1_024)
}
