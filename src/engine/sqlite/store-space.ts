// Whether the store may grow: it is full when it has all that the operator allows, or when little
// is left of its volume (S45). Measured every few seconds, not for each message.
import { stat, statfs as statFileSystem } from 'node:fs/promises'
import { REPLY } from '../../protocol/errors.ts'
import type { LimitName } from '../../protocol/limits.ts'
import type { Clock } from '../../time/clock.ts'
import { EngineUnavailable, type StorageUse } from '../engine.ts'
import type { SpaceBound } from '../quotas.ts'
import { storeIn } from './file.ts'
import type { MessageReads } from './message-reads.ts'
import { inSlices } from './periodic-job.ts'
import type { SqliteThread } from './thread.ts'

const EVERY_MS = 2_000

/** Less free than this part of the volume is little, whatever the number of bytes. */
const LITTLE_OF_VOLUME = 1 / 10

/**
 * A store with so many bytes free inside its file does not grow: new messages take the place of
 * deleted ones, whatever is free on the volume.
 */
const MUCH_INSIDE = 64 * 1024 * 1024

/** A store as it was measured, in bytes. */
export interface Measured {
  /** On disk, without what is free inside. */
  bytes: number
  freeInside: number
  /** Null for a store in memory. */
  volume: { bytes: number; free: number } | null
}

export type Measure = () => Promise<Measured>

/** As `statfs` of node:fs/promises gives it: blocks, and the size of one. */
export type StatFileSystem = (
  path: string,
) => Promise<{ bsize: number; blocks: number; bavail: number }>

type Reader = Pick<SqliteThread<MessageReads>, 'call'>

export class StoreSpace {
  readonly #bound: SpaceBound
  readonly #measure: Measure
  /** The limit for which the store is full; null while it is not. */
  #limit: LimitName | null = null
  #measured: Measured | null = null

  constructor(bound: SpaceBound, measure: Measure) {
    this.#bound = bound
    this.#measure = measure
  }

  get use(): StorageUse {
    return { bytes: this.#measured?.bytes ?? null, free: this.#measured?.volume?.free ?? null }
  }

  /** What a call that would make the store grow is rejected with; null while it is not full. */
  get refusal(): EngineUnavailable | null {
    if (this.#limit === null) return null
    const { sentence, retryAfter } = this.#bound
    const full = { limit: this.#limit, reply: REPLY.storeFull, retryAfter }
    return new EngineUnavailable(sentence, full)
  }

  /** A sentence for operators; null while it is not full. */
  get reason(): string | null {
    const { bytes, free } = this.use
    const { bytes: most, free: least } = this.#bound
    if (this.#limit === null) return null
    return this.#limit === most.limit
      ? `The store is full: it has ${bytes} bytes, and ${most.limit} is ${most.most}.`
      : `The store is full: ${free} bytes are free there, and ${least.limit} is ${least.most}.`
  }

  /** When it cannot be measured, what was known before stands; the engine's health tells why. */
  async check(): Promise<void> {
    const measured = await this.#measure().catch(() => null)
    if (measured === null) return
    this.#measured = measured
    this.#limit = limitOver(this.#bound, measured)
  }
}

/** Measures again and again. Returns how to stop. */
export function watchSpace(clock: Clock, space: StoreSpace): () => void {
  const check = async (): Promise<boolean> => {
    await space.check()
    return false
  }
  return inSlices(clock, EVERY_MS, [check])
}

function limitOver({ bytes: most, free: least }: SpaceBound, measured: Measured): LimitName | null {
  const { bytes, freeInside, volume } = measured
  if (most.most !== null && bytes >= most.most) return most.limit
  if (volume === null || least.most === null || freeInside >= MUCH_INSIDE) return null
  const isLittle = volume.free < least.most && volume.free < volume.bytes * LITTLE_OF_VOLUME
  return isLittle ? least.limit : null
}

/** Measures a store in memory. */
export function measureMemory(reader: Reader): Measure {
  return async () => ({ ...(await reader.call('fileUse', undefined)), volume: null })
}

/** Measures a store in a folder: the database, its write-ahead log, and the volume. */
export function measureFolder(
  reader: Reader,
  folder: string,
  statfs: StatFileSystem = statFileSystem,
): Measure {
  return async () => {
    const { bytes, freeInside } = await reader.call('fileUse', undefined)
    const log = await stat(`${storeIn(folder)}-wal`).catch(() => ({ size: 0 }))
    const { bsize, blocks, bavail } = await statfs(folder)
    const volume = { bytes: blocks * bsize, free: bavail * bsize }
    return { bytes: bytes + log.size, freeInside, volume }
  }
}
