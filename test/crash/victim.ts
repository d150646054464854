// The real server, `node src/server.ts`, which is killed and started again on the same port and
// folder, on a disk that fails when it is told to.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type Disk, makeDisk } from '../support/disk/disk.ts'
import { freePort } from '../support/free-port.ts'

const SERVER = resolve(import.meta.dirname, '../../src/server.ts')
const KEY = 'key-of-a-back-end-0123456789'
const START_MS = 60_000
const LOOK_AGAIN_MS = 20

const UNLIMITED = {
  ...{ connections: null, connectionsPerUser: null, connectionsPerAddress: null },
  ...{ handshakesPerSecond: null, messagesPerSecond: null, bytesPerSecond: null },
}
const RULES = { rooms: [{ match: '*', history: { messages: 10_000_000 } }], limits: UNLIMITED }

export class Victim {
  readonly disk: Disk
  readonly port: number
  readonly authorization = `Bearer ${KEY}`
  readonly #home: string
  #child: ChildProcess | null = null
  #said = ''

  private constructor(home: string, port: number) {
    this.#home = home
    this.port = port
    this.disk = makeDisk(home)
    writeFileSync(join(home, 'rules.json'), JSON.stringify(RULES))
  }

  static async make(): Promise<Victim> {
    const home = mkdtempSync(join(realpathSync(tmpdir()), 'usher-crash-'))
    return new Victim(home, await freePort())
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** Starts it, and does not wait until it answers. */
  spawn(): void {
    const child = spawn(process.execPath, [SERVER], {
      env: {
        ...this.disk.env,
        PATH: process.env.PATH,
        USHER_DATA: this.disk.folder,
        USHER_CONFIG: join(this.#home, 'rules.json'),
        USHER_API_KEYS: `backend:${KEY}`,
        USHER_LOG_LEVEL: 'error',
        PORT: String(this.port),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        this.#said = `${this.#said}${chunk}`.slice(-4_000)
      })
    }
    this.#child = child
  }

  /** Resolves when it answers; rejects when it ends instead. */
  async ready(): Promise<void> {
    const deadline = performance.now() + START_MS
    while (performance.now() < deadline && this.#isAlive()) {
      const answer = await fetch(`${this.url}/health/ready`).catch(() => null)
      await answer?.text()
      if (answer?.status === 200) return
      await pause(LOOK_AGAIN_MS)
    }
    throw new Error(`the server does not start again: ${this.#said}`)
  }

  /** kill -9; resolves when it is gone. */
  async kill(): Promise<void> {
    const child = this.#child
    if (child === null || !this.#isAlive()) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }

  /** It stands still for so long, unless it is killed meanwhile. */
  freeze(ms: number): void {
    const child = this.#child
    child?.kill('SIGSTOP')
    setTimeout(() => child?.kill('SIGCONT'), ms)
  }

  async remove(): Promise<void> {
    await this.kill()
    rmSync(this.#home, { recursive: true, force: true })
  }

  #isAlive(): boolean {
    return this.#child?.exitCode === null && this.#child.signalCode === null
  }
}
