// One root secret; each use gets a key of its own, so that no key serves for another use.
import { hash, hkdfSync, timingSafeEqual } from 'node:crypto'
import type { RootSecrets } from './settings.ts'

const KEY_BYTES = 32

/** What a derived key is for. The words are part of the derivation: changing one breaks keys. */
export type KeyUse = 'access-token' | 'refresh-token' | 'ticket'

/** The current key, and the one before while it is being rotated out. */
export interface KeyPair {
  readonly current: Buffer
  readonly previous: Buffer | null
}

/** Derives the keys for one use (HKDF with SHA-256, RFC 5869). */
export function deriveKeys(roots: RootSecrets, use: KeyUse): KeyPair {
  return {
    current: derive(roots.current, use),
    previous: roots.previous === null ? null : derive(roots.previous, use),
  }
}

function derive(root: string, use: KeyUse): Buffer {
  return Buffer.from(hkdfSync('sha256', root, 'usher', use, KEY_BYTES))
}

/** The hash of a credential that the store keeps: a reader of the store cannot use it. */
export function digest(credential: string | Buffer): string {
  return hash('sha256', credential, 'base64url')
}

/** Compares in a time that does not depend on where the two differ. */
export function sameBytes(left: Buffer, right: Buffer): boolean {
  return left.length === right.length && timingSafeEqual(left, right)
}
