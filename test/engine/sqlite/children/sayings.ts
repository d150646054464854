// The messages of `say-much.ts`, number by number: enough for the write-ahead log to be moved into
// the database twice, and in one room more than is kept.
import type { IdempotencyKey, Retention } from '../../../../src/engine/message-log.ts'
import type { Draft } from '../../../../src/protocol/message.ts'

export const SAYINGS = 6_000
export const AT_ONCE = 40

export const KEEPS_ALL = 'all'
export const KEEPS_FEW = 'few'
/** The retention of the second room. */
export const FEW = 100

const BYTES_MAX = 6_000

export interface Saying {
  room: string
  draft: Draft
  retention: Retention
  key: IdempotencyKey | null
}

export function saying(number: number): Saying {
  const few = number % 5 === 0
  // Any length, so that messages lie in pages in every way.
  const bytes = (number * 7_919) % BYTES_MAX
  const payload = Buffer.from(`${number} `.padEnd(bytes, String(number % 10)))
  return {
    room: few ? KEEPS_FEW : KEEPS_ALL,
    draft: { kind: 'text', payload, user: `u_${number % 7}`, name: null, origin: null },
    retention: { messages: few ? FEW : 1_000_000, ageMs: null },
    key: number % 2 === 0 ? { value: `k${number}`, sender: 'user u' } : null,
  }
}
