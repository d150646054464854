// What a service on Redis has, as entries for another store. No node lives meanwhile, so that all
// is of one moment.
import type { Clock } from '../../time/clock.ts'
import type { ArchiveEntry, ArchiveSource } from '../archive.ts'
import { EngineRefused } from '../engine.ts'
import { identityEntries } from './archive-identity-entries.ts'
import { ArchiveLists } from './archive-lists.ts'
import { participantEntries } from './archive-participants.ts'
import { roomEntries } from './archive-room-entries.ts'
import { type HeldStore, holdStore, type StoreAddress } from './held-store.ts'
import { LogReads } from './log-reads.ts'

/** Rooms whose epochs are changed at once. */
const ROOMS_AT_ONCE = 100

/** @throws EngineRefused with a sentence that says what to do, also while a node lives */
export async function openRedisSource(address: StoreAddress, clock: Clock): Promise<ArchiveSource> {
  const store = await holdStore(address, clock)
  if (!store.hold.isHalf) return new RedisSource(store)
  await store.close()
  throw new EngineRefused(`An import into ${store.name} was cut off: it has a part of a store.`)
}

class RedisSource implements ArchiveSource {
  readonly isAtRest = true
  readonly name: string
  readonly #store: HeldStore
  readonly #lists: ArchiveLists

  constructor(store: HeldStore) {
    this.name = store.name
    this.#store = store
    this.#lists = new ArchiveLists(store)
  }

  async *entries(): AsyncIterable<ArchiveEntry> {
    const { hold } = this.#store
    const parts = { ...this.#store, lists: this.#lists }
    await this.#lists.make()
    for await (const entry of identityEntries(parts)) {
      hold.check()
      yield entry
    }
    for await (const entry of roomEntries(parts)) {
      hold.check()
      yield entry
    }
    for await (const entry of participantEntries(parts)) {
      hold.check()
      yield entry
    }
  }

  /** The same as where messages were lost: what clients know of a room begins again. */
  async handOver(): Promise<void> {
    const reads = new LogReads(this.#store)
    for await (const rooms of this.#lists.rooms(ROOMS_AT_ONCE)) {
      await Promise.all(
        rooms.map(async (room) => {
          const state = await reads.state(room)
          if (state.exists) await reads.vouch(room, state, [state.epoch])
        }),
      )
    }
  }

  async close(): Promise<void> {
    await this.#lists.drop().catch(() => {})
    await this.#store.close()
  }
}
