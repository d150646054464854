// Origins of native shells that the settings list: they may do what a token may, and the cookie
// never counts for them, since every app of such a shell may have the same origin.
import t, { type Test } from 'tap'
import { startHost } from '../embedding/host.ts'
import { startApp } from '../support/app.ts'
import { connect, refused } from '../support/client.ts'
import { call, PASSWORD, person, ticketOf } from '../support/people.ts'

const SHELLS = [
  ...['capacitor://localhost', 'ionic://localhost', 'tauri://localhost', 'app://bundle'],
  'chrome-extension://aapbdbdomjkkjkaonfhkkikfgjllcleb',
  'safari-web-extension://0C53A4C9-7B5F-4E6B-9C9D-8C1D2A1E0B11',
]
const PAGE = 'https://app.example.com'

const usher = await startApp(t, { origins: [PAGE, ...SHELLS.slice(1), SHELLS[0] ?? ''] })
const { url } = usher
const ann = await person(usher, 'ann')
const room = `${url}/rooms/chat:a`
const LOG_IN = { username: 'ann', password: PASSWORD }

/** What CORS lets this origin do with an answer. */
function permissionOf({ headers }: { headers: Headers }) {
  const names = ['origin', 'credentials'].map((name) => `access-control-allow-${name}`)
  return names.map((name) => headers.get(name))
}

t.test('[C163] a shell logs in as an app, and comes by token and by ticket', async (t: Test) => {
  const [origin = ''] = SHELLS
  const body = { ...LOG_IN, client: 'app' }
  const answer = await call(`${url}/session`, 'POST', { headers: { origin }, body })
  t.equal(answer.status, 200)
  t.same(permissionOf(answer), [origin, null])
  t.same(answer.headers.getSetCookie(), [])
  usher.keepSecret(answer.body.accessToken, answer.body.refreshToken)
  const bearer = { origin, authorization: `Bearer ${answer.body.accessToken}` }
  const said = await call(`${room}/messages`, 'POST', { headers: bearer, body: 1 })
  t.same([said.status, ...permissionOf(said)], [201, origin, null])
  await connect(room, { headers: bearer }).then((client) => client.close())
  const ticket = await ticketOf(usher, bearer)
  await connect(`${room}?ticket=${ticket}`, { headers: { origin } }).then((c) => c.close())
})

for (const origin of SHELLS) {
  t.test(`[C163] [S2] ${origin} may not use the cookie, and reads that it may not`, async (t) => {
    const headers = { cookie: ann.browser.cookie, origin }
    t.match(await refused(room, { headers }), { status: 403, body: { message: /native shell/ } })
    for (const [method, path] of [
      ['GET', '/session'],
      ['GET', '/rooms/chat:a'],
      ['POST', '/tickets'],
      ['POST', '/rooms/chat:a/messages'],
      ['DELETE', '/session'],
    ] as const) {
      const answer = await call(`${url}${path}`, method, { headers })
      t.match(answer, { status: 403, body: { message: /native shell/ } }, path)
      t.same(permissionOf(answer), [origin, null])
    }
  })
}

t.test('[C163] [S10] a shell gets no cookie', async (t) => {
  const [origin = ''] = SHELLS
  const answer = await call(`${url}/session`, 'POST', { headers: { origin }, body: LOG_IN })
  t.match(answer, { status: 403, body: { message: /client: "app"/ } })
  t.same(answer.headers.getSetCookie(), [])
})

t.test('[C163] [S3] a shell that is not listed is a page elsewhere', async (t) => {
  const token = { authorization: ann.bearer.authorization }
  for (const origin of ['capacitor://evil', 'tauri://localhost:1', 'CAPACITOR://localhost']) {
    const body = { ...LOG_IN, client: 'app' }
    const logIn = await call(`${url}/session`, 'POST', { headers: { origin }, body })
    t.same([logIn.status, ...permissionOf(logIn)], [403, null, null])
    const cookie = { cookie: ann.browser.cookie, origin }
    t.equal((await refused(room, { headers: cookie })).status, 403)
    const byToken = await call(`${url}/session`, 'GET', { headers: { ...token, origin } })
    t.same([byToken.status, ...permissionOf(byToken)], [200, null, null])
  }
})

t.test('[C163] a preflight of a shell is granted without credentials', async (t) => {
  const asked = { 'access-control-request-method': 'POST' }
  const preflight = (origin: string) =>
    fetch(`${url}/tickets`, { method: 'OPTIONS', headers: { origin, ...asked } })
  for (const origin of SHELLS) {
    const answer = await preflight(origin)
    t.same([answer.status, ...permissionOf(answer)], [204, origin, null])
    t.match(answer.headers.get('access-control-allow-headers'), /authorization/)
  }
  t.same(permissionOf(await preflight(PAGE)), [PAGE, 'true'])
})

t.test('[C163] the log-in of an application does not count for a shell either', async (t) => {
  const [origin = ''] = SHELLS
  const { url } = await startHost(t, {
    options: { origins: [origin, PAGE], identity: () => ({ user: 'acme:1' }) },
  })
  const status = async (headers: Record<string, string>) =>
    (await call(`${url}/rt/tickets`, 'POST', { headers, body: {} })).status
  t.equal(await status({ origin: PAGE }), 201)
  t.equal(await status({ origin }), 403)
  t.equal(await status({ origin, authorization: 'Bearer theirs' }), 403)
})
