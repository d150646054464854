// The port for failed attempts to prove a password, counted over all nodes. What failures cost is
// decided in src/identity.

/** What attempts are counted by: the address that they come from, or the account. */
export interface AttemptKey {
  kind: 'address' | 'account'
  name: string
}

export interface Attempts {
  /** Attempts that failed since the last success, or since failures were forgotten. */
  failed: number
  /** Milliseconds since the last failure; 0 when no failure is counted. */
  agoMs: number
  /** Where the last success came from, or null when that is not known. */
  cameFrom: string | null
}

/**
 * Every node sees a change when its promise resolves. An implementation is bounded: it MAY forget
 * the oldest entries of a kind.
 */
export interface AttemptStore {
  of(key: AttemptKey): Promise<Attempts>
  /** Counts one more failure. The failures of a key are forgotten `forgetMs` after the last one. */
  failed(key: AttemptKey, forgetMs: number): Promise<void>
  /** Forgets the failures, and remembers where the success came from. */
  succeeded(key: AttemptKey, cameFrom: string): Promise<void>
}
