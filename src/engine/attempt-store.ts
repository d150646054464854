// The port for failed attempts to prove a password, counted over all nodes. What they cost is
// decided in src/identity.

/** What is counted: attempts from an address, or attempts for an account. */
export interface AttemptKey {
  kind: 'address' | 'account'
  name: string
}

export interface Attempts {
  /** How many failed since the last success, or since they were forgotten. */
  failed: number
  /** Milliseconds since the last failure; 0 when none is counted. */
  agoMs: number
  /** Where the last success came from, or null when that is not known. */
  cameFrom: string | null
}

/**
 * A change is there for every node when its promise resolves. An implementation is bounded: of
 * what it holds of one kind it MAY forget the oldest.
 */
export interface AttemptStore {
  of(key: AttemptKey): Promise<Attempts>
  /** Counts one more failure. All are forgotten `forgetMs` after the last one. */
  failed(key: AttemptKey, forgetMs: number): Promise<void>
  /** Forgets the failures, and remembers where the success came from. */
  succeeded(key: AttemptKey, cameFrom: string): Promise<void>
}
