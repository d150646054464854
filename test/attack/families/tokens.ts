// Access tokens that no issuer signed: forged with node:crypto, first without the key, and then
// with it, to see that a good signature alone is not enough (S13, S14, S15).
import { createHmac, createSign, generateKeyPairSync, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { clientFrame, OPCODE } from '../../support/frames.ts'
import { type Attack, attack, type Family } from '../attack.ts'
import { accessTokenKey, type Target } from '../target.ts'
import { closeWords, type Headers, listening, upgrade } from '../wire.ts'

const REFUSED = '401 unauthorized'
const ROOM = '/rooms/attack:tokens'

type Json = Record<string, unknown>

function part(value: Json | string | Buffer): string {
  const bytes = typeof value === 'string' || Buffer.isBuffer(value) ? value : JSON.stringify(value)
  return Buffer.from(bytes).toString('base64url')
}

/** A token with an HMAC; header and claims may be text that JSON would not keep. */
function signed(
  header: Json | string,
  claims: Json | string,
  key: Buffer | string,
  hash = 'sha256',
) {
  const body = `${part(header)}.${part(claims)}`
  return `${body}.${createHmac(hash, key).update(body).digest('base64url')}`
}

export const tokens: Family = { title: 'tokens', parts: [forgeries] }

async function forgeries(target: Target): Promise<Attack[]> {
  const genuine = target.victim.bearer.authorization.slice('Bearer '.length)
  const [head = '', body = ''] = genuine.split('.')
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as Json
  const header = JSON.parse(Buffer.from(head, 'base64url').toString()) as Json
  const forged = [...withoutKey(genuine, header, claims), ...withKey(header, claims)]
  return [
    control(target, signed(header, claims, accessTokenKey())),
    ...forged.map(([name, token]) => bearer(target, name, token)),
    ...otherDoors(target, forged),
    ...elsewhere(target, genuine),
    noCalls(target, claims),
  ]
}

function control(target: Target, token: string): Attack {
  return { ...bearer(target, 'control: signed with the real key', token), expected: '200' }
}

function bearer(target: Target, name: string, token: string): Attack {
  const ask = { path: '/session', headers: [['Authorization', `Bearer ${token}`]] as Headers }
  // What does not fit in a header never reaches the token's check.
  const expected = token.length > 12_000 ? '400 bad_request' : REFUSED
  return attack(name, token, expected, () => target.words(ask))
}

type Forged = [name: string, token: string]

function withoutKey(genuine: string, header: Json, claims: Json): Forged[] {
  const [head = '', body = '', signature = ''] = genuine.split('.')
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 })
  const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' })
  const jwk = rsa.publicKey.export({ format: 'jwk' }) as Json
  const none = (alg: string) => `${part({ ...header, alg })}.${body}.`
  const rs = (more: Json): string => {
    const text = `${part({ ...header, alg: 'RS256', ...more })}.${body}`
    return `${text}.${createSign('sha256').update(text).sign(rsa.privateKey, 'base64url')}`
  }
  const url = 'http://127.0.0.1:9/keys'
  return [
    ...['none', 'None', 'NONE', 'nOnE', ''].map((alg): Forged => [`alg "${alg}"`, none(alg)]),
    ['alg none with a signature', `${none('none')}${signature}`],
    ['signature stripped', `${head}.${body}`],
    ['signature empty', `${head}.${body}.`],
    ['signature of something else', `${head}.${part({ ...claims, sub: 'u_other' })}.${signature}`],
    ['signature cut in half', `${head}.${body}.${signature.slice(0, 22)}`],
    ['signature with padding', `${genuine}=`],
    ['a fourth part', `${genuine}.${signature}`],
    ['only dots', '...'],
    ['RSA key as HMAC', signed({ ...header, alg: 'HS256' }, claims, pem)],
    ['RS256 with its key in jwk', rs({ jwk })],
    ['RS256 with jku', rs({ jku: url })],
    ['RS256 with x5u', rs({ x5u: url })],
    ['RS256 with x5c', rs({ x5c: [part(pem)] })],
    ['empty HMAC key', signed(header, claims, '')],
    ['guessable HMAC key', signed(header, claims, 'secret')],
    ['kid that names an empty file', signed({ ...header, kid: '../../../dev/null' }, claims, '')],
    ['kid with SQL', signed({ ...header, kid: "x' UNION SELECT 'secret'--" }, claims, 'secret')],
    ['kid of another type', signed({ ...header, kid: { $ne: null } }, claims, 'secret')],
    ['crit we do not know', signed({ ...header, crit: ['exp'], exp: 0 }, claims, 'secret')],
    ['a token in a token', signed({ ...header, cty: 'JWT' }, genuine, 'secret')],
    [
      'encrypted form',
      `${part({ alg: 'dir', enc: 'A256GCM' })}..${part('iv')}.${part('x')}.${part('tag')}`,
    ],
    ['oversized, 7 KB', signed(header, { ...claims, pad: 'x'.repeat(5_000) }, 'secret')],
    ['oversized, 40 KB', signed(header, { ...claims, pad: 'x'.repeat(30_000) }, 'secret')],
    ['not base64', '%%%.%%%.%%%'],
    ['header is no object', signed('[]', claims, 'secret')],
    ['random bytes', `${part(randomBytes(30))}.${part(randomBytes(90))}.${part(randomBytes(32))}`],
    [
      'prototype in the header',
      signed('{"alg":"HS256","__proto__":{"typ":"at+jwt"}}', claims, 'x'),
    ],
  ]
}

/** Signed as we sign ourselves: it is the claims and the header that must not do. */
function withKey(header: Json, claims: Json): Forged[] {
  const key = accessTokenKey()
  const now = Math.floor(Date.now() / 1_000)
  const claiming = (more: Json) => signed(header, { ...claims, ...more }, key)
  const without = (name: string) => signed(header, { ...claims, [name]: undefined }, key)
  const text = JSON.stringify(claims)
  const twice = (claim: string) => signed(header, `${text.slice(0, -1)},${claim}}`, key)
  const victimTwice = `"sub":${JSON.stringify(claims.sub)},"sub":"u_other"`
  return [
    ['real key, alg none', `${part({ ...header, alg: 'none' })}.${part(claims)}.`],
    ['real key, HS512', signed({ ...header, alg: 'HS512' }, claims, key, 'sha512')],
    ['real key, HS384', signed({ ...header, alg: 'HS384' }, claims, key, 'sha384')],
    ['real key, says HS512 and signs HS256', signed({ ...header, alg: 'HS512' }, claims, key)],
    ['real key, typ JWT', signed({ ...header, typ: 'JWT' }, claims, key)],
    ['real key, no typ', signed({ alg: 'HS256' }, claims, key)],
    ['real key, typ refresh', signed({ ...header, typ: 'refresh+jwt' }, claims, key)],
    ['real key, nested', signed({ ...header, cty: 'JWT' }, signed(header, claims, key), key)],
    ['real key, issued in the future', claiming({ iat: now + 3_600, exp: now + 4_500 })],
    ['real key, expired', claiming({ iat: now - 1_000, exp: now - 100 })],
    ['real key, negative exp', claiming({ exp: -1 })],
    ['real key, exp in milliseconds long ago', claiming({ iat: 1, exp: now * 1_000 })],
    ['real key, lives too long', claiming({ iat: now - 1_000, exp: now + 86_400 })],
    ['real key, exp as text', claiming({ exp: '9999999999' })],
    ['real key, exp is 1e999', signed(header, text.replace(/"exp":\d+/, '"exp":1e999'), key)],
    ['real key, not yet', claiming({ nbf: now + 3_600 })],
    ...['exp', 'iat', 'iss', 'aud', 'sub', 'sid'].map(
      (name): Forged => [`real key, no ${name}`, without(name)],
    ),
    ['real key, another issuer', claiming({ iss: 'evil' })],
    ['real key, another audience', claiming({ aud: 'evil' })],
    ['real key, sub of another user', claiming({ sub: 'u_other' })],
    ['real key, sub twice', twice(victimTwice)],
    ['real key, sub as an array', claiming({ sub: [claims.sub] })],
    ['real key, sid as an object', claiming({ sid: { toString: 'x' } })],
    ['real key, sid of nobody', claiming({ sid: 's_AAAAAAAAAAAAAAAA' })],
    ['real key, sid with SQL', claiming({ sid: "' OR '1'='1" })],
    ['real key, claims are an array', signed(header, '[]', key)],
    ['real key, claims are null', signed(header, 'null', key)],
    ['real key, claims are no JSON', signed(header, '{"sub":', key)],
    ['the root secret itself as key', signed(header, claims, 'the-root-secret')],
  ]
}

/** The same tokens at the upgrade and as first message: a few of each kind will do. */
function otherDoors(target: Target, forged: readonly Forged[]): Attack[] {
  const chosen = forged.filter((_, at) => at % 6 === 0 && !_[0].includes('oversized'))
  return chosen.flatMap(([name, token]) => [
    attack(`upgrade: ${name}`, token, REFUSED, () =>
      target.upgraded(ROOM, [['Authorization', `Bearer ${token}`]]),
    ),
    attack(`first message: ${name}`, token, '3500 invalid credentials', async () => {
      const client = await upgrade(target.url, `${ROOM}?auth=message`)
      client.socket.write(clientFrame({ opcode: OPCODE.text, payload: JSON.stringify({ token }) }))
      return closeWords(client)
    }),
  ])
}

/** A good token where none is taken, and headers that almost hold one. */
function elsewhere(target: Target, genuine: string): Attack[] {
  const cookie: Headers = [['Cookie', `usher=${genuine}`]]
  const header = (value: string): Headers => [['Authorization', value]]
  const wrong: Headers = [...header('Bearer wrong'), ['Cookie', target.victim.browser.cookie]]
  const bad = '400 bad_request'
  const asks: [string, string, Headers, string][] = [
    ['in the URL as token', `/session?token=${genuine}`, [], bad],
    ['in the URL as access_token', `/session?access_token=${genuine}`, [], bad],
    ['in the URL as jwt', `/session?jwt=${genuine}`, [], bad],
    [
      'in the URL beside a good header',
      `/session?token=${genuine}`,
      header(`Bearer ${genuine}`),
      bad,
    ],
    ['as the cookie', '/session', cookie, REFUSED],
    ['Basic', '/session', header(`Basic ${genuine}`), REFUSED],
    ['no scheme', '/session', header(genuine), REFUSED],
    ['empty Bearer', '/session', header('Bearer '), REFUSED],
    ['two in one header', '/session', header(`Bearer ${genuine}, Bearer ${genuine}`), REFUSED],
    ['a wrong token beside a good cookie', '/session', wrong, REFUSED],
  ]
  return asks.map(([name, path, headers, expected]) =>
    attack(`a good token ${name}`, path, expected, () => target.words({ path, headers })),
  )
}

/** A server that fetches what a token names would call us. */
function noCalls(target: Target, claims: Json): Attack {
  const sent = 'jku, x5u and kid that point to a listener of ours'
  return attack('no address in a token is ever fetched', sent, '0 calls', () =>
    callsMade(target, claims),
  )
}

async function callsMade(target: Target, claims: Json): Promise<string> {
  let calls = 0
  const listener = createServer((_request, response) => {
    calls += 1
    response.end('{"keys":[]}')
  })
  const url = `http://127.0.0.1:${await listening(listener)}/keys`
  for (const name of ['jku', 'x5u', 'kid']) {
    const token = signed({ alg: 'HS256', typ: 'at+jwt', [name]: url }, claims, 'secret')
    await target.ask({ path: '/session', headers: [['Authorization', `Bearer ${token}`]] })
  }
  listener.close()
  return `${calls} calls`
}
