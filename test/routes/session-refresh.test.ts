// Refresh tokens of apps over HTTP: rotation, a lost answer, theft, and forgeries.
import t, { type Test } from 'tap'
import { startApp, startOnManualClock } from '../support/app.ts'
import { connect, refused } from '../support/client.ts'
import { call, PASSWORD, type Person, person, ticketOf } from '../support/people.ts'
import { until } from '../support/until.ts'

const GRACE_MS = 10_000
const DAY_MS = 86_400_000
const FORM = /^rt_[\w-]+\.[\w-]+$/

const { clock, usher } = await startOnManualClock(t)
const { url, keepSecret } = usher
const room = `${url}/rooms/chat:a`

/** Exchanges a token as an app would; what it gets must not be logged. */
async function refresh(refreshToken: unknown, base = url) {
  const answer = await call(`${base}/session/refresh`, 'POST', { body: { refreshToken } })
  if (answer.status === 200) keepSecret(answer.body.refreshToken, answer.body.accessToken)
  return answer
}

async function statusOf(refreshToken: string): Promise<number> {
  return (await refresh(refreshToken)).status
}

/** The next token; the test fails when there is none. */
async function exchange(t: Test, refreshToken: string): Promise<string> {
  const { status, body } = await refresh(refreshToken)
  t.equal(status, 200)
  return body.refreshToken
}

const bearerOf = (accessToken: string) => ({ authorization: `Bearer ${accessToken}` })

function whoAmI(headers: Record<string, string>) {
  return call(`${url}/session`, 'GET', { headers })
}

t.test('[C12] [C17] a refresh answers like the log-in of an app', async (t) => {
  const ann = await person(usher)
  const credentials = { username: ann.username, password: PASSWORD, client: 'app' }
  const logIn = await call(`${url}/session`, 'POST', { body: credentials })
  t.match(logIn.body, { user: ann.user, expiresIn: 900, refreshToken: FORM })
  const { status, headers, body } = await refresh(logIn.body.refreshToken)
  t.equal(status, 200)
  t.same(Object.keys(body), Object.keys(logIn.body))
  t.match(body, { user: ann.user, expiresIn: 900, refreshToken: FORM })
  t.not(body.refreshToken, logIn.body.refreshToken)
  t.equal(headers.get('cache-control'), 'no-store')
  t.same(headers.getSetCookie(), [])
  const [before, after] = await Promise.all(
    [logIn.body, body].map(({ accessToken }) => whoAmI(bearerOf(accessToken))),
  )
  t.equal(after?.status, 200)
  t.same(after?.body, before?.body, 'it is the same session, and it lives no longer')
})

t.test('[C17] [S17] every token is good once, and gives the next one', async (t) => {
  let { refreshToken } = await person(usher)
  const seen = new Set([refreshToken])
  for (let use = 0; use < 10; use += 1) {
    refreshToken = await exchange(t, refreshToken)
    seen.add(refreshToken)
    clock.jump(GRACE_MS + 1)
  }
  t.equal(seen.size, 11)
})

t.test('[C17] a client that lost the answer asks again and gets the same token', async (t) => {
  const { refreshToken: first } = await person(usher)
  const lost = await exchange(t, first)
  clock.jump(GRACE_MS)
  t.equal(await exchange(t, first), lost)
  clock.jump(DAY_MS)
  await exchange(t, lost)
})

t.test('[C17] asking again within 10 s undoes nothing that came after', async (t) => {
  const { refreshToken: first } = await person(usher)
  const second = await exchange(t, first)
  const third = await exchange(t, second)
  t.equal(await exchange(t, first), second)
  clock.jump(DAY_MS)
  await exchange(t, third)
})

t.test('[C17] 20 at once get the same token, and the session goes on', async (t) => {
  const { refreshToken, browser } = await person(usher)
  const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(refreshToken)))
  t.same(new Set(answers.map(({ status }) => status)), new Set([200]))
  const next = new Set(answers.map(({ body }) => body.refreshToken))
  t.equal(next.size, 1)
  for (const { body } of answers) t.equal((await whoAmI(bearerOf(body.accessToken))).status, 200)
  clock.jump(GRACE_MS + 1)
  await exchange(t, [...next].join())
  t.equal((await whoAmI(browser)).status, 200)
})

/** The session of the app has ended with all its credentials, and that of the browser has not. */
async function checkEnded(t: Test, { bearer, browser }: Person, ...tokens: string[]) {
  for (const token of tokens) t.equal(await statusOf(token), 401)
  t.equal((await whoAmI(bearer)).status, 401)
  t.equal((await whoAmI(browser)).status, 200, 'another session of the same user')
}

t.test('[C17] [S17] [S18] an old token that comes back ends the session everywhere', async (t) => {
  const ann = await person(usher)
  const next = await refresh(ann.refreshToken)
  const ticket = await ticketOf(usher, bearerOf(next.body.accessToken))
  const byToken = await connect(room, { headers: ann.bearer })
  const byTicket = await connect(`${room}?ticket=${await ticketOf(usher, ann.bearer)}`)
  const byCookie = await connect(room, { headers: ann.browser })
  clock.jump(GRACE_MS + 1)
  const { status, body, headers } = await refresh(ann.refreshToken)
  t.equal(status, 401)
  t.match(body, { error: 'unauthorized', code: 101, message: /log in again/ })
  t.equal(headers.get('www-authenticate'), 'Bearer')
  for (const client of [byToken, byTicket]) {
    t.same(await client.closed, { code: 3503, reason: 'forced' })
  }
  t.equal((await refused(`${room}?ticket=${ticket}`)).body.error, 'ticket_used')
  t.equal((await whoAmI(bearerOf(next.body.accessToken))).status, 401)
  await checkEnded(t, ann, next.body.refreshToken, ann.refreshToken)
  t.equal(byCookie.ws.readyState, byCookie.ws.OPEN)
})

t.test('[C17] a thief who was first is found out when the owner refreshes', async (t) => {
  const ann = await person(usher)
  const stolen = await exchange(t, ann.refreshToken)
  clock.jump(900_000)
  const further = await exchange(t, stolen)
  clock.jump(900_000)
  t.equal(await statusOf(ann.refreshToken), 401)
  await checkEnded(t, ann, stolen, further)
})

t.test('[C17] also after exchanges so many that the token is long forgotten', async (t) => {
  const ann = await person(usher)
  let stolen = ann.refreshToken
  for (let use = 0; use < 120; use += 1) {
    clock.jump(GRACE_MS)
    stolen = (await refresh(stolen)).body.refreshToken
  }
  t.equal(await statusOf(ann.refreshToken), 401)
  await checkEnded(t, ann, stolen)
})

t.test('[C17] a token of another form is refused, and ends no session', async (t) => {
  const { refreshToken, bearer } = await person(usher)
  const { body } = await whoAmI(bearer)
  const swap = (at: number) => {
    const other = refreshToken[at] === 'A' ? 'B' : 'A'
    return `${refreshToken.slice(0, at)}${other}${refreshToken.slice(at + 1)}`
  }
  const wrong: [string, unknown, number][] = [
    ['unknown, of a real session', `rt_${body.session}.${'A'.repeat(48)}`, 401],
    ['unknown, of no session', `rt_s_${'A'.repeat(16)}.${'A'.repeat(48)}`, 401],
    ['another session', swap(8), 401],
    ['another id', swap(25), 401],
    ['another signature', swap(refreshToken.length - 1), 401],
    ['cut off', refreshToken.slice(0, -1), 401],
    ['too long by one', `${refreshToken}A`, 401],
    ['with a line break', `${refreshToken}\n`, 401],
    ['without its prefix', refreshToken.slice(3), 401],
    ['a NUL', `${refreshToken}\0`, 401],
    ['not ASCII', '🔑'.repeat(20), 401],
    ['a word', '__proto__', 401],
    ['an empty one', '', 400],
    ['257 characters', 'r'.repeat(257), 400],
    ['a number', 7, 400],
    ['null', null, 400],
    ['a list', [refreshToken], 400],
    ['an object', { toString: refreshToken }, 400],
    ['nothing', undefined, 400],
    ['two megabytes', 'r'.repeat(2_000_000), 413],
  ]
  for (const [what, token, status] of wrong) t.equal((await refresh(token)).status, status, what)
  const more = await call(`${url}/session/refresh`, 'POST', { body: { refreshToken, user: 'u_1' } })
  t.equal(more.status, 400, 'a further field')
  t.equal((await whoAmI(bearer)).status, 200)
  await exchange(t, refreshToken)
})

t.test('[C17] [C30] [S15] a refresh token is nothing else, and nothing else is one', async (t) => {
  const { refreshToken, bearer, browser } = await person(usher)
  t.equal((await whoAmI(bearerOf(refreshToken))).status, 401)
  t.equal((await refused(room, { headers: bearerOf(refreshToken) })).status, 401)
  t.equal((await refused(`${room}?ticket=${refreshToken}`)).body.error, 'ticket_invalid')
  t.equal((await whoAmI({ cookie: `usher=${refreshToken}` })).status, 401)
  const first = await connect(`${room}?auth=message`)
  first.send(JSON.stringify({ token: refreshToken }))
  t.equal((await first.closed).code, 3500)
  const others = [bearer.authorization.slice(7), browser.cookie.split('=')[1] ?? '']
  for (const other of [...others, await ticketOf(usher, bearer)]) {
    t.match((await refresh(other)).status, /^40[01]$/)
  }
  await exchange(t, refreshToken)
})

t.test('[C15] [C17] after a log-out no token of that session is good', async (t) => {
  const ann = await person(usher)
  const next = await exchange(t, ann.refreshToken)
  await call(`${url}/session`, 'DELETE', { headers: ann.bearer })
  await checkEnded(t, ann, next, ann.refreshToken)
})

t.test('[C16] [C17] a refresh is a use of the session, which ends all the same', async (t) => {
  let { refreshToken, bearer } = await person(usher)
  const { session } = (await whoAmI(bearer)).body
  for (let week = 0; week < 4; week += 1) {
    clock.jump(7 * DAY_MS - 1)
    refreshToken = await exchange(t, refreshToken)
    // Read straight from the store: a look at a session through the app is a use of it.
    await until(async () => {
      return (await usher.app.engine.sessions.byId(session))?.usedAt === clock.now()
    })
  }
  clock.jump(2 * DAY_MS + 4)
  t.equal(await statusOf(refreshToken), 401, '30 days are over')
  const idle = await person(usher)
  clock.jump(7 * DAY_MS)
  t.equal(await statusOf(idle.refreshToken), 401, 'seven days without use')
})

t.test('[C17] tokens outlive a restart and a new root secret; a stolen one does too', async (t) => {
  const engine = { kind: 'sqlite', folder: t.testdir(), lockWaitMs: 5_000 } as const
  const before = await startApp(t, { engine }, { clock })
  const [ann, bob] = [await person(before), await person(before)]
  const used = await refresh(bob.refreshToken, before.url)
  await before.app.close()
  clock.jump(GRACE_MS + 1)
  const { current: previous } = before.app.usherContext.config.secrets
  const secrets = { current: 'another root secret 0123456789ab', previous }
  const after = await startApp(t, { engine, secrets }, { clock })
  t.equal((await refresh(ann.refreshToken, after.url)).status, 200)
  t.equal((await refresh(bob.refreshToken, after.url)).status, 401)
  t.equal((await refresh(used.body.refreshToken, after.url)).status, 401, 'the family is over')
})
