// Tokens of a third-party issuer over HTTP: those that it signed for us are accepted, and no other.
import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import t from 'tap'
import { encodeSubject } from '../../src/identity/third-party-token.ts'
import { startApp } from '../support/app.ts'
import { type Algorithm, claimsAt, issued, issuerKey, thirdPartyIssuer } from '../support/issuer.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { call, person } from '../support/people.ts'
import { type Part, signed, unsigned } from './hand-made-token.ts'

const clock = new ManualClock()
const now = Math.floor(clock.now() / 1_000)
const key = issuerKey('RS256')
const usher = await startApp(t, thirdPartyIssuer({ key: key.pem }), { clock })
const SHARED = 'a shared secret of 32 characters or more, 0123456789'
const sharing = thirdPartyIssuer({ key: SHARED, algorithm: 'HS256' })
const withShared = await startApp(t, sharing, { clock })

async function statusOf(token: string, { url } = usher): Promise<number> {
  const headers = { authorization: `Bearer ${token}` }
  return (await call(`${url}/rooms/chat:a`, 'GET', { headers })).status
}

/** The user behind a token, as a ticket ordered with it says. */
async function userOf(token: string, { app, url } = usher): Promise<string | null> {
  const headers = { authorization: `Bearer ${token}` }
  const { body } = await call(`${url}/tickets`, 'POST', { headers, body: {} })
  return body.ticket === undefined ? null : (await app.tickets.inspect(body.ticket)).user
}

const claims = claimsAt(clock.now())
const good = await issued(key, claims)
const [goodHeader = '', goodClaims = '', goodSignature = ''] = good.split('.')
const other = issuerKey('RS256')

function withClaims(more: Record<string, unknown>): Promise<string> {
  return issued(key, claimsAt(clock.now(), more))
}

function withHeader(more: Record<string, unknown>): Promise<string> {
  return issued(key, claims, more)
}

/** Signed with the issuer's own key, whatever the header and claims are. */
function signedAs(header: Part, body: Part): string {
  const head = unsigned(header, body)
  return `${head}.${sign('sha256', Buffer.from(head), key.privateKey).toString('base64url')}`
}

const ALGORITHMS: Algorithm[] = ['RS256', 'PS256', 'ES256', 'EdDSA']
for (const algorithm of ALGORITHMS) {
  t.test(`[C37] an ${algorithm} token is taken by its public key alone`, async (t) => {
    const mine = issuerKey(algorithm)
    const escaped = mine.pem.replaceAll('\n', '\\n')
    const taking = await startApp(t, thirdPartyIssuer({ key: escaped, algorithm }), { clock })
    t.equal(await statusOf(await issued(mine, claims), taking), 200)
    t.equal(await statusOf(await issued(issuerKey(algorithm), claims), taking), 401)
  })
}

t.test('[C37] an HS256 token is taken by the shared key alone', async (t) => {
  const header = { alg: 'HS256', typ: 'JWT' }
  t.equal(await statusOf(signed({ header, claims, key: SHARED }), withShared), 200)
  t.equal(await statusOf(signed({ header, claims, key: `${SHARED}.` }), withShared), 401)
  const stronger = { header: { ...header, alg: 'HS512' }, claims, key: SHARED }
  t.equal(await statusOf(signed({ ...stronger, hash: 'sha512' }), withShared), 401)
})

const HS = { alg: 'HS256', typ: 'JWT' }
const RS = { alg: 'RS256', typ: 'JWT' }
const der = key.publicKey.export({ type: 'spki', format: 'der' })
const text = JSON.stringify(claims)
const [, changedClaims] = unsigned('', { ...claims, sub: 'bob' }).split('.')
const mac = createHmac('sha256', key.pem).update(`${goodHeader}.${goodClaims}`).digest('base64url')

const FORGED: Record<string, string> = {
  'alg none without signature': `${unsigned({ ...RS, alg: 'none' }, claims)}.`,
  'alg NONE without signature': `${unsigned({ ...RS, alg: 'NONE' }, claims)}.`,
  'alg none with a signature': signedAs({ ...RS, alg: 'none' }, claims),
  'no alg': signedAs({ typ: 'JWT' }, claims),
  'HS256 by the PEM of the RSA key': signed({ header: HS, claims, key: key.pem }),
  'HS256 by the PEM without its end': signed({ header: HS, claims, key: key.pem.trim() }),
  'HS256 by the DER of the RSA key': signed({ header: HS, claims, key: der }),
  'RS256 named and signed as HS256': `${goodHeader}.${goodClaims}.${mac}`,
  'an alg that is said twice': signedAs('{"alg":"RS256","alg":"none"}', claims),
  'an empty signature': `${goodHeader}.${goodClaims}.`,
  'a stripped signature': `${goodHeader}.${goodClaims}`,
  'half a signature': `${goodHeader}.${goodClaims}.${goodSignature.slice(0, 100)}`,
  'a fourth part': `${good}.x`,
  'five parts': `${good}.x.x`,
  'another key of the same name': await issued({ ...other, kid: key.kid }, claims),
  'its key in the header (jwk)': await issued(other, claims, { jwk: other.jwk }),
  'the address of its keys (jku)': await issued(other, claims, { jku: 'http://127.0.0.1:1/' }),
  'the address of its key (x5u)': await issued(other, claims, { x5u: 'http://127.0.0.1:1/' }),
  'its certificate (x5c)': await issued(other, claims, { x5c: [other.pem] }),
  'claims changed after signing': `${goodHeader}.${changedClaims}.${goodSignature}`,
  'a header that is no JSON': signedAs('{', claims),
  'nothing but dots': '..',
}

const WRONG: Record<string, string> = {
  'another issuer': await withClaims({ iss: 'https://other.example' }),
  'an issuer that begins alike': await withClaims({ iss: `${claims.iss}.evil.example` }),
  'a list of issuers': await withClaims({ iss: [claims.iss] }),
  'another audience': await withClaims({ aud: 'https://other.example' }),
  'a list of other audiences': await withClaims({ aud: ['a', 'b'] }),
  'no audience': await withClaims({ aud: undefined }),
  'no issuer': await withClaims({ iss: undefined }),
  'no exp': await withClaims({ exp: undefined }),
  'no iat': await withClaims({ iat: undefined }),
  'no sub': await withClaims({ sub: undefined }),
  'an empty sub': await withClaims({ sub: '' }),
  'a sub that is a number': signedAs(RS, { ...claims, sub: 7 }),
  'a sub that is a list': signedAs(RS, { ...claims, sub: ['ann'] }),
  'a sub that is half a character': signedAs(RS, text.replace('"ann"', '"\\ud800"')),
  'a sub too long for an id': await withClaims({ sub: 'a'.repeat(125) }),
  'a time that is past': await withClaims({ iat: now - 900, exp: now - 6 }),
  'an exp that is no number': signedAs(RS, { ...claims, exp: String(now + 600) }),
  'an exp without end': signedAs(RS, text.replace(String(claims.exp), '1e999')),
  'a life of more than a day': await withClaims({ exp: now + 86_401 }),
  'an iat of the day before yesterday': await withClaims({ iat: now - 172_800, exp: now + 60 }),
  'an iat that is to come': await withClaims({ iat: now + 60, exp: now + 600 }),
  'an nbf that is to come': await withClaims({ nbf: now + 60 }),
  'an nbf that is no number': signedAs(RS, { ...claims, nbf: 'now' }),
  'the header of a refresh token': await withHeader({ typ: 'rt+jwt' }),
  'the header of a log-out token': await withHeader({ typ: 'logout+jwt' }),
  'the header of a proof': await withHeader({ typ: 'dpop+jwt' }),
  'the kind Refresh, as Keycloak says it': await withClaims({ typ: 'Refresh' }),
  'the kind ID, as Keycloak says it': await withClaims({ typ: 'ID' }),
  'the kind id, as Cognito says it': await withClaims({ token_use: 'id' }),
  'the kind refresh, as others say it': await withClaims({ token_type: 'refresh' }),
  'a typ that is no text': signedAs({ ...RS, typ: 7 }, claims),
  'a critical extension that is unknown': signedAs({ ...RS, crit: ['x'], x: 1 }, claims),
  'a critical b64': signedAs({ ...RS, crit: ['b64'], b64: false }, claims),
  'a token in the token': signedAs({ ...RS, cty: 'JWT' }, good),
  'claims that are no object': signedAs(RS, '"text"'),
  'claims that are a list': signedAs(RS, '[]'),
  'claims that are null': signedAs(RS, 'null'),
  'more than 8,192 characters': await withClaims({ pad: 'x'.repeat(8_192) }),
}

for (const [what, token] of Object.entries({ ...FORGED, ...WRONG })) {
  t.test(`[C37] [S13] [S15] a third-party token with ${what} is refused`, async (t) => {
    t.equal(await statusOf(token), 401)
  })
}

t.test('[S13] an asymmetric token is refused where a secret is shared', async (t) => {
  t.equal(await statusOf(good, withShared), 401)
  t.equal(await statusOf(FORGED['alg none without signature'] ?? '', withShared), 401)
})

const FINE: Record<string, string> = {
  'a list of audiences, ours among them': await withClaims({ aud: ['other', claims.aud] }),
  'no typ': signedAs({ alg: 'RS256' }, claims),
  'typ at+jwt': await withHeader({ typ: 'at+jwt' }),
  'typ application/at+jwt': await withHeader({ typ: 'application/at+jwt' }),
  'the kind Bearer': await withClaims({ typ: 'Bearer' }),
  'an iat by a clock five seconds ahead': await withClaims({ iat: now + 5 }),
  'an exp five seconds ago, less a little': await withClaims({ exp: now - 4 }),
  'a life of a day': await withClaims({ exp: now + 86_400 }),
  'a sub that just fits an id': await withClaims({ sub: 'a'.repeat(124) }),
}

for (const [what, token] of Object.entries(FINE)) {
  t.test(`[C37] a third-party token with ${what} passes`, async (t) => {
    t.equal(await statusOf(token), 200)
  })
}

t.test('[S14] kid, jku, jwk and x5u of a good token change nothing', async (t) => {
  const url = 'http://127.0.0.1:1/'
  for (const kid of ['../../dev/null', "' OR 1=1 --", '__proto__', 'x'.repeat(4_000)]) {
    const tempting = { kid, jku: url, x5u: url, jwk: other.jwk, x5c: ['AAAA'] }
    t.equal(await statusOf(await withHeader(tempting)), 200, kid.slice(0, 20))
  }
})

t.test('[S14] a kid of a megabyte is refused before it is looked at', async (t) => {
  const token = await withHeader({ kid: 'k'.repeat(1_048_576) })
  t.equal(await usher.app.authenticator.prove({ kind: 'bearer', token }).catch(() => 401), 401)
})

t.test('[S13] a claim that stands twice counts by its last value, also the subject', async (t) => {
  const token = signedAs(RS, text.replace('}', ',"sub":"bob"}'))
  t.equal(await userOf(token), 'jwt:bob')
})

t.test('[C37] a user is the prefix and the subject, percent-encoded', async (t) => {
  const subjects: Record<string, string> = {
    ann: 'jwt:ann',
    'auth0|12': 'jwt:auth0%7C12',
    'a b/ü': 'jwt:a%20b%2F%C3%BC',
    "!'()*": 'jwt:%21%27%28%29%2A',
    '%41': 'jwt:%2541',
    u_AAAA: 'jwt:u_AAAA',
    '\r\n\0': 'jwt:%0D%0A%00',
  }
  for (const [sub, user] of Object.entries(subjects)) {
    t.equal(await userOf(await withClaims({ sub })), user)
    t.equal(decodeURIComponent(encodeSubject(sub)), sub, 'no two subjects are one user')
  }
})

t.test('[C37] a subject that is the id of a local user is another user', async (t) => {
  const local = await person(usher)
  const token = await withClaims({ sub: local.user })
  t.equal(await userOf(token), `jwt:${local.user}`)
  t.equal(await statusOf(token), 200)
})

t.test('[C37] a key that is too short for its algorithm never passes', async (t) => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1_024 })
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const weak = await startApp(t, thirdPartyIssuer({ key: pem }), { clock })
  const head = unsigned(RS, claims)
  const signature = sign('sha256', Buffer.from(head), privateKey).toString('base64url')
  t.equal(await statusOf(`${head}.${signature}`, weak), 401)
})
