// Failed attempts over all nodes. What is kept expires: failures cost the hash of a password each,
// and only who has an account makes an entry of a success.
import type { AttemptKey, AttemptStore, Attempts } from '../attempt-store.ts'
import type { Keys } from './keys.ts'
import type { RedisLink } from './link.ts'
import { textOf } from './replies.ts'
import { script } from './scripts.ts'

const COUNT = script('count-failure')
const ATTEMPTS = script('attempts-of')
const CAME_FROM_MS = String(90 * 86_400_000)

export class RedisAttempts implements AttemptStore {
  readonly #link: RedisLink
  readonly #keys: Keys

  constructor({ link, keys }: { link: RedisLink; keys: Keys }) {
    this.#link = link
    this.#keys = keys
  }

  async of(key: AttemptKey): Promise<Attempts> {
    const { failures, cameFrom } = this.#keysOf(key)
    const answer = await this.#link.run(ATTEMPTS, [failures, cameFrom], [])
    const [failed = 0, agoMs = 0, from] = Array.isArray(answer) ? answer : []
    return { failed: Number(failed), agoMs: Number(agoMs), cameFrom: textOf(from) }
  }

  async failed(key: AttemptKey, forgetMs: number): Promise<void> {
    await this.#link.run(COUNT, [this.#keysOf(key).failures], [String(forgetMs)])
  }

  async succeeded(key: AttemptKey, from: string): Promise<void> {
    const { failures, cameFrom } = this.#keysOf(key)
    await Promise.all([
      this.#link.send(failures, ['DEL', failures]),
      this.#link.send(cameFrom, ['SET', cameFrom, from, 'PX', CAME_FROM_MS]),
    ])
  }

  #keysOf({ kind, name }: AttemptKey): { failures: string; cameFrom: string } {
    return {
      failures: this.#keys.attempts(kind, name, 'failures'),
      cameFrom: this.#keys.attempts(kind, name, 'cameFrom'),
    }
  }
}
