// An idempotency key as the store holds it: 48 bytes, which say whose it is, with which body it
// came, and what was answered. They stand in blocks of bytes, in memory and on disk alike.
import { hash } from 'node:crypto'
import type { Kind } from '../../protocol/message.ts'

/** Of an entry: 128 bits of a hash of the key, as much of a hash of the body, and the answer. */
export const ENTRY_WORDS = 12
export const ENTRY_BYTES = ENTRY_WORDS * 4
/** Words of a hash; those of the key are the first of an entry, those of the body come next. */
const HASH_WORDS = 4
const ANSWER = 2 * HASH_WORDS
const TWO_TO_32 = 2 ** 32
const HIGH_MAX = 2 ** 16

/** The words of a key in its scope and of the body that came with it: an entry's first eight. */
export type HashedKey = Int32Array

/** What was answered to the first publish with a key. */
export interface KeyAnswer {
  readonly offset: number
  readonly time: number
  /** Of the room, for the epoch of the answer. */
  readonly generation: number
}

/** The answer to the first publish with a key, and whether it had the same body. */
export interface First extends KeyAnswer {
  readonly same: boolean
}

/** `key` names a key in its scope. */
export function hashKey(key: string, kind: Kind, payload: Uint8Array): HashedKey {
  return hashedKey(hash('sha256', key, 'buffer'), hashBody(kind, payload))
}

function hashBody(kind: Kind, payload: Uint8Array): Buffer {
  const body = hash('sha256', payload, 'buffer')
  // The kind is part of the body: 1 as text is another message than 1 as JSON.
  body[0] = (body[0] ?? 0) ^ kind.charCodeAt(0)
  return body
}

/** Of hashes of 16 bytes or more. */
export function hashedKey(key: Buffer, body: Buffer): HashedKey {
  const hashed = new Int32Array(ANSWER)
  for (let word = 0; word < HASH_WORDS; word += 1) {
    hashed[word] = key.readInt32LE(word * 4)
    hashed[HASH_WORDS + word] = body.readInt32LE(word * 4)
  }
  return hashed
}

/** Writes an entry at word `at` of `words`. */
export function writeEntry(
  words: Int32Array,
  at: number,
  hashed: HashedKey,
  { offset, time, generation }: KeyAnswer,
): void {
  words.set(hashed, at)
  const highs = Math.floor(offset / TWO_TO_32) * HIGH_MAX + Math.floor(time / TWO_TO_32)
  words[at + ANSWER] = offset
  words[at + ANSWER + 1] = time
  words[at + ANSWER + 2] = highs
  words[at + ANSWER + 3] = generation
}

/** The answer in the entry at word `at`, if it is one of this key. */
export function answerIn(words: Int32Array, at: number, hashed: HashedKey): First | null {
  if (!hasSame(words, at, hashed, 0)) return null
  const wordOf = (index: number) => (words[at + ANSWER + index] ?? 0) >>> 0
  const highs = wordOf(2)
  return {
    offset: Math.floor(highs / HIGH_MAX) * TWO_TO_32 + wordOf(0),
    time: (highs % HIGH_MAX) * TWO_TO_32 + wordOf(1),
    generation: wordOf(3),
    same: hasSame(words, at, hashed, HASH_WORDS),
  }
}

function hasSame(words: Int32Array, at: number, hashed: HashedKey, from: number): boolean {
  for (let word = from; word < from + HASH_WORDS; word += 1) {
    if (words[at + word] !== hashed[word]) return false
  }
  return true
}

/** The words of entries that were read from the store. */
export function wordsOf(keys: Uint8Array): Int32Array {
  const { buffer, byteOffset, byteLength } = keys.byteOffset % 4 === 0 ? keys : keys.slice()
  return new Int32Array(buffer, byteOffset, byteLength / 4)
}

/** A secret of a store. */
export interface Salt {
  readonly first: number
  readonly second: number
}

/**
 * Where a key stands in a table, a whole number of 32 bits of which the high ones decide. Clients
 * choose their keys, and without the secret they could choose thousands that all stand in one place
 * (S43).
 */
export function placeOf(words: Int32Array, at: number, { first, second }: Salt): number {
  return (Math.imul(words[at] ?? 0, first) + Math.imul(words[at + 1] ?? 0, second)) >>> 0
}
