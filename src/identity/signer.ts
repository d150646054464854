// Signs tickets and refresh tokens, so that one that was issued and forgotten is told from a forged
// one (RFC 2104).
import { createHmac } from 'node:crypto'
import { type KeyPair, sameBytes } from './secret.ts'

export class Signer {
  readonly #keys: KeyPair
  readonly #bytes: number

  /** Signatures are HMACs with SHA-256, of which the first `bytes` bytes are used. */
  constructor(keys: KeyPair, bytes: number) {
    this.#keys = keys
    this.#bytes = bytes
  }

  sign(body: string | Buffer): Buffer {
    return this.#hmac(this.#keys.current, body)
  }

  /** Whether this is the signature of `body`, by the current key or the one before. */
  signed(body: string | Buffer, signature: Buffer): boolean {
    const { current, previous } = this.#keys
    if (sameBytes(this.#hmac(current, body), signature)) return true
    return previous !== null && sameBytes(this.#hmac(previous, body), signature)
  }

  #hmac(key: Buffer, body: string | Buffer): Buffer {
    return createHmac('sha256', key).update(body).digest().subarray(0, this.#bytes)
  }
}
