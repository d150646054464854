// The server that is killed and started again on the same port and folder, on a disk that fails
// when it is told to.
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SERVER_KEY } from '../support/app.ts'
import { type Disk, makeDisk } from '../support/disk/disk.ts'
import { freePort } from '../support/free-port.ts'
import { asServer } from '../support/people.ts'
import type { Program } from '../support/program.ts'
import { answering, spawnServer } from '../support/server-process.ts'
import { UNLIMITED } from '../support/settings.ts'

const RULES = {
  rooms: [{ match: '*', history: { messages: 10_000_000 }, receipts: 'members' as const }],
  limits: UNLIMITED,
}

export class Victim {
  readonly disk: Disk
  readonly port: number
  readonly authorization = asServer.authorization
  readonly #home: string
  #server: Program | null = null

  private constructor(home: string, port: number) {
    this.#home = home
    this.port = port
    this.disk = makeDisk(home)
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
    const env = {
      ...this.disk.env,
      USHER_DATA: this.disk.folder,
      USHER_API_KEYS: `backend:${SERVER_KEY}`,
      USHER_LOG_LEVEL: 'error',
      PORT: String(this.port),
    }
    this.#server = spawnServer({ env, cwd: this.#home, rules: RULES })
  }

  /** Resolves when it answers; rejects when it ends instead. */
  async ready(): Promise<void> {
    if (this.#server !== null) await answering(this.#server, this.url)
  }

  /** kill -9; resolves when it is gone. */
  async kill(): Promise<void> {
    await this.#server?.end('SIGKILL')
  }

  /** It stands still for so long, unless it is killed meanwhile. */
  freeze(ms: number): void {
    const server = this.#server
    server?.signal('SIGSTOP')
    setTimeout(() => server?.signal('SIGCONT'), ms)
  }

  async remove(): Promise<void> {
    await this.kill()
    rmSync(this.#home, { recursive: true, force: true })
  }
}
