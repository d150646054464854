// The actions of a back end on users: ban, revoke, disconnect, send out of a room.
import { SignJWT } from 'jose'
import t, { type Test } from 'tap'
import { startApp } from '../support/app.ts'
import { type Client, connect, refused } from '../support/client.ts'
import { connectEveryWay } from '../support/connect-every-way.ts'
import { ManualClock } from '../support/manual-clock.ts'
import {
  asServer,
  call,
  PASSWORD,
  type Person,
  person,
  ticketOf,
  whoAmI,
} from '../support/people.ts'
import { rawRequest } from '../support/raw-client.ts'

const usher = await startApp(t)
const { url, keepSecret } = usher
const room = `${url}/rooms/chat:a`
const FORCED = { code: 3503, reason: 'forced' }

type Headers = Record<string, string>

/** The actions of a back end on a user, each by its method and path. */
const ENDPOINTS = {
  ban: (user: string) => ['PUT', `/users/${user}/ban`],
  unban: (user: string) => ['DELETE', `/users/${user}/ban`],
  disconnect: (user: string) => ['DELETE', `/users/${user}/connections`],
  revoke: (user: string) => ['DELETE', `/users/${user}/connections?revoke`],
  sendOut: (user: string) => ['DELETE', `/rooms/chat:a/members/${user}`],
} as const

type Endpoint = keyof typeof ENDPOINTS

function act(endpoint: Endpoint, user: string, headers: Headers = asServer) {
  const [method = '', path = ''] = ENDPOINTS[endpoint](user)
  return call(url + path, method, { headers })
}

async function done(t: Test, endpoint: Endpoint, user: string): Promise<void> {
  const { status, body } = await act(endpoint, user)
  t.same({ status, body }, { status: 204, body: null }, endpoint)
}

function logIn({ username }: Person, client = 'app') {
  return call(`${url}/session`, 'POST', { body: { username, password: PASSWORD, client } })
}

async function refresh(refreshToken: string): Promise<number> {
  return (await call(`${url}/session/refresh`, 'POST', { body: { refreshToken } })).status
}

async function checkClosed(t: Test, clients: Client[]): Promise<void> {
  for (const client of clients) t.same(await client.closed, FORCED)
}

function checkOpen(t: Test, clients: Client[]): void {
  for (const { ws } of clients) t.equal(ws.readyState, ws.OPEN)
}

t.test('[C80] [S34] these endpoints are for server keys alone', async (t) => {
  const ann = await person(usher)
  const open = await connect(room, { headers: ann.bearer })
  const { cookie } = ann.browser
  const table: [string, Headers, number][] = [
    ['nobody', {}, 401],
    ['a wrong key', { authorization: 'Bearer wrong' }, 401],
    ['a user', ann.bearer, 403],
    ['a user, by cookie', ann.browser, 403],
    ['a user, by cookie of a foreign page', { cookie, origin: 'https://elsewhere.example' }, 403],
    ['a user, by cookie of no page', { cookie }, 403],
    ['a key as cookie', { ...ann.browser, cookie: `usher=${asServer.authorization}` }, 401],
  ]
  for (const endpoint of Object.keys(ENDPOINTS) as Endpoint[]) {
    for (const [who, headers, status] of table) {
      t.equal((await act(endpoint, ann.user, headers)).status, status, `${endpoint}: ${who}`)
      t.equal(
        (await act(endpoint, 'not%20an%20id', headers)).status,
        status,
        'before the id is read',
      )
    }
  }
  checkOpen(t, [open])
  t.equal(await whoAmI(usher, ann.bearer), 200)
})

t.test('[C80] [S6] a server key is not taken in a URL', async (t) => {
  const key = asServer.authorization.slice(7)
  const answer = await call(`${url}/users/u_1/ban?token=${key}`, 'PUT')
  t.equal(answer.status, 400)
})

for (const endpoint of ['ban', 'disconnect', 'revoke'] as const) {
  t.test(`[C81] [C82] [S18] ${endpoint} closes all connections of that user alone`, async (t) => {
    const [ann, bob] = [await person(usher), await person(usher)]
    const gone = [
      await connectEveryWay(usher, ann, 'chat:a'),
      await connectEveryWay(usher, ann, 'chat:b'),
    ]
    const stay = await connectEveryWay(usher, bob, 'chat:a')
    const back = await connect(room, { headers: asServer })
    await done(t, endpoint, ann.user)
    for (const { web, app, given } of gone) await checkClosed(t, [...web, ...app, ...given])
    checkOpen(t, [...stay.web, ...stay.app, ...stay.given, back])
  })
}

t.test('[C84] a user who is sent out leaves that room, and no other', async (t) => {
  const [ann, bob] = [await person(usher), await person(usher)]
  const gone = await connectEveryWay(usher, ann, 'chat:a')
  const stay = [
    await connectEveryWay(usher, ann, 'chat:b'),
    await connectEveryWay(usher, bob, 'chat:a'),
  ]
  await done(t, 'sendOut', ann.user)
  await checkClosed(t, Object.values(gone).flat())
  for (const ways of stay) checkOpen(t, Object.values(ways).flat())
  t.equal(await whoAmI(usher, ann.bearer), 200)
  await connect(room, { headers: ann.bearer })
})

t.test('[C81] [S18] no credential of a banned user is accepted', async (t) => {
  const ann = await person(usher)
  const issued = [
    await ticketOf(usher, ann.bearer),
    await ticketOf(usher, ann.browser),
    await ticketOf(usher, asServer, { user: ann.user }),
  ]
  await done(t, 'ban', ann.user)
  for (const headers of [ann.bearer, ann.browser]) {
    t.equal(await whoAmI(usher, headers), 401)
    t.equal((await refused(room, { headers })).status, 401)
    t.equal((await call(`${url}/tickets`, 'POST', { headers, body: {} })).status, 401)
    const message = { headers, body: 'hello' }
    t.equal((await call(`${room}/messages`, 'POST', message)).status, 401)
  }
  for (const ticket of issued) {
    t.equal((await refused(`${room}?ticket=${ticket}`)).body.error, 'ticket_used')
    const first = await connect(`${room}?auth=message`)
    first.send(JSON.stringify({ ticket }))
    t.equal((await first.closed).code, 3500)
  }
  t.equal(await refresh(ann.refreshToken), 401)
  const order = { headers: asServer, body: { user: ann.user } }
  const given = await call(`${url}/tickets`, 'POST', order)
  t.match(given, { status: 403, body: { error: 'forbidden' } }, 'nor do tickets of a back end')
})

t.test('[C81] [C13] [S23] a banned log-in answers like a wrong password', async (t) => {
  const ann = await person(usher)
  await done(t, 'ban', ann.user)
  const wrong = { username: ann.username, password: 'a wrong password' }
  const expected = await call(`${url}/session`, 'POST', { body: wrong })
  for (const client of ['web', 'app']) {
    const { status, body, headers } = await logIn(ann, client)
    t.same({ status, body }, { status: 401, body: expected.body })
    t.same([...headers.keys()], [...expected.headers.keys()])
  }
})

t.test('[C83] a ban lasts until it is lifted; the sessions it ended stay over', async (t) => {
  const ann = await person(usher)
  for (let time = 0; time < 2; time += 1) await done(t, 'ban', ann.user)
  t.equal((await logIn(ann)).status, 401)
  for (let time = 0; time < 2; time += 1) await done(t, 'unban', ann.user)
  t.equal(await whoAmI(usher, ann.bearer), 401)
  t.equal(await refresh(ann.refreshToken), 401)
  const { status, body } = await logIn(ann)
  t.equal(status, 200)
  keepSecret(body.accessToken, body.refreshToken)
  await connect(room, { headers: { authorization: `Bearer ${body.accessToken}` } })
  await connect(`${room}?ticket=${await ticketOf(usher, asServer, { user: ann.user })}`)
})

t.test('[C82] a user who is only disconnected may come back as before', async (t) => {
  for (const query of ['', '?revoke=false']) {
    const ann = await person(usher)
    const ticket = await ticketOf(usher, ann.bearer)
    const open = await connect(room, { headers: ann.browser })
    const path = `${url}/users/${ann.user}/connections${query}`
    t.equal((await call(path, 'DELETE', { headers: asServer })).status, 204)
    t.same(await open.closed, FORCED)
    for (const headers of [ann.browser, ann.bearer]) await connect(room, { headers })
    await connect(`${room}?ticket=${ticket}`)
  }
})

t.test('[C82] with ?revoke earlier credentials are refused, and later ones are good', async (t) => {
  for (const query of ['?revoke', '?revoke=', '?revoke=true']) {
    const ann = await person(usher)
    const issued = [
      await ticketOf(usher, ann.bearer),
      await ticketOf(usher, asServer, { user: ann.user }),
    ]
    const path = `${url}/users/${ann.user}/connections${query}`
    t.equal((await call(path, 'DELETE', { headers: asServer })).status, 204)
    for (const headers of [ann.browser, ann.bearer]) t.equal(await whoAmI(usher, headers), 401)
    t.equal(await refresh(ann.refreshToken), 401)
    for (const ticket of issued) t.equal((await refused(`${room}?ticket=${ticket}`)).status, 401)
    const { status, body } = await logIn(ann)
    t.equal(status, 200)
    keepSecret(body.accessToken, body.refreshToken)
    await connect(room, { headers: { authorization: `Bearer ${body.accessToken}` } })
    await connect(`${room}?ticket=${await ticketOf(usher, asServer, { user: ann.user })}`)
  }
  for (const query of ['?revoke=1', '?revoke=yes', '?revoke=true&revoke=true']) {
    const path = `${url}/users/u_1/connections${query}`
    t.equal((await call(path, 'DELETE', { headers: asServer })).status, 400, query)
  }
})

t.test('[C85] [S18] users of another issuer are banned and revoked like ours', async (t) => {
  const clock = new ManualClock()
  const key = 'a secret that both sides know 0123'
  const thirdPartyIssuer = {
    ...{ key, jwksUrl: null, algorithm: 'HS256', prefix: 'acme:' },
    ...{ issuer: 'https://acme.example', audience: 'usher' },
  }
  const thirdParty = await startApp(t, { thirdPartyIssuer }, { clock })
  const token = () => {
    const iat = Math.floor(clock.now() / 1_000)
    const claims = { sub: 'ann/1', iat, exp: iat + 600, iss: thirdPartyIssuer.issuer, aud: 'usher' }
    const jwt = new SignJWT(claims).setProtectedHeader({ alg: 'HS256' })
    return jwt.sign(Buffer.from(key))
  }
  const enter = async (jwt: string) => {
    const headers = { authorization: `Bearer ${jwt}` }
    return (await call(`${thirdParty.url}/rooms/chat:a`, 'GET', { headers })).status
  }
  const user = encodeURIComponent('acme:ann%2F1')
  const tell = async (method: string, path: string) =>
    (await call(`${thirdParty.url}/users/${user}${path}`, method, { headers: asServer })).status
  const before = await token()
  t.equal(await enter(before), 200)
  clock.jump(1_000)
  t.equal(await tell('DELETE', '/connections?revoke'), 204)
  t.equal(await enter(before), 401)
  clock.jump(1_000)
  const after = await token()
  t.equal(await enter(after), 200)
  t.equal(await tell('PUT', '/ban'), 204)
  t.equal(await enter(after), 401)
  t.equal(await tell('DELETE', '/ban'), 204)
  t.equal(await enter(after), 200)
  t.equal(await enter(before), 401, 'a ban that is lifted lifts no revocation')
})

t.test('[C85] any user id can be named, one of ours or not', async (t) => {
  const ids = [
    ...['nobody', 'null', 'undefined', '__proto__', 'constructor', 'hasOwnProperty', 'toString'],
    ...['acme:a%2Fb', 'acme:%E2%82%AC', '%', '%%25', '%2e%2e', 'a.b_c~d@e-f', '0', 'x'.repeat(128)],
    '%'.repeat(128),
  ]
  for (const user of ids) {
    const open = await connect(`${room}?ticket=${await ticketOf(usher, asServer, { user })}`)
    const other = `${user.slice(0, 100)}-`
    const stays = await connect(
      `${room}?ticket=${await ticketOf(usher, asServer, { user: other })}`,
    )
    const name = encodeURIComponent(user)
    await done(t, 'sendOut', name)
    t.same(await open.closed, FORCED, user)
    await done(t, 'ban', name)
    const banned = await call(`${url}/tickets`, 'POST', { headers: asServer, body: { user } })
    t.equal(banned.status, 403, user)
    await done(t, 'unban', name)
    await done(t, 'revoke', name)
    await done(t, 'disconnect', name)
    await ticketOf(usher, asServer, { user })
    checkOpen(t, [stays])
  }
})

t.test('[C85] [C1] a path that is no user id is a 400, whatever it tries', async (t) => {
  const wrong = [
    ...['a%20b', 'a%00b', 'a%0D%0Ab', '%F0%9F%94%91', '%C3%A9', 'a%2Fb', '%2F', 'a$b', 'a;b'],
    ...['x'.repeat(129), 'x'.repeat(1_024), '%25'.repeat(129), '%25'.repeat(1_024), '"', "a'b"],
  ]
  for (const user of wrong) {
    for (const endpoint of Object.keys(ENDPOINTS) as Endpoint[]) {
      const { status, body } = await act(endpoint, user)
      t.match({ status, body }, { status: 400, body: { error: 'bad_request', code: 107 } })
    }
  }
  for (const broken of ['%', '%2', '%zz', '%E0%A4%A', '%FF', 'a%']) {
    const request = `PUT /users/${broken}/ban HTTP/1.1\r\nHost: x\r\nConnection: close\r\n`
    const client = await rawRequest(
      url,
      `${request}Authorization: ${asServer.authorization}\r\n\r\n`,
    )
    t.equal(await client.status(), 400, broken)
    client.socket.destroy()
  }
})
