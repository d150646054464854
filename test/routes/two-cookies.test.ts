// Several cookies of the session's name, as another application of this host, or a page of a
// sibling domain, may have set one too.
import t, { type Test } from 'tap'
import { startApp } from '../support/app.ts'
import { connect, rawSocket, refused } from '../support/client.ts'
import { call, cookieOf, PASSWORD, person } from '../support/people.ts'
import { RawClient } from '../support/raw-client.ts'

const usher = await startApp(t)
const { url } = usher
const ann = await person(usher, 'ann')
const bob = await person(usher, 'bob')
const STALE = ['A', 'B', 'C', 'D'].map((letter) => `usher=${letter.repeat(43)}`)
const [OLD = ''] = STALE

/** Who a browser with these cookies is, by request and by WebSocket; null for a 401. */
async function who(...cookies: string[]): Promise<string | null> {
  const headers = { cookie: cookies.join('; '), origin: url }
  const { status, body } = await call(`${url}/session`, 'GET', { headers })
  const room = `${url}/rooms/user:${body.user}`
  if (status === 200) await connect(room, { headers }).then((client) => client.close())
  else if ((await refused(`${url}/rooms/chat:a`, { headers })).status !== 401) return 'in a room'
  return status === 200 ? body.username : null
}

/** A further session of a person, as the cookie that names it. */
async function sessionOf(username: string): Promise<string> {
  const body = { username, password: PASSWORD }
  const cookie = cookieOf((await call(`${url}/session`, 'POST', { body })).headers)
  usher.keepSecret(cookie.split('=')[1] ?? '')
  return cookie
}

t.test('[C164] the one that has a session decides, wherever it stands', async (t: Test) => {
  const { cookie } = ann.browser
  t.equal(await who(OLD, cookie), 'ann')
  t.equal(await who(cookie, OLD), 'ann')
  t.equal(await who(cookie, cookie), 'ann')
  t.equal(await who('theme=dark', OLD, 'usher=short', cookie, 'usher=', 'usher2=x'), 'ann')
  t.equal(await who(OLD, 'usher=short'), null)
  t.equal(await who(`not${cookie}`, OLD), null)
})

t.test(
  '[C164] [S11] of two that have one, the last: a planted path stands before ours',
  async (t) => {
    t.equal(await who(bob.browser.cookie, ann.browser.cookie), 'ann')
    t.equal(await who(ann.browser.cookie, bob.browser.cookie), 'bob')
  },
)

t.test('[C164] [S49] four are looked at, and those of another form are no guesses', async (t) => {
  const { cookie } = ann.browser
  t.equal(await who(cookie, ...STALE.slice(1)), 'ann')
  t.equal(await who(cookie, ...STALE), null)
  const others = Array.from({ length: 20 }, (_, at) => `usher=guess${at}`)
  t.equal(await who(cookie, ...others), 'ann')
})

t.test('[C164] [C15] [C14] a log-out and a log-in end the session of each', async (t) => {
  const pair = [await sessionOf('bob'), await sessionOf('ann')]
  const headers = { cookie: pair.join('; '), origin: url }
  const out = await call(`${url}/session`, 'DELETE', { headers })
  t.equal(out.status, 204)
  t.match(out.headers.getSetCookie(), [/^usher=;/])
  t.same([await who(...pair.slice(0, 1)), await who(...pair.slice(1))], [null, null])
  const again = [await sessionOf('bob'), await sessionOf('ann')]
  const body = { username: 'ann', password: PASSWORD }
  const cookie = { cookie: again.join('; '), origin: url }
  const { status, headers: given } = await call(`${url}/session`, 'POST', { body, headers: cookie })
  t.equal(status, 200)
  usher.keepSecret(cookieOf(given).split('=')[1] ?? '')
  t.same([await who(...again), await who(cookieOf(given))], [null, 'ann'])
})

t.test('[C164] [S10] over TLS it is the same, among cookies of the name for TLS', async (t) => {
  const behind = await startApp(t, { trustProxy: ['127.0.0.1'] })
  const headers = { 'x-forwarded-proto': 'https', origin: behind.url }
  const body = { username: 'ann', password: PASSWORD }
  await call(`${behind.url}/accounts`, 'POST', { body, headers })
  const logIn = await call(`${behind.url}/session`, 'POST', { body, headers })
  const good = cookieOf(logIn.headers)
  behind.keepSecret(good.split('=')[1] ?? '')
  const status = async (...cookies: string[]) => {
    const sent = { ...headers, cookie: cookies.join('; ') }
    return (await call(`${behind.url}/session`, 'GET', { headers: sent })).status
  }
  t.equal(await status(`__Host-${OLD}`, good), 200)
  t.equal(await status(good, `__Host-${OLD}`, OLD), 200)
  t.equal(await status(good.replace('__Host-', '')), 401)
})

t.test(
  '[C164] [S10] a name that begins or ends with another white space is not ours',
  async (t) => {
    const { cookie } = ann.browser
    const status = async (sent: string) => {
      const client = new RawClient(await rawSocket(url))
      client.socket.write(`GET /session HTTP/1.1\r\nHost: x\r\nCookie: ${sent}\r\n\r\n`, 'latin1')
      const found = await client.status()
      client.socket.destroy()
      return found
    }
    for (const sent of [cookie, `a=1;${cookie}`, `a=1; ${cookie}; b=2`, `a=1;\t ${cookie}`]) {
      t.equal(await status(sent), 200, sent)
    }
    for (const sent of [
      `\xa0${cookie}`,
      `a=1;\xa0${cookie}`,
      `a=1; \xa0 ${cookie}`,
      `${cookie}\xa0`,
    ]) {
      t.equal(await status(sent), 401, JSON.stringify(sent))
    }
  },
)
