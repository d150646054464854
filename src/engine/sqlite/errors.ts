// What SQLite's result codes mean for the store (https://www.sqlite.org/rescode.html).

/** Primary result codes that are told apart. */
export const RESULT = {
  error: 1,
  busy: 5,
  corrupt: 11,
  tooBig: 18,
  constraint: 19,
  mismatch: 20,
  misuse: 21,
  range: 25,
  notADatabase: 26,
} as const

/** Faults of one statement or its values; all other codes say that the storage is in trouble. */
const OWN_FAULTS: ReadonlySet<number> = new Set([
  RESULT.error,
  RESULT.tooBig,
  RESULT.constraint,
  RESULT.mismatch,
  RESULT.misuse,
  RESULT.range,
])

/** The primary result code of an error from SQLite; null for any other error. */
export function resultOf(error: unknown): number | null {
  if (!(error instanceof Error) || !('errcode' in error)) return null
  // The upper bits of an extended code only say more about the lower eight.
  return typeof error.errcode === 'number' ? error.errcode & 0xff : null
}

/** A call that failed half-way: its transaction must not be kept. */
export class BatchFault extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'BatchFault'
  }
}

/** Whether the storage failed, rather than one statement: full, read-only, damaged, locked … */
export function isStorageTrouble(error: unknown): boolean {
  if (error instanceof BatchFault) return true
  const result = resultOf(error)
  return result !== null && !OWN_FAULTS.has(result)
}

/** The message of an error. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
