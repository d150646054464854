// The only door to randomness: a test that seeds it can replay anything.
import { randomBytes } from 'node:crypto'

export interface Random {
  /** Unpredictable bytes, fit for secrets. */
  bytes(count: number): Buffer
}

/** The chance of a running server. */
export const systemRandom: Random = { bytes: randomBytes }
