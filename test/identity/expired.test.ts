// Credentials that were good and are past their time are told from those that never were.
import t from 'tap'
import { isExpired } from '../../src/identity/expired.ts'
import { deriveKeys } from '../../src/identity/secret.ts'
import { Refusal } from '../../src/protocol/errors.ts'
import { startApp } from '../support/app.ts'
import { claimsAt, issued, issuerKey, thirdPartyIssuer } from '../support/issuer.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { asServer, call, person, ticketOf } from '../support/people.ts'
import { signed } from './hand-made-token.ts'

const SECRETS = { current: 'root secret of these expiry tests', previous: null }
const DAY_SECONDS = 86_400
const key = deriveKeys(SECRETS, 'access-token').current
const theirs = issuerKey('ES256')
const clock = new ManualClock()
const settings = { secrets: SECRETS, ...thirdPartyIssuer({ key: theirs.pem, algorithm: 'ES256' }) }
const usher = await startApp(t, settings, { clock })
const ann = await person(usher)
const { session } = (await call(`${usher.url}/session`, 'GET', { headers: ann.bearer })).body

// The times of our own tokens are those of the process, whatever the clock of the test says.
const now = Math.floor(Date.now() / 1_000)
const ours = { sub: ann.user, sid: session, iss: 'usher', aud: 'usher' }
const past = { ...ours, iat: now - 900, exp: now - 10 }

/** `expired`, `wrong`, or `good`. */
async function outcomeOf(token: string): Promise<string> {
  try {
    const { identity } = await usher.app.authenticator.prove({ kind: 'bearer', token })
    return identity.user === null ? 'nothing' : 'good'
  } catch (error) {
    if (!(error instanceof Refusal)) return String(error)
    return isExpired(error) ? 'expired' : 'wrong'
  }
}

const OWN: Record<string, [token: string, outcome: string]> = {
  'not expired': [signed({ claims: { ...ours, iat: now, exp: now + 900 }, key }), 'good'],
  'four seconds past its end': [
    signed({ claims: { ...ours, iat: now - 800, exp: now - 3 }, key }),
    'good',
  ],
  'only expired': [signed({ claims: past, key }), 'expired'],
  'expired a year ago': [
    signed({
      claims: { ...ours, iat: now - 365 * DAY_SECONDS, exp: now - 364.999 * DAY_SECONDS },
      key,
    }),
    'expired',
  ],
  'expired, of a foreign key': [signed({ claims: past, key: Buffer.alloc(32, 1) }), 'wrong'],
  'expired, for another audience': [signed({ claims: { ...past, aud: 'other' }, key }), 'wrong'],
  'expired, with a life longer than ours': [
    signed({ claims: { ...past, iat: now - 2_000 }, key }),
    'wrong',
  ],
  'expired, of an unknown session': [signed({ claims: { ...past, sid: 's_x' }, key }), 'wrong'],
}

const claims = claimsAt(clock.now())
const atOnce = Math.floor(clock.now() / 1_000)
const gone = { iat: atOnce - 900, exp: atOnce - 60 }
const longAgo = { iat: atOnce - 40 * DAY_SECONDS, exp: atOnce - 40 * DAY_SECONDS + 600 }
const tooLong = { iat: atOnce - 3 * DAY_SECONDS, exp: atOnce - 60 }
const of = (more: object) => issued(theirs, { ...claims, ...more })

const THEIRS: Record<string, [token: string, outcome: string]> = {
  good: [await of({}), 'good'],
  'only expired': [await of(gone), 'expired'],
  'expired weeks ago': [await of(longAgo), 'expired'],
  'expired, of another key': [await issued(issuerKey('ES256'), { ...claims, ...gone }), 'wrong'],
  'expired, for another audience': [await of({ ...gone, aud: 'https://other.example' }), 'wrong'],
  'expired, of another issuer': [await of({ ...gone, iss: 'https://other.example' }), 'wrong'],
  'expired, and a refresh token': [await of({ ...gone, typ: 'Refresh' }), 'wrong'],
  'expired, with a life of days': [await of(tooLong), 'wrong'],
  'expired, without a subject': [await of({ ...gone, sub: '' }), 'wrong'],
  'not expired, and issued too long ago': [await of({ ...tooLong, exp: atOnce + 60 }), 'wrong'],
  'expired at a time that is none': [await of({ ...gone, exp: -1e300 }), 'wrong'],
}

for (const [what, [token, outcome]] of Object.entries(OWN)) {
  t.test(`[S13] an access token that is ${what}`, async (t) => {
    t.equal(await outcomeOf(token), outcome)
  })
}

for (const [what, [token, outcome]] of Object.entries(THEIRS)) {
  t.test(`[C37] a third-party token that is ${what}`, async (t) => {
    t.equal(await outcomeOf(token), outcome)
  })
}

t.test('[C37] an expired token of a banned user is a wrong one', async (t) => {
  const token = await of({ ...gone, sub: 'bob' })
  t.equal(await outcomeOf(token), 'expired')
  await call(`${usher.url}/users/jwt:bob/ban`, 'PUT', { headers: asServer })
  t.equal(await outcomeOf(token), 'wrong')
})

t.test('over HTTP an expired token is answered like any wrong one', async (t) => {
  const answers = [OWN['only expired'], OWN['expired, of a foreign key'], THEIRS['only expired']]
  const told = answers.map((row) => {
    const headers = { authorization: `Bearer ${row?.[0]}` }
    return call(`${usher.url}/rooms/chat:a`, 'GET', { headers })
  })
  const message = 'This access token is not valid now: log in again.'
  for (const { status, body } of await Promise.all(told)) {
    t.same({ status, body }, { status: 401, body: { error: 'unauthorized', code: 101, message } })
  }
})

t.test('[C22] tickets: used and late ones are expired, forged ones are wrong', async (t) => {
  const prove = (ticket: string) => usher.app.authenticator.prove({ kind: 'ticket', ticket })
  const tried = (ticket: string) => prove(ticket).then(() => null, isExpired)
  const used = await ticketOf(usher, ann.bearer)
  await (await prove(used)).settle()
  t.equal(await tried(used), true)
  const late = await ticketOf(usher, ann.bearer)
  t.equal(await tried(late), null)
  await clock.advance(31_000)
  t.equal(await tried(late), true)
  t.equal(await tried(`${late.slice(0, -6)}AAAAAA`), false)
})

t.test('an expired token of a session that has ended is a wrong one', async (t) => {
  const bob = await person(usher)
  const { body } = await call(`${usher.url}/session`, 'GET', { headers: bob.bearer })
  const token = signed({ claims: { ...past, sub: bob.user, sid: body.session }, key })
  t.equal(await outcomeOf(token), 'expired')
  await call(`${usher.url}/session`, 'DELETE', { headers: bob.bearer })
  t.equal(await outcomeOf(token), 'wrong')
})
