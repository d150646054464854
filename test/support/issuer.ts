// Another issuer of tokens on this machine: its keys, its tokens, and the address of its key set,
// which answers as a test wants.
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type JWK, SignJWT } from 'jose'
import type { Test } from 'tap'
import type { ThirdPartyIssuer } from '../../src/identity/settings.ts'

export const ISSUER = 'https://accounts.example'
export const AUDIENCE = 'https://usher.example'

export type Algorithm = 'RS256' | 'PS256' | 'ES256' | 'EdDSA'

export interface IssuerKey {
  algorithm: Algorithm
  kid: string
  privateKey: KeyObject
  publicKey: KeyObject
  /** The public key as an operator would write it in USHER_JWT_KEY. */
  pem: string
  /** The public key as it stands in a key set. */
  jwk: JWK
}

function pairFor(algorithm: Algorithm) {
  if (algorithm === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' })
  if (algorithm === 'EdDSA') return generateKeyPairSync('ed25519')
  return generateKeyPairSync('rsa', { modulusLength: 2_048 })
}

export function issuerKey(algorithm: Algorithm, kid = 'k1'): IssuerKey {
  const { privateKey, publicKey } = pairFor(algorithm)
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: algorithm } as JWK
  return { algorithm, kid, privateKey, publicKey, pem, jwk }
}

/** Claims that are right in every way; `more` replaces or, when undefined, removes. */
export function claimsAt(nowMs: number, more: Record<string, unknown> = {}) {
  const now = Math.floor(nowMs / 1_000)
  const all = { iss: ISSUER, aud: AUDIENCE, sub: 'ann', iat: now, exp: now + 600, ...more }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}

/** A token of that issuer; `header` adds to what it says of itself. */
export function issued(
  key: Pick<IssuerKey, 'algorithm' | 'kid' | 'privateKey'>,
  claims: Record<string, unknown>,
  header: Record<string, unknown> = {},
): Promise<string> {
  const head = { alg: key.algorithm, kid: key.kid, typ: 'JWT', ...header }
  return new SignJWT(claims).setProtectedHeader(head).sign(key.privateKey)
}

/** Settings that take this issuer; a key or the address of a key set comes with `more`. */
export function thirdPartyIssuer(more: Partial<ThirdPartyIssuer>): {
  thirdPartyIssuer: ThirdPartyIssuer
} {
  const standard = { key: null, jwksUrl: null, algorithm: 'RS256', issuer: ISSUER }
  return { thirdPartyIssuer: { ...standard, audience: AUDIENCE, prefix: 'jwt:', ...more } }
}

export interface KeyServer {
  readonly url: URL
  /** How often it was asked. */
  asked: number
  /** Answers a request; tests of a failing issuer replace it. */
  answer(response: ServerResponse): void
  publish(...keys: IssuerKey[]): void
}

/** A key set over HTTP, closed when the test ends. */
export async function keyServer(t: Test, ...keys: IssuerKey[]): Promise<KeyServer> {
  const server = createServer((_request, response) => {
    issuer.asked += 1
    issuer.answer(response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const issuer: KeyServer = {
    url: new URL(`http://127.0.0.1:${port}/.well-known/jwks.json`),
    asked: 0,
    answer: () => undefined,
    publish(...published) {
      const body = JSON.stringify({ keys: published.map(({ jwk }) => jwk) })
      this.answer = (response) => {
        response.setHeader('content-type', 'application/json')
        response.end(body)
      }
    },
  }
  issuer.publish(...keys)
  return issuer
}
