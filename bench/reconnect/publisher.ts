// Says something so many times a second, each until it is acknowledged: with its key it takes
// effect once, however often it had to be said.
import { setTimeout as sleep } from 'node:timers/promises'
import { ROOM } from './server.ts'

const AGAIN_MS = 100

export class Publisher {
  readonly #url: string
  readonly #authorization: string
  #number = 0
  #stopped = false
  #waiting = new Set<Promise<void>>()
  /** The newest offset that was acknowledged; offsets begin with 1, so it also counts messages. */
  newest = 0
  epoch = ''
  acknowledged = 0

  constructor(port: number, authorization: string) {
    this.#url = `http://127.0.0.1:${port}/rooms/${ROOM}/messages`
    this.#authorization = authorization
  }

  /** The first word of a room, so that it has an epoch. */
  begin(): Promise<void> {
    return this.#say()
  }

  /** Goes on until it is stopped. */
  async keepRate(perSecond: number): Promise<void> {
    while (!this.#stopped) {
      const said = this.#say()
      this.#waiting.add(said)
      said.finally(() => this.#waiting.delete(said))
      await sleep(1_000 / perSecond)
    }
  }

  /** Resolves when all that was said is acknowledged. */
  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#waiting)
  }

  async #say(): Promise<void> {
    this.#number += 1
    const body = `saying number ${this.#number} `.padEnd(64, 'x')
    const headers = {
      authorization: this.#authorization,
      'content-type': 'text/plain',
      'idempotency-key': `saying-${this.#number}`,
    }
    for (;;) {
      const answer = await fetch(this.#url, { method: 'POST', headers, body }).catch(() => null)
      const text = await answer?.text().catch(() => null)
      if (answer?.ok && text) {
        const { epoch, offset } = JSON.parse(text) as { epoch: string; offset: number }
        this.epoch = epoch
        this.newest = Math.max(this.newest, offset)
        this.acknowledged += 1
        return
      }
      await sleep(AGAIN_MS)
    }
  }
}
