// Keys of back ends that act for their own users. Kept hashed, compared in constant time (S34).
import { digest, sameBytes } from './secret.ts'
import type { ServerKey } from './settings.ts'

interface HashedKey {
  name: string
  hash: Buffer
}

export class ServerKeys {
  readonly #keys: readonly HashedKey[]

  constructor(keys: readonly ServerKey[]) {
    this.#keys = keys.map(({ name, key }) => ({ name, hash: digestOf(key) }))
  }

  /** The name of the key, or null. Every key is compared, whichever fits. */
  nameOf(candidate: string): string | null {
    const hash = digestOf(candidate)
    let name: string | null = null
    for (const key of this.#keys) if (sameBytes(key.hash, hash)) name = key.name
    return name
  }
}

function digestOf(key: string): Buffer {
  return Buffer.from(digest(key))
}
