// The idempotency keys of a store: kept with their messages, found through memory.
import { hash } from 'node:crypto'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Kind } from '../../protocol/message.ts'
import { KEY_WINDOW_MS } from '../memory/idempotency-keys.ts'
import { KeyIndex } from './key-index.ts'

/** The length of a period; all keys of one are forgotten at once. */
const PERIOD_MS = 60_000
const PERIODS_HELD = Math.ceil(KEY_WINDOW_MS / PERIOD_MS)
/**
 * Keys in memory at most: half a gigabyte to one, or 50,000 keys a second for as long as keys hold.
 */
const HELD_MAX = 16_000_000
/** The part of them that only server keys, and others without a quota, may have. */
const RESERVE = 1 / 10
/** Bytes of a hash that tell keys and bodies apart. */
const HASH_BYTES = 16

/** A message with a key is not deleted before it has this age, in milliseconds. */
export const KEYED_AGE_MS = KEY_WINDOW_MS + PERIOD_MS

/** A key in its scope and the body that came with it, as they are compared. */
export interface HashedKey {
  readonly key: Buffer
  readonly body: Buffer
}

/** The message that came first with a key. */
export interface First {
  offset: number
  time: number
  /** Whether it had the same body. */
  same: boolean
}

interface KeyedRow {
  id: number
  offset: number
  time: number
  /** Null in a message without a key, which may by now have the id of a deleted message. */
  key: Uint8Array | null
  body: Uint8Array
}

export function hashKey(key: string, kind: Kind, payload: Uint8Array): HashedKey {
  const body = hash('sha256', payload, 'buffer').subarray(0, HASH_BYTES)
  // The kind is part of the body: 1 as text is another message than 1 as JSON.
  body[0] = (body[0] ?? 0) ^ kind.charCodeAt(0)
  return { key: hash('sha256', key, 'buffer').subarray(0, HASH_BYTES), body }
}

export class SqliteKeys {
  readonly #row: StatementSync
  readonly #newest: StatementSync
  readonly #from: StatementSync
  readonly #recent: StatementSync
  /** Indexes by the minute of their messages. */
  readonly #periods: Map<number, KeyIndex>
  /** Keys that were added in the open transaction. */
  #added: { index: KeyIndex; key: Buffer; id: number }[] = []

  readonly #heldMax: number

  constructor(db: DatabaseSync, heldMax = HELD_MAX) {
    this.#heldMax = heldMax
    const columns = 'id, "offset", time, key_hash AS key, key_body AS body'
    this.#row = db.prepare(`SELECT ${columns} FROM messages WHERE id = ?`)
    this.#newest = db.prepare('SELECT id, time FROM messages ORDER BY id DESC LIMIT 1')
    this.#from = db.prepare('SELECT id, time FROM messages WHERE id >= ? ORDER BY id LIMIT 1')
    this.#recent = db.prepare(`
      SELECT id, time, key_hash AS key FROM messages WHERE id >= ? AND key_hash IS NOT NULL
      ORDER BY id`)
    this.#periods = this.#load()
  }

  /** The message that came with this key within the window before `time`, or after it. */
  find({ key, body }: HashedKey, time: number): First | null {
    for (const index of this.#periods.values()) {
      for (const id of index.find(key)) {
        const row = this.#row.get(id) as KeyedRow | undefined
        if (!row?.key || Buffer.compare(row.key, key) !== 0) continue
        if (row.time <= time - KEY_WINDOW_MS) continue
        return { ...row, same: Buffer.compare(row.body, body) === 0 }
      }
    }
    return null
  }

  /** Whether no further key may be held; no key is forgotten early to make room. */
  isFull(time: number, mayTakeReserve: boolean): boolean {
    const oldest = periodOf(time) - PERIODS_HELD
    let held = 0
    for (const [period, index] of this.#periods) {
      if (period < oldest) this.#periods.delete(period)
      else held += index.size
    }
    return held >= this.#heldMax * (mayTakeReserve ? 1 : 1 - RESERVE)
  }

  add({ key }: HashedKey, { id, time }: { id: number; time: number }): void {
    const period = periodOf(time)
    let index = this.#periods.get(period)
    if (index === undefined) {
      index = new KeyIndex()
      this.#periods.set(period, index)
    }
    index.add(key, id)
    this.#added.push({ index, key, id })
  }

  /** MUST be called when the transaction is on disk: its keys are kept. */
  settle(): void {
    this.#added = []
  }

  /** MUST be called when the transaction was taken back: removes its keys. */
  takeBack(): void {
    for (const { index, key, id } of this.#added) index.remove(key, id)
    this.#added = []
  }

  #load(): Map<number, KeyIndex> {
    const periods = new Map<number, KeyIndex>()
    for (const one of this.#recent.iterate(this.#oldestId())) {
      const row = one as unknown as { id: number; time: number; key: Uint8Array }
      const index = periods.get(periodOf(row.time)) ?? new KeyIndex()
      periods.set(periodOf(row.time), index)
      index.add(Buffer.from(row.key), row.id)
    }
    return periods
  }

  /** The id of the first message whose key may still hold; ids are roughly in the order of time. */
  #oldestId(): number {
    const newest = this.#newest.get() as { id: number; time: number } | undefined
    if (newest === undefined) return 0
    const since = newest.time - KEYED_AGE_MS
    let [low, high] = [0, newest.id]
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      const { id, time } = this.#from.get(middle) as { id: number; time: number }
      if (time < since) low = id + 1
      else high = middle
    }
    return low
  }
}

function periodOf(time: number): number {
  return Math.floor(time / PERIOD_MS)
}
