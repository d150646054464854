// Changing the password, deleting the account, logging out everywhere: which sessions end and which
// stay.
import t, { type Test } from 'tap'
import { startApp, startOnManualClock } from '../support/app.ts'
import { type Client, connect, refused } from '../support/client.ts'
import { connectEveryWay } from '../support/connect-every-way.ts'
import { moveUntil } from '../support/manual-clock.ts'
import { pauseCalls } from '../support/paused-calls.ts'
import {
  asServer,
  call,
  PASSWORD,
  type Person,
  person,
  ticketOf,
  whoAmI,
} from '../support/people.ts'

const usher = await startApp(t)
const { url, keepSecret } = usher
const room = `${url}/rooms/chat:a`
const NEW = 'staple battery horse'
const FORCED = { code: 3503, reason: 'forced' }
keepSecret(NEW)

type Headers = Record<string, string>

function changePassword(headers: Headers, body: object = {}, base = url) {
  const change = { password: PASSWORD, newPassword: NEW, ...body }
  return call(`${base}/account/password`, 'PUT', { headers, body: change })
}

function logIn(username: string, password: string, more: object = {}) {
  return call(`${url}/session`, 'POST', { body: { username, password, ...more } })
}

async function refresh(refreshToken: string): Promise<number> {
  const { status, body } = await call(`${url}/session/refresh`, 'POST', { body: { refreshToken } })
  if (status === 200) keepSecret(body.refreshToken, body.accessToken)
  return status
}

const connections = (who: Person) => connectEveryWay(usher, who, 'chat:a')

async function checkClosed(t: Test, clients: Client[]): Promise<void> {
  for (const client of clients) t.same(await client.closed, FORCED)
}

function checkOpen(t: Test, clients: Client[]): void {
  for (const { ws } of clients) t.equal(ws.readyState, ws.OPEN)
}

t.test('[C18] [S18] a new password ends the other sessions, and keeps this one', async (t) => {
  const ann = await person(usher)
  const { web, app, given } = await connections(ann)
  const [mine, other] = [await ticketOf(usher, ann.bearer), await ticketOf(usher, ann.browser)]
  const { status, body } = await changePassword(ann.bearer)
  t.equal(status, 204)
  t.equal(body, null)
  await checkClosed(t, web)
  t.equal(await whoAmI(usher, ann.browser), 401)
  t.equal((await refused(`${room}?ticket=${other}`)).body.error, 'ticket_used')
  t.equal(await whoAmI(usher, ann.bearer), 200)
  t.equal(await refresh(ann.refreshToken), 200)
  await connect(`${room}?ticket=${mine}`)
  checkOpen(t, [...app, ...given])
})

t.test('[C18] from then on the new password logs in, and the old one does not', async (t) => {
  const { username, bearer } = await person(usher)
  await changePassword(bearer)
  t.equal((await logIn(username, PASSWORD)).status, 401)
  t.equal((await logIn(username, NEW)).status, 200)
})

t.test('[C18] [C33] [S12] by cookie from our own pages alone', async (t) => {
  const ann = await person(usher)
  const { cookie } = ann.browser
  const pages: Headers[] = [
    { cookie },
    { cookie, origin: 'https://elsewhere.example' },
    { cookie, origin: 'null' },
    { cookie, 'sec-fetch-site': 'cross-site' },
    { cookie, 'sec-fetch-site': 'none' },
  ]
  for (const headers of pages) {
    t.equal((await changePassword(headers)).status, 403)
    t.equal((await call(`${url}/account`, 'DELETE', { headers })).status, 403)
    t.equal((await call(`${url}/sessions`, 'DELETE', { headers })).status, 403)
  }
  const { web, app } = await connections(ann)
  t.equal((await changePassword(ann.browser)).status, 204)
  await checkClosed(t, app)
  checkOpen(t, web)
  t.equal(await whoAmI(usher, ann.browser), 200)
  t.equal(await refresh(ann.refreshToken), 401)
})

t.test('[C18] with a wrong present password nothing changes', async (t) => {
  const ann = await person(usher)
  const { web } = await connections(ann)
  const { status, body } = await changePassword(ann.bearer, { password: 'a wrong one' })
  t.equal(status, 403)
  t.match(body, { error: 'forbidden', code: 103 })
  checkOpen(t, web)
  t.equal(await whoAmI(usher, ann.browser), 200)
  t.equal((await logIn(ann.username, PASSWORD)).status, 200)
})

/** An app on a clock that stands still, for requests from any address. */
async function startForAddresses(t: Test) {
  const { clock, usher: own } = await startOnManualClock(t, { trustProxy: ['127.0.0.1'] })
  const { bearer, username } = await person(own)
  const change = (address: string, password: string) =>
    changePassword({ ...bearer, 'x-forwarded-for': address }, { password }, own.url)
  const enter = (address: string, name = username) => {
    const headers = { 'x-forwarded-for': address }
    return call(`${own.url}/session`, 'POST', {
      headers,
      body: { username: name, password: PASSWORD },
    })
  }
  return { clock, url: own.url, change, enter }
}

t.test('[C18] [C13] [S24] a wrong present password counts for the address', async (t) => {
  const { change, enter } = await startForAddresses(t)
  for (let guess = 0; guess < 10; guess += 1) {
    t.equal((await enter('192.0.2.1', `nobody-${guess}`)).status, 401)
  }
  t.equal((await change('192.0.2.1', 'a wrong guess')).status, 403)
  const told = await change('192.0.2.1', PASSWORD)
  t.match(told, { status: 429, body: { error: 'too_many_requests' } })
  t.equal(told.headers.get('retry-after'), '1')
  t.equal((await enter('192.0.2.1')).status, 429, 'at every endpoint that takes passwords')
  t.equal((await change('192.0.2.2', PASSWORD)).status, 204, 'the owner, elsewhere')
})

t.test('[C18] [C13] [S24] and for the account, whose log-ins are delayed', async (t) => {
  const { clock, url, change, enter } = await startForAddresses(t)
  for (let guess = 0; guess < 6; guess += 1) {
    t.equal((await change('192.0.2.1', 'a wrong guess')).status, 403)
  }
  let answered = false
  const owner = enter('192.0.2.2').finally(() => {
    answered = true
  })
  for (let asked = 0; asked < 20; asked += 1) await call(`${url}/health/live`, 'GET')
  t.notOk(answered, 'the owner is delayed')
  await moveUntil(clock, owner)
  t.equal((await owner).status, 200)
})

t.test('[C18] a new password is one that could be signed up with', async (t) => {
  const { bearer } = await person(usher)
  for (const body of [
    { newPassword: 'seven 7' },
    { newPassword: 'x'.repeat(257) },
    { newPassword: null },
    { password: '' },
    { password: 'x'.repeat(257) },
    { user: 'u_1' },
  ]) {
    t.equal((await changePassword(bearer, body)).status, 400, JSON.stringify(body).slice(0, 40))
  }
  t.equal((await changePassword(bearer, { newPassword: PASSWORD })).status, 204, 'the same one')
})

t.test('[C18] of two changes at once one is made', async (t) => {
  const { username, bearer } = await person(usher)
  const passwords = ['the first of two', 'the second of two']
  const changes = passwords.map((newPassword) => changePassword(bearer, { newPassword }))
  const statuses = (await Promise.all(changes)).map(({ status }) => status)
  t.same([...statuses].sort(), [204, 403])
  const made = passwords[statuses.indexOf(204)] ?? ''
  t.equal((await logIn(username, made)).status, 200)
})

t.test('[C18] a log-in on its way with the old password does not come in', async (t) => {
  for (const client of ['web', 'app']) {
    const { username, bearer, browser } = await person(usher)
    const paused = pauseCalls(usher.app.engine.sessions, 'create')
    const late = logIn(username, PASSWORD, { client })
    await paused.reached
    t.equal((await changePassword(bearer)).status, 204)
    paused.release()
    t.match(await late, { status: 401, body: { message: 'Username or password is wrong.' } })
    t.equal(await whoAmI(usher, bearer), 200)
    t.equal(await whoAmI(usher, browser), 401)
  }
})

t.test('[C121] an account is deleted with its sessions, tickets and connections', async (t) => {
  const ann = await person(usher)
  const { web, app, given } = await connections(ann)
  const tickets = [
    await ticketOf(usher, ann.bearer),
    await ticketOf(usher, ann.browser),
    await ticketOf(usher, asServer, { user: ann.user }),
  ]
  const { status, headers } = await call(`${url}/account`, 'DELETE', { headers: ann.browser })
  t.equal(status, 204)
  t.match(headers.getSetCookie(), [/^usher=; .*Expires=Thu, 01 Jan 1970/])
  await checkClosed(t, [...web, ...app, ...given])
  t.equal(await whoAmI(usher, ann.browser), 401)
  t.equal(await whoAmI(usher, ann.bearer), 401)
  t.equal(await refresh(ann.refreshToken), 401)
  for (const ticket of tickets) {
    t.equal((await refused(`${room}?ticket=${ticket}`)).body.error, 'ticket_used')
  }
  const gone = await logIn(ann.username, PASSWORD)
  t.same(gone.body, (await logIn('no-such-name', PASSWORD)).body)
  t.equal((await call(`${url}/account`, 'DELETE', { headers: ann.bearer })).status, 401)
})

t.test('[C121] a log-in on its way into a deleted account is a 401', async (t) => {
  const { username, bearer } = await person(usher)
  const paused = pauseCalls(usher.app.engine.sessions, 'create')
  const late = logIn(username, PASSWORD)
  await paused.reached
  await call(`${url}/account`, 'DELETE', { headers: bearer })
  paused.release()
  t.match(await late, { status: 401, body: { message: 'Username or password is wrong.' } })
})

t.test('[C121] logging out everywhere ends all earlier sessions, and no later one', async (t) => {
  for (const by of ['browser', 'bearer'] as const) {
    const ann = await person(usher)
    const bob = await person(usher)
    const { web, app, given } = await connections(ann)
    const others = await connections(bob)
    const ticket = await ticketOf(usher, asServer, { user: ann.user })
    const { status, headers } = await call(`${url}/sessions`, 'DELETE', { headers: ann[by] })
    t.equal(status, 204)
    t.equal(headers.getSetCookie().length, by === 'browser' ? 1 : 0)
    await checkClosed(t, [...web, ...app, ...given])
    t.equal(await whoAmI(usher, ann.browser), 401)
    t.equal(await whoAmI(usher, ann.bearer), 401)
    t.equal(await refresh(ann.refreshToken), 401)
    t.equal((await refused(`${room}?ticket=${ticket}`)).body.error, 'ticket_used')
    checkOpen(t, Object.values(others).flat())
    const again = await logIn(ann.username, PASSWORD, { client: 'app' })
    t.equal(again.status, 200)
    keepSecret(again.body.accessToken, again.body.refreshToken)
    const bearer = { authorization: `Bearer ${again.body.accessToken}` }
    await connect(`${room}?ticket=${await ticketOf(usher, bearer)}`)
  }
})

t.test('[C18] [C121] these endpoints are for users with an account of ours alone', async (t) => {
  t.equal((await changePassword({})).status, 401)
  t.equal((await changePassword(asServer)).status, 403)
  for (const [path, status] of [
    ['/account', 403],
    ['/sessions', 400],
  ] as const) {
    t.equal((await call(url + path, 'DELETE', {})).status, 401)
    t.equal((await call(url + path, 'DELETE', { headers: asServer })).status, status)
  }
})
