// JWTs made by hand, with any header, claims and signature.
import { createHmac } from 'node:crypto'

export type Part = Record<string, unknown> | string

function encode(part: Part): string {
  return Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url')
}

export function unsigned(header: Part, claims: Part): string {
  return `${encode(header)}.${encode(claims)}`
}

export interface Signing {
  header?: Part
  claims: Part
  key: Buffer | string
  hash?: 'sha256' | 'sha384' | 'sha512'
}

export const HEADER = { alg: 'HS256', typ: 'at+jwt' }

export function signed({ header = HEADER, claims, key, hash = 'sha256' }: Signing): string {
  const head = unsigned(header, claims)
  return `${head}.${createHmac(hash, key).update(head).digest('base64url')}`
}
