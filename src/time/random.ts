// The port for random bytes: a test that seeds it can replay a run.
import { randomBytes } from 'node:crypto'

export interface Random {
  /** Unpredictable bytes, fit for secrets. */
  bytes(count: number): Buffer
}

/** The random bytes of a running server. */
export const systemRandom: Random = { bytes: randomBytes }
