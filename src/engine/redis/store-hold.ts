// Holds the store for `usher export` or `usher import`: no node lives meanwhile, and none begins. A
// store whose import was cut off is closed to nodes until that was done again.
import type { Clock } from '../../time/clock.ts'
import type { Random } from '../../time/random.ts'
import { EngineRefused } from '../engine.ts'
import type { Keys } from './keys.ts'
import type { RedisLink } from './link.ts'
import { textsOf } from './replies.ts'
import { script } from './scripts.ts'

const HOLD = script('hold-store')
/** A command that was killed holds the store for so long. */
const HOLD_MS = 10_000
const RENEW_MS = 2_000

/** What is written of an import, with the digest of its archive after it. */
const BEGUN = 'begun'
const DONE = 'done'

export interface StoreHoldParts {
  link: RedisLink
  keys: Keys
  clock: Clock
  random: Random
  /** How the store is named to operators. */
  name: string
}

/** In one slot with the leases, so that the script of a lease looks at both. */
export function holdKeysOf(keys: Keys): { hold: string; import: string } {
  return { hold: keys.shared('{nodes}:hold'), import: keys.shared('{nodes}:import') }
}

export class StoreHold {
  readonly #parts: StoreHoldParts
  readonly #keys: { leases: string; hold: string; import: string }
  readonly #holder: string
  readonly #stop: () => void
  /** Why it is held no more. */
  #lost: unknown = null
  /** What is written of imports, and of the one that is under way. */
  #import = ''
  #begun: string | null = null

  private constructor(parts: StoreHoldParts) {
    const { keys, clock, random } = parts
    this.#parts = parts
    this.#keys = { leases: keys.shared('{nodes}:leases'), ...holdKeysOf(keys) }
    this.#holder = random.bytes(12).toString('base64url')
    const timer = clock.every(RENEW_MS, () => {
      this.#renew().catch((error) => {
        this.#lost ??= error
      })
    })
    this.#stop = () => timer.cancel()
  }

  /** @throws EngineRefused where a node lives, or another command holds the store */
  static async begin(parts: StoreHoldParts): Promise<StoreHold> {
    const hold = new StoreHold(parts)
    try {
      await hold.#take()
      return hold
    } catch (error) {
      hold.#stop()
      throw error
    }
  }

  /** Throws where the store is held no more. */
  check(): void {
    if (this.#lost !== null) throw this.#lost
  }

  /** Whether an import into this store was cut off. */
  get isHalf(): boolean {
    return this.#import.startsWith(BEGUN)
  }

  /**
   * Whether an import of this archive was begun and cut off. @throws EngineRefused where one of it
   * was done, or one of another archive was cut off
   */
  isBegun(digest: string): boolean {
    const { name } = this.#parts
    if (this.#import === wordsOf(DONE, digest)) {
      throw new EngineRefused(`This file was imported into ${name} already: all of it is there.`)
    }
    if (this.isHalf && this.#import !== wordsOf(BEGUN, digest)) {
      throw new EngineRefused(
        `An import of another file into ${name} was cut off: import that one again, or delete ` +
          'the keys that begin with this prefix.',
      )
    }
    return this.isHalf
  }

  async beginImport(digest: string): Promise<void> {
    await this.#note(wordsOf(BEGUN, digest))
    this.#begun = this.#import
  }

  /** @throws EngineRefused where Redis lost that it was begun, and maybe more */
  async endImport(digest: string): Promise<void> {
    await this.#renew()
    this.#begun = null
    await this.#note(wordsOf(DONE, digest))
  }

  /** What was written of an import stays closed to nodes, also where Redis forgot it meanwhile. */
  async end(): Promise<void> {
    this.#stop()
    await this.#renew().catch(() => {})
    await this.#run(0).catch(() => {})
  }

  async #renew(): Promise<void> {
    await this.#take()
    const begun = this.#begun
    if (begun === null || begun === this.#import) return
    await this.#note(begun)
    throw new EngineRefused(LOST)
  }

  async #take(): Promise<void> {
    const { name } = this.#parts
    const [answer, last] = await this.#run(HOLD_MS)
    this.#import = last ?? ''
    if (answer === 'nodes') {
      throw new EngineRefused(
        `Nodes run on ${name}: stop all of them first. One that was killed counts as gone ` +
          'after 6 s.',
      )
    }
    if (answer === 'held') {
      throw new EngineRefused(
        `Another usher export or usher import is at work on ${name}, or was until 10 s ago.`,
      )
    }
  }

  async #run(ms: number): Promise<(string | null)[]> {
    const { leases, hold, import: last } = this.#keys
    const args = [this.#holder, String(ms)]
    return textsOf(await this.#parts.link.run(HOLD, [leases, hold, last], args))
  }

  async #note(words: string): Promise<void> {
    const key = this.#keys.import
    await this.#parts.link.send(key, ['SET', key, words])
    this.#import = words
  }
}

export const LOST =
  'Redis was restarted or replaced meanwhile, and may have lost a part. Import the same file again.'

function wordsOf(state: string, digest: string): string {
  return `${state} ${digest}`
}
