// The cookie counts for pages of our origins only; other credentials are for any page.
import t from 'tap'
import { startApp } from '../support/app.ts'
import { connect, refused } from '../support/client.ts'
import { call, person } from '../support/people.ts'

const OURS = 'https://app.example.com'
const usher = await startApp(t, { origins: [OURS, 'http://other.example:8080'] })
const { url } = usher
const ann = await person(usher)
const { cookie } = ann.browser
const port = Number(new URL(url).port)
const room = `${url}/rooms/chat:a`

type Headers = Record<string, string>

const GOOD: Headers[] = [
  { origin: url },
  { origin: OURS },
  { origin: 'http://other.example:8080' },
  { origin: `http://localhost:${port}` },
  { 'sec-fetch-site': 'same-origin' },
]
const BAD: Headers[] = [
  { origin: 'null' },
  { origin: `http://127.0.0.1:${port + 1}` },
  { origin: 'http://127.0.0.1' },
  { origin: `${OURS}:8443` },
  { origin: 'https://APP.example.com' },
  { origin: `${OURS}.` },
  { origin: `${OURS}/` },
  { origin: `${OURS}.evil.example` },
  { origin: 'https://evilapp.example.com' },
  { origin: 'https://sub.app.example.com' },
  { origin: 'https://example.com' },
  { origin: 'http://app.example.com' },
  { origin: 'http://other.example' },
  { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' },
  { 'sec-fetch-site': 'cross-site' },
  { 'sec-fetch-site': 'same-site' },
]
const SILENT: Headers[] = [{}, { 'sec-fetch-site': 'none' }]

function nameOf(headers: Headers): string {
  return JSON.stringify(headers).replaceAll('"', '')
}

for (const headers of GOOD) {
  t.test(`[C33] ${nameOf(headers)} may upgrade, change and read with the cookie`, async (t) => {
    const all = { ...headers, cookie }
    await (await connect(room, { headers: all })).close()
    t.equal((await call(`${url}/tickets`, 'POST', { headers: all })).status, 201)
    t.equal((await call(`${url}/session`, 'GET', { headers: all })).status, 200)
  })
}

for (const headers of BAD) {
  t.test(`[C33] [S2] [S3] ${nameOf(headers)} may do nothing with the cookie`, async (t) => {
    const all = { ...headers, cookie }
    const upgrade = await refused(room, { headers: all })
    t.match(upgrade, { status: 403, body: { error: 'forbidden', code: 103 } })
    t.equal((await call(`${url}/tickets`, 'POST', { headers: all })).status, 403)
    t.equal((await call(`${room}/messages`, 'POST', { headers: all, body: 1 })).status, 403)
    t.equal((await call(`${url}/session`, 'DELETE', { headers: all })).status, 403)
    t.equal((await call(`${url}/session`, 'GET', { headers: all })).status, 403)
    t.equal((await call(room, 'GET', { headers: all })).status, 403)
  })
}

for (const headers of SILENT) {
  t.test(`[C33] [S2] without Origin, ${nameOf(headers)} may read and not more`, async (t) => {
    const all = { ...headers, cookie }
    t.equal((await refused(room, { headers: all })).status, 403)
    t.equal((await call(`${url}/tickets`, 'POST', { headers: all })).status, 403)
    t.equal((await call(`${url}/session`, 'DELETE', { headers: all })).status, 403)
    t.equal((await call(`${url}/session`, 'GET', { headers: all })).status, 200)
    t.equal((await call(room, 'GET', { headers: all })).status, 200)
  })
}

t.test('[C33] the session is there still, after all that was refused', async (t) => {
  t.equal((await call(`${url}/session`, 'GET', { headers: ann.browser })).status, 200)
})

t.test('[C33] whether the cookie is good is not told to a page elsewhere', async (t) => {
  const headers = { cookie: 'usher=wrong', origin: 'https://evil.example' }
  t.equal((await refused(room, { headers })).status, 403)
  t.equal((await call(`${url}/session`, 'GET', { headers })).status, 403)
})

t.test('[C33] a bearer token is for any page', async (t) => {
  const headers = { ...ann.bearer, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
  await (await connect(room, { headers })).close()
  t.equal((await call(`${url}/tickets`, 'POST', { headers })).status, 201)
})

t.test('[S12] a page elsewhere may not log a user in', async (t) => {
  const body = { username: ann.username, password: ann.password }
  const logIn = (headers: Headers) => call(`${url}/session`, 'POST', { body, headers })
  t.equal((await logIn({ origin: 'https://evil.example' })).status, 403)
  t.equal((await logIn({ 'sec-fetch-site': 'cross-site' })).status, 403)
  t.equal((await logIn({ origin: 'null' })).status, 403)
  t.equal((await logIn({ origin: OURS })).status, 200)
  t.equal((await logIn({})).status, 200, 'apps send neither')
})

t.test('[C33] in production with a public address this machine is no origin of ours', async (t) => {
  const publicUrl = new URL('https://chat.example.com')
  const usher = await startApp(t, { production: true, publicUrl, trustProxy: ['127.0.0.1'] })
  const status = async (origin: string) => {
    const body = { username: 'nobody', password: 'wrong password' }
    return (await call(`${usher.url}/session`, 'POST', { body, headers: { origin } })).status
  }
  t.equal(await status(usher.url), 403)
  t.equal(await status('https://chat.example.com'), 401)
})
