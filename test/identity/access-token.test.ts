// Access tokens over HTTP: ours are accepted, and everything that only looks like one is refused.
import { createSign, generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { deriveKeys } from '../../src/identity/secret.ts'
import { startApp } from '../support/app.ts'
import { call, person, whoAmI } from '../support/people.ts'
import { HEADER, type Part, signed, unsigned } from './hand-made-token.ts'

const SECRETS = { current: 'root secret of these token tests', previous: null }
const key = deriveKeys(SECRETS, 'access-token').current
const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 })
const publicPem = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString()

const usher = await startApp(t, { secrets: SECRETS })
const ann = await person(usher)
const bob = await person(usher)
const sessionOf = async (headers: Record<string, string>): Promise<string> =>
  (await call(`${usher.url}/session`, 'GET', { headers })).body.session
const [annSession, bobSession] = [await sessionOf(ann.bearer), await sessionOf(bob.bearer)]

const now = Math.floor(Date.now() / 1_000)
const party = { iss: 'usher', aud: 'usher' }
const claims = { sub: ann.user, sid: annSession, ...party, iat: now, exp: now + 900 }
const good = signed({ claims, key })
const [goodHeader = '', goodClaims = '', goodSignature = ''] = good.split('.')

const statusOf = (token: string) => whoAmI(usher, { authorization: `Bearer ${token}` })

function without(name: string): Part {
  return Object.fromEntries(Object.entries(claims).filter(([claim]) => claim !== name))
}

function withClaims(more: Record<string, unknown>): string {
  return signed({ claims: { ...claims, ...more }, key })
}

function withHeader(more: Record<string, unknown>): string {
  return signed({ header: { ...HEADER, ...more }, claims, key })
}

function signedWithRsa(header: Part): string {
  const head = unsigned(header, claims)
  return `${head}.${createSign('sha256').update(head).sign(rsa.privateKey, 'base64url')}`
}

t.test('[S13] a token that is made by hand as ours are passes', async (t) => {
  t.equal(await statusOf(good), 200)
})

const text = JSON.stringify(claims)
const BAD: Record<string, string> = {
  'alg none without signature': `${unsigned({ ...HEADER, alg: 'none' }, claims)}.`,
  'alg None without signature': `${unsigned({ ...HEADER, alg: 'None' }, claims)}.`,
  'alg none with a signature': signed({ header: { ...HEADER, alg: 'none' }, claims, key }),
  'no alg': signed({ header: { typ: 'at+jwt' }, claims, key }),
  HS512: signed({ header: { ...HEADER, alg: 'HS512' }, claims, key, hash: 'sha512' }),
  'HS384 named and HS256 signed': withHeader({ alg: 'HS384' }),
  'HS256 named and HS512 signed': signed({ claims, key, hash: 'sha512' }),
  'HS256 signed with an RSA public key': signed({ claims, key: publicPem }),
  RS256: signedWithRsa({ ...HEADER, alg: 'RS256' }),
  'RS256 with its key in the header': signedWithRsa({
    ...HEADER,
    alg: 'RS256',
    jwk: rsa.publicKey.export({ format: 'jwk' }),
  }),
  'an empty signature': `${goodHeader}.${goodClaims}.`,
  'a stripped signature': `${goodHeader}.${goodClaims}`,
  'half a signature': `${goodHeader}.${goodClaims}.${goodSignature.slice(0, 21)}`,
  'a fourth part': `${good}.x`,
  'a foreign key': signed({ claims, key: Buffer.alloc(32, 1) }),
  'an empty key': signed({ claims, key: '' }),
  'the root secret as its key': signed({ claims, key: SECRETS.current }),
  "the tickets' key": signed({ claims, key: deriveKeys(SECRETS, 'ticket').current }),
  'typ JWT': withHeader({ typ: 'JWT' }),
  'typ refresh': withHeader({ typ: 'rt+jwt' }),
  'no typ': signed({ header: { alg: 'HS256' }, claims, key }),
  'another audience': withClaims({ aud: 'other' }),
  'another issuer': withClaims({ iss: 'other' }),
  'no audience': signed({ claims: without('aud'), key }),
  'no issuer': signed({ claims: without('iss'), key }),
  'no exp': signed({ claims: without('exp'), key }),
  'no iat': signed({ claims: without('iat'), key }),
  'no sub': signed({ claims: without('sub'), key }),
  'no sid': signed({ claims: without('sid'), key }),
  'a time that is past': withClaims({ iat: now - 900, exp: now - 10 }),
  'a time that is past, by minutes': withClaims({ iat: now - 400, exp: now - 300 }),
  'a life that is longer than ours': withClaims({ iat: now - 1_000, exp: now + 86_400 }),
  'a life of one second more than ours': withClaims({ exp: now + 901 }),
  'an exp that is no number': withClaims({ exp: 'never' }),
  'an exp that is infinite': signed({ claims: text.replace(/"exp":\d+/, '"exp":1e999'), key }),
  'a time of issue that is to come': withClaims({ iat: now + 60, exp: now + 900 }),
  'a start that is to come': withClaims({ nbf: now + 600 }),
  'a session that does not exist': withClaims({ sid: 's_AAAAAAAAAAAAAAAA' }),
  "another user's session": withClaims({ sid: bobSession }),
  'a sub that is no string': withClaims({ sub: [ann.user] }),
  'a sub that is said twice': signed({ claims: text.replace('}', ',"sub":"u_other"}'), key }),
  'a token in the token': signed({ header: { ...HEADER, cty: 'JWT' }, claims: good, key }),
  'claims that are no object': signed({ claims: '"text"', key }),
  'claims that are an array': signed({ claims: '[]', key }),
  'a header that is no JSON': signed({ header: '{', claims, key }),
  'more than 2,048 characters': withClaims({ pad: 'x'.repeat(2_048) }),
  'one flipped bit of its claims': `${goodHeader}.${goodClaims.slice(0, -2)}A0.${goodSignature}`,
  'nothing but dots': '..',
}

for (const [what, token] of Object.entries(BAD)) {
  t.test(`[S13] [S15] a token with ${what} is refused`, async (t) => {
    t.equal(await statusOf(token), 401)
  })
}

t.test('[S14] kid, jku, jwk and x5u in a header are not looked at: we write none', async (t) => {
  const tempting = { kid: '../../dev/null', jku: 'http://127.0.0.1:1/', x5u: 'http://127.0.0.1:1/' }
  t.equal(await statusOf(withHeader({})), 200)
  t.equal(await statusOf(withHeader(tempting)), 401)
  const header = { ...HEADER, ...tempting, jwk: { kty: 'oct', k: 'AAAA' } }
  t.equal(await statusOf(signed({ header, claims, key: Buffer.alloc(3) })), 401)
})

t.test('[S15] tokens of the server have all claims that it asks for, and no more', async (t) => {
  const token = ann.bearer.authorization.split(' ')[1] ?? ''
  const [header, body] = token.split('.').map((part) => Buffer.from(part, 'base64url').toString())
  t.match(JSON.parse(header ?? ''), HEADER)
  const issued = JSON.parse(body ?? '')
  t.same(Object.keys(issued).sort(), ['aud', 'exp', 'iat', 'iss', 'sid', 'sub'])
  t.equal(issued.exp - issued.iat, 900, '[S17] 15 minutes')
})
