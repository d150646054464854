// One node of a service: a process on a port of its own, whose link to Redis can be cut and held.
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RulesInput } from '../../../src/config/rules-file.ts'
import { SERVER_KEY } from '../../support/app.ts'
import { CutProxy } from '../../support/cut-proxy.ts'
import { freePort } from '../../support/free-port.ts'
import type { Program } from '../../support/program.ts'
import { answering, spawnServer } from '../../support/server-process.ts'
import { UNLIMITED } from '../../support/settings.ts'
import type { Store } from './store.ts'

const RULES = {
  rooms: [{ match: '*', history: { messages: 10_000_000 }, presence: true }],
  limits: UNLIMITED,
} satisfies RulesInput
const SECRET = 'the-root-secret-of-three-nodes-and-one-redis'

interface Linked {
  url: string
  link: CutProxy | null
}

export class ServiceNode {
  readonly port: number
  readonly #home: string
  /** Null where Redis names its servers by itself: then the link goes past any proxy. */
  readonly #link: CutProxy | null
  readonly #redisUrl: string
  #server: Program | null = null

  private constructor(home: string, port: number, { url, link }: Linked) {
    this.#home = home
    this.port = port
    this.#redisUrl = url
    this.#link = link
  }

  static async make({ single, url }: Store): Promise<ServiceNode> {
    const home = mkdtempSync(join(realpathSync(tmpdir()), 'usher-node-'))
    if (single === null) return new ServiceNode(home, await freePort(), { url, link: null })
    const link = new CutProxy(single.port)
    await link.listen()
    return new ServiceNode(home, await freePort(), { url: `redis://${link.url}`, link })
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  get isUp(): boolean {
    return this.#server?.isRunning === true
  }

  get output(): string {
    return this.#server?.output ?? ''
  }

  /** Starts it, and does not wait until it answers. */
  spawn(): void {
    const env = {
      USHER_REDIS_URL: this.#redisUrl,
      USHER_SECRET: SECRET,
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

  freeze(isFrozen: boolean): void {
    this.#server?.signal(isFrozen ? 'SIGSTOP' : 'SIGCONT')
  }

  cutLink(): void {
    this.#link?.cut()
  }

  /** What passes is late by so much, each way. */
  delayLink(ms: () => number): void {
    this.#link?.delay(ms)
  }

  /** Nothing passes, and no end is told. */
  holdLink(isHeld: boolean): void {
    this.#link?.hold(isHeld)
  }

  async remove(): Promise<void> {
    await this.kill()
    this.#link?.close()
    rmSync(this.#home, { recursive: true, force: true })
  }
}
