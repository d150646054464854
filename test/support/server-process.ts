// The real process, `node src/server.ts`, with an environment, a folder and a port of its own.
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Test } from 'tap'
import type { RulesInput } from '../../src/config/rules-file.ts'
import { freePort } from './free-port.ts'
import { Program } from './program.ts'
import { until } from './until.ts'

/** The script of the service by itself. */
export const SERVER = resolve(import.meta.dirname, '../../src/server.ts')
const LISTENING = /Server listening at (https?:\/\/[^"\s]+)/
const READY_MS = 60_000

export interface ServerOptions {
  /** All of its settings, beside the PATH; any port unless one is set. */
  env?: Readonly<Record<string, string>>
  /** Where it starts, and where its rules file is written to. */
  cwd?: string
  rules?: RulesInput
  /** Arguments of Node before the script, such as `--import=` and a file that runs first. */
  nodeArgs?: readonly string[]
  /** An application that embeds the service, instead of the service itself. */
  script?: string
}

/** Starts it, and does not wait for anything. */
export function spawnServer(options: ServerOptions): Program {
  const { env, cwd, rules, nodeArgs = [], script = SERVER } = options
  const file = rules && join(cwd ?? '', 'rules.json')
  if (file) writeFileSync(file, JSON.stringify(rules))
  return new Program({
    command: [process.execPath, ...nodeArgs, script],
    cwd,
    env: { PORT: '0', ...(file ? { USHER_CONFIG: file } : {}), ...env },
  })
}

/** Resolves with its address when it says where it listens; rejects when it ends instead. */
export async function addressOf(server: Program): Promise<string> {
  return (await server.shows(LISTENING))[1] ?? ''
}

/** Resolves when it answers that it is ready; rejects when it ends instead. */
export async function answering(server: Program, url: string): Promise<void> {
  const deadline = performance.now() + READY_MS
  const isReady = async (): Promise<boolean> => {
    const answer = await fetch(`${url}/health/ready`).catch(() => null)
    await answer?.text()
    return answer?.status === 200
  }
  let isOver = false
  await until(async () => {
    isOver = !server.isRunning || performance.now() > deadline
    return isOver || (await isReady())
  })
  if (isOver) throw new Error(`the server does not start: ${server.output.slice(-4_000)}`)
}

export interface ServerProcess {
  readonly program: Program
  /** Where it listens. */
  readonly url: string
  stdout(): string
  /** Sends the signal and resolves with the exit code; null when a signal ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>
}

/** For a test, which starts it in its folder and kills it at the end: needs `t.testdir()` first. */
export async function startServer(
  t: Test,
  env: Record<string, string>,
  nodeArgs: readonly string[] = [],
): Promise<ServerProcess> {
  const program = spawnServer({ env, cwd: t.testdirName, nodeArgs })
  t.teardown(() => program.end('SIGKILL'))
  const url = await addressOf(program)
  return { program, url, stdout: () => program.stdout, end: (signal) => program.end(signal) }
}

/** Runs it to its end. */
export async function runServer(t: Test, env: Record<string, string>) {
  const program = spawnServer({ env, cwd: t.testdirName })
  t.teardown(() => program.end('SIGKILL'))
  const code = await program.ended
  return { code, stdout: program.stdout, stderr: program.stderr }
}

export interface LoneServer {
  readonly program: Program
  readonly port: number
  /** With `localhost`, as a browser on this machine names it. */
  readonly url: string
  /** Lines at level error or fatal. */
  errorLines(): string[]
  /** Ends it, and removes its folder. */
  stop(): Promise<void>
}

const ERROR_LINE = /"level":[56]0/

/** For a program that is no test: a folder of its own, and it answers when this resolves. */
export async function startLoneServer(options: ServerOptions): Promise<LoneServer> {
  const cwd = mkdtempSync(join(realpathSync(tmpdir()), 'usher-'))
  const port = await freePort()
  const own = { USHER_DATA: join(cwd, 'data'), USHER_DRAIN_SECONDS: '1', HOST: '127.0.0.1' }
  const env = { ...own, PORT: String(port), ...options.env }
  const program = spawnServer({ ...options, cwd, env })
  await answering(program, `http://127.0.0.1:${port}`)
  return {
    ...{ program, port, url: `http://localhost:${port}` },
    errorLines: () => program.output.split('\n').filter((line) => ERROR_LINE.test(line)),
    stop: async () => {
      await program.stop()
      rmSync(cwd, { recursive: true, force: true })
    },
  }
}
