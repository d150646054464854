// Fills an empty prefix with what another store held. What is written of an import that is cut off
// is written again by the next one of the same archive; until then no node begins.
import type { Clock } from '../../time/clock.ts'
import type { ArchiveEntry, ArchiveOrigin, ArchiveTarget } from '../archive.ts'
import { EngineRefused, EngineUnavailable } from '../engine.ts'
import { ArchiveFill } from './archive-fill.ts'
import { everyKey, primariesOf } from './every-key.ts'
import { type HeldStore, holdStore, type StoreAddress } from './held-store.ts'
import { LOST } from './store-hold.ts'

/** Keys of what an import brings. A node that was only started leaves others. */
const HOLDING = /^(\{r:.*\}:m|\{u:.*\}:account|name:.*|\{status\}:users|\{hidden\}:users)$/

/** @throws EngineRefused with a sentence that says what to do, also while a node lives */
export async function openRedisTarget(address: StoreAddress, clock: Clock): Promise<ArchiveTarget> {
  return new RedisTarget(await holdStore(address, clock))
}

class RedisTarget implements ArchiveTarget {
  readonly name: string
  readonly #store: HeldStore

  constructor(store: HeldStore) {
    this.name = store.name
    this.#store = store
  }

  async take(
    entries: AsyncIterable<ArchiveEntry>,
    { digest, keepsEpochs }: ArchiveOrigin,
  ): Promise<{ keptEpochs: boolean }> {
    const { hold } = this.#store
    if (!hold.isBegun(digest)) await this.#refuseHolding()
    await hold.beginImport(digest)
    await this.#fill(entries, keepsEpochs).catch((error) => {
      if (!(error instanceof EngineUnavailable)) throw error
      throw new EngineRefused(`${this.name}: ${error.message} Import the same file again.`)
    })
    await hold.endImport(digest)
    return { keptEpochs: keepsEpochs }
  }

  async #fill(entries: AsyncIterable<ArchiveEntry>, keepsEpochs: boolean): Promise<void> {
    const { link, hold } = this.#store
    const runs = [...primariesOf(link).keys()]
    const fill = new ArchiveFill({ ...this.#store, keepsEpochs })
    for await (const entry of entries) {
      hold.check()
      await fill.put(entry)
    }
    await fill.end()
    // One that lost what it had answered would have a part of all.
    const now = primariesOf(link)
    if (!runs.every((run) => now.has(run))) throw new EngineRefused(LOST)
  }

  close(): Promise<void> {
    return this.#store.close()
  }

  async #refuseHolding(): Promise<void> {
    const { link, keys } = this.#store
    for await (const names of everyKey(link, keys)) {
      if (!names.some((name) => HOLDING.test(name))) continue
      throw new EngineRefused(
        `${this.name} has accounts or rooms already. Name another prefix in USHER_REDIS_PREFIX, ` +
          'or delete the keys that begin with this one.',
      )
    }
  }
}
