// Logging in, the identity of a session, logging out, and what ends with a session.
import { createHook } from 'node:async_hooks'
import t from 'tap'
import { type StartedApp, startApp } from '../support/app.ts'
import { connect, refused } from '../support/client.ts'
import { asServer, call, cookieOf, PASSWORD, person, ticketOf } from '../support/people.ts'

const usher = await startApp(t)
const { url } = usher

function logIn({ url }: StartedApp, body: object, headers: Record<string, string> = {}) {
  return call(`${url}/session`, 'POST', { body: { password: PASSWORD, ...body }, headers })
}

function whoAmI(headers: Record<string, string>) {
  return call(`${url}/session`, 'GET', { headers })
}

t.test('[C11] [S10] a browser gets its session in a cookie that no page can read', async (t) => {
  const { user, username } = await person(usher)
  const { status, headers, body } = await logIn(usher, { username })
  t.equal(status, 200)
  t.match(body, { user, username, expiresAt: Number })
  t.same(Object.keys(body).sort(), ['expiresAt', 'user', 'username'])
  t.equal(headers.get('cache-control'), 'no-store')
  const [cookie = '', ...others] = headers.getSetCookie()
  t.same(others, [])
  const [value, ...attributes] = cookie.split('; ')
  t.match(value, /^usher=[\w-]{43}$/)
  const expires = `Expires=${new Date(body.expiresAt).toUTCString()}`
  t.same(attributes.sort(), [expires, 'HttpOnly', 'Path=/', 'SameSite=Lax'])
})

t.test('[C12] an app gets a token that lives 15 minutes, and no cookie', async (t) => {
  const { user, username } = await person(usher)
  const { status, headers, body } = await logIn(usher, { username, client: 'app' })
  t.equal(status, 200)
  t.match(body, { user, accessToken: /^[\w-]+\.[\w-]+\.[\w-]+$/, expiresIn: 900 })
  t.same(headers.getSetCookie(), [])
  t.equal(headers.get('cache-control'), 'no-store')
  t.equal((await logIn(usher, { username, client: 'phone' })).status, 400)
})

t.test('[C13] [S23] an unknown name and a wrong password get the same answer', async (t) => {
  const { username } = await person(usher)
  for (const client of ['web', 'app']) {
    const wrong = await logIn(usher, { username, password: 'wrong password', client })
    const unknown = await logIn(usher, { username: 'no-such-name', client })
    t.equal(wrong.status, 401)
    t.equal(unknown.status, wrong.status)
    t.same(unknown.body, wrong.body)
    const names = ({ headers }: typeof wrong) => [...headers.keys()].join()
    t.equal(names(unknown), names(wrong))
  }
})

t.test('[C13] [S23] both take the same work: one run of argon2', async (t) => {
  const { username } = await person(usher)
  const runs = async (body: object) => {
    let count = 0
    const init = (_id: number, type: string) => {
      if (type === 'ARGON2REQUEST') count += 1
    }
    const hook = createHook({ init }).enable()
    await logIn(usher, body)
    hook.disable()
    return count
  }
  t.equal(await runs({ username, password: 'wrong password' }), 1)
  t.equal(await runs({ username: 'no-such-name' }), 1)
  t.equal(await runs({ username }), 1)
})

t.test('[S22] a password fits however it was composed, a name in any letter case', async (t) => {
  const body = { username: 'Zoe', password: 'caf\u00e9 \ufb01rst' }
  await call(`${url}/accounts`, 'POST', { body })
  t.equal((await logIn(usher, { username: 'zOE', password: 'cafe\u0301 first' })).status, 200)
})

t.test('[C14] [S11] every log-in is a new session with a new secret', async (t) => {
  const { username, browser, bearer } = await person(usher)
  const other = await logIn(usher, { username })
  t.not(cookieOf(other.headers), browser.cookie)
  const cookies = [browser, { cookie: cookieOf(other.headers) }, bearer]
  const sessions = await Promise.all(cookies.map(whoAmI))
  t.equal(new Set(sessions.map(({ body }) => body.session)).size, 3)
})

t.test('[C14] a browser that logs in again ends its former session, and no other', async (t) => {
  const { username, browser, bearer } = await person(usher)
  const former = await connect(`${url}/rooms/chat:a`, { headers: browser })
  const app = await connect(`${url}/rooms/chat:b`, { headers: bearer })
  const { status, headers } = await logIn(usher, { username }, browser)
  t.equal(status, 200)
  t.same(await former.closed, { code: 3503, reason: 'forced' })
  t.equal((await whoAmI(browser)).status, 401)
  t.equal((await whoAmI({ cookie: cookieOf(headers) })).status, 200)
  t.equal((await whoAmI(bearer)).status, 200)
  t.equal(app.ws.readyState, app.ws.OPEN)
})

t.test('[C14] a log-in that fails leaves the session as it is', async (t) => {
  const { username, browser } = await person(usher)
  const { status, headers } = await logIn(usher, { username, password: 'wrong one' }, browser)
  t.equal(status, 401)
  t.same(headers.getSetCookie(), [])
  t.equal((await whoAmI(browser)).status, 200)
})

t.test('[S11] a cookie from before the log-in does not become the session', async (t) => {
  const { username } = await person(usher)
  const planted = `usher=${'A'.repeat(43)}`
  const { headers } = await logIn(usher, { username }, { cookie: planted, origin: url })
  t.not(cookieOf(headers), planted)
  t.equal((await whoAmI({ cookie: planted })).status, 401)
})

t.test('[C15] the session tells its user, by cookie and by token', async (t) => {
  const { user, username, browser, bearer } = await person(usher)
  for (const headers of [browser, bearer]) {
    const { status, body } = await whoAmI(headers)
    t.equal(status, 200)
    t.match(body, { user, username, session: /^s_[\w-]{16}$/, expiresAt: Number })
  }
  t.equal((await whoAmI(asServer)).status, 400, 'a server key has no session')
})

t.test('[C15] logging out ends the session and forgets the cookie', async (t) => {
  const { browser, bearer } = await person(usher)
  const { status, headers, body } = await call(`${url}/session`, 'DELETE', { headers: browser })
  t.equal(status, 204)
  t.equal(body, null)
  t.match(headers.getSetCookie(), [/^usher=; .*Expires=Thu, 01 Jan 1970/])
  t.equal((await whoAmI(browser)).status, 401)
  t.equal((await whoAmI(bearer)).status, 200)
  const again = await call(`${url}/session`, 'DELETE', { headers: browser })
  t.equal(again.status, 401)
})

t.test('[C15] an app logs out with its token, which is void from then on', async (t) => {
  const { browser, bearer } = await person(usher)
  const { status, headers } = await call(`${url}/session`, 'DELETE', { headers: bearer })
  t.equal(status, 204)
  t.same(headers.getSetCookie(), [])
  t.equal((await whoAmI(bearer)).status, 401)
  t.equal((await whoAmI(browser)).status, 200)
})

t.test('[C15] [C25] [S18] a log-out closes what the session and its tickets opened', async (t) => {
  const { browser, bearer } = await person(usher)
  const room = `${url}/rooms/chat:out`
  const byCookie = await connect(room, { headers: browser })
  const byItsTicket = await connect(`${room}?ticket=${await ticketOf(usher, browser)}`)
  const byToken = await connect(room, { headers: bearer })
  const byOtherTicket = await connect(`${room}?ticket=${await ticketOf(usher, bearer)}`)
  await call(`${url}/session`, 'DELETE', { headers: browser })
  t.same(await byCookie.closed, { code: 3503, reason: 'forced' })
  t.same(await byItsTicket.closed, { code: 3503, reason: 'forced' })
  byToken.send('still here')
  t.equal(await byOtherTicket.text(), 'still here')
  t.equal(byToken.ws.readyState, byToken.ws.OPEN)
})

t.test('[C15] a log-out makes the tickets of its session void, and no others', async (t) => {
  const { browser, bearer } = await person(usher)
  const [mine, other] = [await ticketOf(usher, browser), await ticketOf(usher, bearer)]
  await call(`${url}/session`, 'DELETE', { headers: browser })
  const answer = await refused(`${url}/rooms/chat:a?ticket=${mine}`)
  t.match(answer, { status: 401, body: { error: 'ticket_used', code: 101 } })
  await connect(`${url}/rooms/chat:a?ticket=${other}`)
})
