// Where the clients of a run meet: one server that comes and goes, and what they note down.
import type { Dice } from '../../support/dice.ts'
import type { Record } from '../record.ts'

export interface Scene {
  readonly record: Record
  readonly port: number
  readonly url: string
  /** A server key's, so that no limit slows anybody down. */
  readonly authorization: string
  readonly dice: Dice
}

/** A client: it comes back by itself until it is stopped. */
export interface Client {
  /** Ends its connection, if it has one, as a bad line would. */
  cut(): void
  /** Does not read for so long. */
  slow(ms: number): void
  stop(): void
}
