// An application's own log-in instead of ours: the `identity` function.
import cookie from '@fastify/cookie'
import jwt from '@fastify/jwt'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Test, test } from 'tap'
import type { HostUser, UsherOptions } from '../../src/index.ts'
import { connect, refused } from '../support/client.ts'
import { asServer, call } from '../support/people.ts'
import { type Host, keptLog, startHost } from './host.ts'

const ROOM = '/rt/rooms/chat:a'

type Found = HostUser | null | undefined
type Identity = (request: FastifyRequest) => unknown

/** An application whose log-in is the function `identity`. */
function withLogIn(t: Test, identity: Identity, options: UsherOptions = {}): Promise<Host> {
  const own = { ...options, identity } as UsherOptions
  return startHost(t, { options: own, before: (app) => app.register(cookie) })
}

/** The user that the cookie `who` names. */
const byCookie = ({ headers }: FastifyRequest): Found => {
  const user = /who=([^;]+)/.exec(headers.cookie ?? '')?.[1]
  return user === undefined ? null : { user, info: { name: user.toUpperCase() } }
}
const page = (url: string, who: string) => ({ cookie: `who=${who}`, origin: url })

for (const [how, identity] of [
  ['at once', byCookie],
  ['later', async (request: FastifyRequest) => byCookie(request)],
] as const) {
  test(`[C219] the user, answered ${how}`, async (t) => {
    const { url, app } = await withLogIn(t, identity)
    const headers = page(url, 'ann')
    const member = await connect(url + ROOM, { headers })
    member.send('a')
    t.equal(await member.text(), 'a')
    const { body, status } = await call(`${url}/rt/tickets`, 'POST', { headers })
    t.equal(status, 201)
    const byTicket = await connect(body.url.replace('{room}', 'chat:a'))
    t.equal((await call(url + ROOM, 'GET', { headers })).body.users, 1, 'both are ann')
    await app.usher.disconnect({ user: 'ann' })
    t.equal((await member.closed).code, 3503)
    t.equal((await byTicket.closed).code, 3503)
  })
}

test('null and undefined both mean no user', async (t) => {
  for (const none of [null, undefined]) {
    const { url } = await withLogIn(t, () => none)
    t.match(await refused(url + ROOM), { status: 401, body: { error: 'unauthorized' } })
    t.match(await call(`${url}/rt/tickets`, 'POST'), { status: 401 })
    t.equal((await call(url + ROOM, 'GET', { headers: asServer })).status, 200)
  }
})

test('an open room lets no anonymous request in, a personal one only its owner', async (t) => {
  const rooms = [{ match: 'open:*', join: ['anyone' as const] }]
  const { url } = await withLogIn(t, byCookie, { rooms })
  await (await connect(`${url}/rt/rooms/open:a`)).close()
  const headers = page(url, 'ann')
  await (await connect(`${url}/rt/rooms/user:ann`, { headers })).close()
  t.equal((await refused(`${url}/rt/rooms/user:bob`, { headers })).status, 403)
})

test('[C219] accounts and their page are not there', async (t) => {
  const { url } = await withLogIn(t, byCookie)
  for (const path of [
    '/accounts',
    '/session',
    '/session/refresh',
    '/account',
    '/sessions',
    '/users',
    '/',
  ]) {
    t.equal((await call(`${url}/rt${path}`, 'GET')).status, 404, path)
    t.equal((await call(`${url}/rt${path}`, 'POST', { body: {} })).status, 404, path)
  }
  t.equal((await fetch(`${url}/rt/docs/json`)).status, 200)
})

test('[C219] [C33] the log-in counts only for pages of our origins', async (t) => {
  const { url } = await withLogIn(t, byCookie, { origins: ['https://app.example.com'] })
  const from = (origin: object) => ({ cookie: 'who=ann', ...origin })
  const tries: [object, number, number][] = [
    [{ origin: url }, 101, 201],
    [{ origin: 'https://app.example.com' }, 101, 201],
    [{ 'sec-fetch-site': 'same-origin' }, 101, 201],
    [{ origin: 'https://evil.example' }, 403, 403],
    [{ 'sec-fetch-site': 'cross-site' }, 403, 403],
    [{}, 403, 403],
  ]
  for (const [origin, socket, ticket] of tries) {
    const headers = from(origin) as Record<string, string>
    const opened = connect(url + ROOM, { headers }).then((client) => client.close())
    const status = await opened.then(
      () => 101,
      (error: Error) => Number(/\d+$/.exec(error.message)),
    )
    t.equal(status, socket, JSON.stringify(origin))
    t.equal((await call(`${url}/rt/tickets`, 'POST', { headers })).status, ticket)
  }
})

test('users whose ids look like ours are the application’s', async (t) => {
  const { url, app } = await withLogIn(t, byCookie)
  const ids = ['u_abcdefghij', 'jwt:x', 'host:x', 'a@b.example', '__proto__', 'constructor', '%41']
  for (const user of ids) {
    const headers = page(url, user)
    const own = `${url}/rt/rooms/user:${encodeURIComponent(user)}`
    const member = await connect(own, { headers }).then((client) => client.close())
    t.match(member, { code: 1000 }, user)
    const decoded = `${url}/rt/rooms/user:${decodeURIComponent(user)}x`
    t.equal((await refused(decoded, { headers })).status, 403, 'no other room')
    t.equal((await call(`${url}/rt/tickets`, 'POST', { headers })).status, 201, user)
  }
  t.equal(app.hasDecorator('accounts'), false)
})

test('an answer that is no user is the application’s fault, logged and refused', async (t) => {
  const strange = [{}, { user: '' }, { user: 7 }, { user: 'a b' }, { user: 'x'.repeat(129) }, 'ann']
  for (const found of [...strange, { user: null }, { user: ['ann'] }, true]) {
    const log = keptLog()
    const { url } = await startHost(t, {
      options: { identity: (() => found) as never },
      server: { logger: log.logger },
    })
    const headers = { origin: url }
    t.match(await refused(url + ROOM, { headers }), { status: 500, body: { error: 'internal' } })
    t.match(log.text(), /the identity function gave a user id that is not of/)
  }
})

test('[S47] a wrong session, end or info is the application’s fault too', async (t) => {
  const wrongs: [object, RegExp][] = [
    [{ session: 7 }, /a session that is no text/],
    [{ expiresAt: new Date() }, /an expiresAt that is no number/],
    [{ expiresAt: Number.NaN }, /an expiresAt that is no number/],
    [{ expiresAt: '2030-01-01' }, /an expiresAt that is no number/],
    [{ info: 'Ann' }, /info that is no object/],
  ]
  for (const [wrong, sentence] of wrongs) {
    const log = keptLog()
    const { url } = await startHost(t, {
      options: { identity: (() => ({ user: 'ann', ...wrong })) as never },
      server: { logger: log.logger },
    })
    t.equal((await refused(url + ROOM, { headers: { origin: url } })).status, 500)
    t.match(log.text(), sentence)
  }
})

test('[S48] a session of the application that has ended opens nothing', async (t) => {
  const { url } = await withLogIn(t, () => ({ user: 'ann', expiresAt: Date.now() - 1 }))
  t.equal((await refused(url + ROOM, { headers: { origin: url } })).status, 401)
  t.equal((await call(`${url}/rt/tickets`, 'POST', { headers: { origin: url } })).status, 401)
})

test('one that throws: 500 and logged, or the status that its error has', async (t) => {
  const errors: [unknown, number][] = [
    [new Error('database is away: secret host'), 500],
    [Object.assign(new Error('log in'), { statusCode: 401 }), 401],
    [Object.assign(new Error('busy'), { statusCode: 503 }), 503],
  ]
  for (const [error, status] of errors) {
    const sync = () => {
      throw error
    }
    for (const identity of [sync, async () => sync()]) {
      const { url } = await withLogIn(t, identity)
      const refusal = await refused(url + ROOM, { headers: { origin: url } })
      t.equal(refusal.status, status)
      t.notMatch(refusal.body.message, 'secret host')
      t.equal((await call(`${url}/rt/tickets`, 'POST')).status, status)
      t.equal((await call(url + ROOM, 'GET', { headers: asServer })).status, 200, 'others go on')
    }
  }
})

test('it is not asked where another credential decides', async (t) => {
  let asked = 0
  const { url, app } = await withLogIn(t, () => {
    asked += 1
    return null
  })
  const { ticket } = await app.usher.issueTicket({ user: 'ann' })
  await (await connect(`${url}${ROOM}?ticket=${ticket}`)).close()
  await (await connect(url + ROOM, { headers: asServer })).close()
  const first = await connect(`${url}${ROOM}?auth=message`)
  first.send(JSON.stringify({ ticket: (await app.usher.issueTicket({ user: 'ann' })).ticket }))
  first.send('a')
  t.equal(await first.text(), 'a')
  await first.close()
  t.equal((await call(`${url}/rt/health/live`, 'GET')).status, 200)
  t.equal(asked, 0)
})

test('[C219] a bearer token of the application’s own, for apps without an Origin', async (t) => {
  const before = async (app: FastifyInstance): Promise<void> => {
    await app.register(jwt, { secret: 'a secret of theirs' })
    app.get('/token', async () => app.jwt.sign({ sub: 'ann' }))
  }
  const identity = async (request: FastifyRequest): Promise<HostUser | null> => {
    if (request.headers.authorization === undefined) return null
    const { sub } = await request.jwtVerify<{ sub: string }>()
    return { user: sub }
  }
  const { url } = await startHost(t, { options: { identity }, before })
  const headers = { authorization: `Bearer ${await (await fetch(`${url}/token`)).text()}` }
  await (await connect(url + ROOM, { headers })).close()
  t.equal((await call(`${url}/rt/tickets`, 'POST', { headers })).status, 201)
  const evil = { ...headers, origin: 'https://evil.example' }
  t.equal((await refused(url + ROOM, { headers: evil })).status, 403)
  const wrong = { authorization: 'Bearer x.y.z' }
  t.match(await refused(url + ROOM, { headers: wrong }), { status: 401, body: { code: 101 } })
  t.equal((await refused(url + ROOM)).status, 401)
  t.equal((await call(url + ROOM, 'GET', { headers: asServer })).status, 200, 'server keys too')
})

test('a bearer token that the application does not know is refused, not anonymous', async (t) => {
  const rooms = [{ match: '*', join: ['anyone' as const] }]
  const { url } = await withLogIn(t, () => null, { rooms })
  t.equal((await call(url + ROOM, 'GET')).status, 200)
  const headers = { authorization: 'Bearer nobody' }
  t.equal((await call(url + ROOM, 'GET', { headers })).status, 401)
})

test('the end of the application’s session ends its connections, by ticket too', async (t) => {
  const identity = (request: FastifyRequest): Found => {
    const session = /s=([^;]+)/.exec(request.headers.cookie ?? '')?.[1]
    return session === undefined ? null : { user: 'ann', session }
  }
  const { url, app } = await withLogIn(t, identity)
  const headersOf = (session: string) => ({ cookie: `s=${session}`, origin: url })
  const phone = await connect(url + ROOM, { headers: headersOf('phone') })
  const laptop = await connect(url + ROOM, { headers: headersOf('laptop') })
  const asked = await call(`${url}/rt/tickets`, 'POST', { headers: headersOf('phone') })
  t.equal(asked.status, 201)
  const byTicket = await connect(asked.body.url.replace('{room}', 'chat:a'))
  await app.usher.disconnect({ session: 'phone' })
  t.same(await phone.closed, { code: 3503, reason: 'forced' })
  t.same(await byTicket.closed, { code: 3503, reason: 'forced' })
  laptop.send('still here')
  t.equal(await laptop.text(), 'still here')
  await laptop.close()
})

test('a user of the application can be banned', async (t) => {
  const { url } = await withLogIn(t, byCookie)
  const headers = page(url, 'ann')
  const member = await connect(url + ROOM, { headers })
  await call(`${url}/rt/users/ann/ban`, 'PUT', { headers: asServer })
  t.equal((await member.closed).code, 3503)
  t.equal((await refused(url + ROOM, { headers })).status, 401)
  await call(`${url}/rt/users/ann/ban`, 'DELETE', { headers: asServer })
  await (await connect(url + ROOM, { headers })).close()
})

test('info that is too long to travel is a fault of the application', async (t) => {
  const { url } = await withLogIn(t, () => ({ user: 'ann', info: { bio: 'x'.repeat(3_000) } }))
  t.equal((await refused(url + ROOM, { headers: { origin: url } })).status, 500)
})
