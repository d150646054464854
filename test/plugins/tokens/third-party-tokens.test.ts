// Another issuer's key set over the network: fetched, rotated, and kept while the issuer fails.
import type { ServerResponse } from 'node:http'
import t from 'tap'
import { signed } from '../../identity/hand-made-token.ts'
import { connect } from '../../support/client.ts'
import { claimsAt, issuerKey, keyServer } from '../../support/issuer.ts'
import { nothingLeft } from '../../support/nothing-left.ts'
import { call, person } from '../../support/people.ts'
import { asked, old, setUp } from '../../support/third-party-scene.ts'
import { until } from '../../support/until.ts'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
const next = issuerKey('ES256', 'next')

function gone(response: ServerResponse): void {
  response.destroy()
}

t.test('[C37] the key set is fetched when the first token comes, and once for many', async (t) => {
  const { issuer, status } = await setUp(t)
  t.equal(issuer.asked, 0, 'a boot does not ask the issuer')
  t.same(new Set(await Promise.all(Array.from({ length: 50 }, () => status()))), new Set([200]))
  t.equal(issuer.asked, 1)
})

t.test('[C37] a new key is fetched when it is first seen, and an old one goes', async (t) => {
  const { clock, issuer, status } = await setUp(t)
  t.equal(await status(), 200)
  issuer.publish(old, next)
  await clock.advance(30_000)
  t.equal(await status(next), 200)
  t.equal(await status(old), 200)
  issuer.publish(next)
  await clock.advance(11 * MINUTE_MS)
  // A key set that is merely old serves once more, while it is fetched again.
  await status(next)
  await until(async () => (await status(old)) === 401)
  t.equal(await status(next), 200)
  t.equal(issuer.asked, 3)
})

t.test('[C37] [S14] a flood of unknown kids is no flood for the issuer', async (t) => {
  const { clock, issuer, status } = await setUp(t)
  t.equal(await status(), 200)
  const flood = async (name: string): Promise<Set<number>> => {
    const kids = Array.from({ length: 200 }, (_, at) => ({ kid: `${name}${at}` }))
    return new Set(await Promise.all(kids.map((header) => status(old, header))))
  }
  t.same(await flood('a'), new Set([401]))
  t.equal(issuer.asked, 1)
  await clock.advance(30_000)
  t.same(await flood('b'), new Set([401]))
  t.same(await flood('../../../'), new Set([401]))
  t.equal(issuer.asked, 2, 'one more in half a minute')
  t.equal(await status(), 200, 'and tokens with a known key are accepted as before')
})

t.test('[C37] while an issuer is away its keys serve for a day', async (t) => {
  const { clock, usher, issuer, status } = await setUp(t)
  t.equal(await status(), 200)
  issuer.answer = gone
  await clock.advance(11 * MINUTE_MS)
  t.equal(await status(), 200)
  await until(() => usher.log().includes('the old one stays'))
  clock.leap(DAY_MS - 12 * MINUTE_MS)
  t.equal(await status(), 200)
  t.equal(await status(next), 401, 'a key that was never fetched is refused')
  await clock.advance(2 * MINUTE_MS)
  t.equal(await status(), 503, 'after a day its key set is too old')
  issuer.publish(old)
  await clock.advance(1_000)
  t.equal(await status(), 200)
})

t.test('[C37] [C3] without keys a token is neither good nor bad: 503, or 3004', async (t) => {
  const { clock, usher, issuer, tokenOf } = await setUp(t)
  issuer.answer = gone
  const answer = await asked(usher, await tokenOf())
  t.match(answer, { status: 503, body: { error: 'unavailable', code: 100 } })
  t.match(answer.headers.get('retry-after'), /^\d+$/)
  const first = await connect(`${usher.url}/rooms/chat:a?auth=message`)
  first.send(JSON.stringify({ token: await tokenOf() }))
  t.same(await first.closed, { code: 3004, reason: 'internal error' })
  await nothingLeft(usher.app)
  t.equal(issuer.asked, 1, 'it is asked once a second')
  const local = await person(usher)
  t.equal((await call(`${usher.url}/session`, 'GET', { headers: local.bearer })).status, 200)
  t.equal((await asked(usher, 'no token at all')).status, 401)
  issuer.publish(old)
  await clock.advance(1_000)
  t.equal((await asked(usher, await tokenOf())).status, 200)
})

t.test('[C37] a key set that never ends is given up after five seconds', async (t) => {
  const { clock, issuer, status } = await setUp(t)
  t.equal(await status(), 200)
  let open = 0
  issuer.answer = (response) => {
    open += 1
    response.write('{"keys": [')
    response.once('close', () => {
      open -= 1
    })
  }
  await clock.advance(11 * MINUTE_MS)
  t.equal(await status(), 200, 'a token with a known key does not wait for it')
  await until(() => open === 1)
  const unknown = status(next)
  await clock.advance(5_000)
  t.equal(await unknown, 401)
  await until(() => open === 0)
  t.equal(await status(), 200)
})

t.test('[C37] a key set without end is read no further than its bound', async (t) => {
  const { usher, issuer, status } = await setUp(t)
  let closed = false
  issuer.answer = (response) => {
    const more = (): boolean => response.write(' '.repeat(65_536))
    response.on('drain', more)
    response.once('close', () => {
      closed = true
    })
    more()
    more()
  }
  t.equal(await status(), 503)
  await until(() => closed)
  t.match(usher.log(), /the key set is too large/)
})

const BROKEN: Record<string, (response: ServerResponse) => void> = {
  'is no JSON': (response) => response.end('<html>'),
  'is empty': (response) => response.end(),
  'is null': (response) => response.end('null'),
  'is a list': (response) => response.end('[]'),
  'has no keys': (response) => response.end('{}'),
  'has keys that are no list': (response) => response.end('{"keys":{"0":{}}}'),
  'has keys that are no objects': (response) => response.end('{"keys":[1,null,"k"]}'),
  'is an error': (response) => response.writeHead(500).end(JSON.stringify({ keys: [old.jwk] })),
  'is elsewhere': (response) => response.writeHead(302, { location: '/elsewhere' }).end(),
  'ends in its midst': (response) => {
    response.writeHead(200, { 'content-length': 100 }).write('{"keys":[')
    response.destroy()
  },
}

for (const [what, answer] of Object.entries(BROKEN)) {
  t.test(`[C37] a key set that ${what} opens nothing, and spoils nothing`, async (t) => {
    const { clock, issuer, status } = await setUp(t)
    const { answer: well } = issuer
    issuer.answer = answer
    t.equal(await status(), 503)
    issuer.answer = well
    await clock.advance(1_000)
    t.equal(await status(), 200)
    issuer.answer = answer
    await clock.advance(11 * MINUTE_MS)
    t.equal(await status(next), 401)
    t.equal(await status(), 200)
  })
}

t.test('[S13] of a key set only public keys for the pinned algorithm count', async (t) => {
  const { clock, issuer, status, tokenOf, usher } = await setUp(t)
  const secret = Buffer.alloc(32, 7)
  const { jwk, privateKey } = next
  const keys = [
    { kty: 'oct', k: secret.toString('base64url'), kid: 'shared', alg: 'HS256' },
    { ...jwk, kid: 'sealing', use: 'enc' },
    { ...jwk, kid: 'other', alg: 'ES384' },
    { ...privateKey.export({ format: 'jwk' }), kid: 'secret' },
    old.jwk,
  ]
  issuer.answer = (response) => void response.end(JSON.stringify({ keys }))
  t.equal(await status(), 200)
  for (const kid of ['sealing', 'other', 'secret']) t.equal(await status(next, { kid }), 401, kid)
  const header = { alg: 'HS256', typ: 'JWT', kid: 'shared' }
  const claims = claimsAt(clock.now())
  t.equal((await asked(usher, signed({ header, claims, key: secret }))).status, 401)
  const rsa = issuerKey('RS256', 'old')
  t.equal((await asked(usher, await tokenOf(rsa))).status, 401)
})

t.test('[C37] a token without kid is taken while there is one key to choose', async (t) => {
  const { clock, issuer, status } = await setUp(t)
  t.equal(await status(old, { kid: undefined }), 200)
  issuer.publish(old, next)
  await clock.advance(30_000)
  t.equal(await status(next), 200)
  t.equal(await status(old, { kid: undefined }), 401)
})

t.test('[C37] [S35] a key set that is somewhere else by now is not followed there', async (t) => {
  const { issuer, status } = await setUp(t)
  const elsewhere = await keyServer(t, old)
  issuer.answer = (response) => response.writeHead(302, { location: elsewhere.url.href }).end()
  t.equal(await status(), 503)
  t.equal(elsewhere.asked, 0)
})
