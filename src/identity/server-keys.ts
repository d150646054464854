// Keys of back ends that act for their own users. Kept hashed, compared in constant time (S34).
import { DEFAULT_SCOPES, type Scope } from '../protocol/scope.ts'
import { digest, sameBytes } from './secret.ts'
import type { ServerKey } from './settings.ts'

/** A key that was shown: its name, and what it may do. */
export interface KnownKey {
  readonly name: string
  readonly scopes: readonly Scope[]
}

interface HashedKey extends KnownKey {
  readonly hash: Buffer
}

export class ServerKeys {
  readonly #keys: readonly HashedKey[]

  constructor(keys: readonly ServerKey[]) {
    this.#keys = keys.map(({ name, key, scopes = DEFAULT_SCOPES }) => ({
      ...{ name, scopes: Object.freeze([...scopes]) },
      hash: digestOf(key),
    }))
  }

  /** The key that this text is, or null. Every key is compared, whichever fits. */
  find(candidate: string): KnownKey | null {
    const hash = digestOf(candidate)
    let found: KnownKey | null = null
    for (const key of this.#keys) if (sameBytes(key.hash, hash)) found = key
    return found
  }
}

function digestOf(key: string): Buffer {
  return Buffer.from(digest(key))
}
