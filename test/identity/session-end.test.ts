// When sessions end by themselves, and how long a wrong password makes one wait, over HTTP.
import t from 'tap'
import { startOnManualClock } from '../support/app.ts'
import { connect } from '../support/client.ts'
import { moveUntil } from '../support/manual-clock.ts'
import { asServer, call, PASSWORD, person, ticketOf, whoAmI } from '../support/people.ts'
import { until } from '../support/until.ts'

const DAY_MS = 86_400_000

t.test('[C16] [S11] a session ends 30 days after log-in, however much it is used', async (t) => {
  const { clock, usher } = await startOnManualClock(t)
  const { browser } = await person(usher)
  for (let day = 0; day < 29; day += 1) {
    clock.jump(DAY_MS)
    t.equal(await whoAmI(usher, browser), 200, `day ${day}`)
  }
  clock.jump(DAY_MS - 1)
  t.equal(await whoAmI(usher, browser), 200, 'the last millisecond')
  clock.jump(1)
  t.equal(await whoAmI(usher, browser), 401)
})

t.test('[C16] [S11] a session ends after seven days without use', async (t) => {
  const { clock, usher } = await startOnManualClock(t)
  const { browser } = await person(usher)
  clock.jump(7 * DAY_MS - 1)
  t.equal(await whoAmI(usher, browser), 200)
  await until(async () => {
    const [session] = await Promise.all([usher.app.sessions.byId(await idOf(usher.url, browser))])
    return session?.usedAt === clock.now()
  })
  clock.jump(7 * DAY_MS - 1)
  t.equal(await whoAmI(usher, browser), 200, 'use counts from the last time')
  clock.jump(7 * DAY_MS)
  t.equal(await whoAmI(usher, browser), 401)
})

async function idOf(url: string, headers: Record<string, string>): Promise<string> {
  return (await call(`${url}/session`, 'GET', { headers })).body.session
}

t.test('[C63] [C25] a connection ends with the session behind it', async (t) => {
  const { clock, usher } = await startOnManualClock(t)
  const { browser } = await person(usher)
  const byCookie = await connect(`${usher.url}/rooms/chat:a`, { headers: browser })
  const ticket = await ticketOf(usher, browser)
  const byTicket = await connect(`${usher.url}/rooms/chat:a?ticket=${ticket}`)
  clock.jump(30 * DAY_MS)
  const closed = Promise.all([byCookie.closed, byTicket.closed])
  await clock.advance(25_000)
  await moveUntil(clock, closed)
  const expired = { code: 3005, reason: 'session expired' }
  t.same(await closed, [expired, expired])
})

t.test('[C21] a connection ends connectionTtl seconds after its ticket was issued', async (t) => {
  const { clock, usher } = await startOnManualClock(t)
  const open = async (connectionTtl?: number) => {
    const body = { user: 'acme:1', ...(connectionTtl === undefined ? {} : { connectionTtl }) }
    const ticket = await ticketOf(usher, asServer, body)
    return connect(`${usher.url}/rooms/chat:a?ticket=${ticket}`)
  }
  const [short, day] = [await open(60), await open()]
  clock.jump(60_000)
  const closed = short.closed
  await clock.advance(25_000)
  await moveUntil(clock, closed)
  t.same(await closed, { code: 3005, reason: 'session expired' })
  day.send('still here')
  await moveUntil(clock, day.next())
  clock.jump(DAY_MS)
  await clock.advance(25_000)
  await moveUntil(clock, day.closed)
  t.equal((await day.closed).code, 3005)
})

t.test('[C13] [S24] an address is told to wait, another one is not', async (t) => {
  const { clock, usher } = await startOnManualClock(t, { trustProxy: ['127.0.0.1'] })
  const { username } = await person(usher)
  const logIn = (address: string, body: object) =>
    call(`${usher.url}/session`, 'POST', { body, headers: { 'x-forwarded-for': address } })
  const wrong = { username: 'unknown', password: 'wrong password' }
  const delayed = (address: string, body: object) => {
    const answer = logIn(address, body)
    return moveUntil(clock, answer).then(() => answer)
  }
  for (let n = 0; n < 11; n += 1) t.equal((await delayed('192.0.2.1', wrong)).status, 401)
  const right = { username, password: PASSWORD }
  const told = await logIn('192.0.2.1', right)
  t.match(told, { status: 429, body: { error: 'too_many_requests', code: 111 } })
  t.equal(told.headers.get('retry-after'), '1')
  t.equal((await logIn('192.0.2.2', right)).status, 200, 'another user elsewhere')
  await clock.advance(1_000)
  t.equal((await logIn('192.0.2.1', right)).status, 200, 'after the wait')
})

t.test('[C13] guesses from everywhere hold the owner back and never shut him out', async (t) => {
  const { clock, usher } = await startOnManualClock(t, { trustProxy: ['127.0.0.1'] })
  const { username } = await person(usher)
  const logIn = (address: string, password: string) => {
    const headers = { 'x-forwarded-for': address }
    return call(`${usher.url}/session`, 'POST', { body: { username, password }, headers })
  }
  for (let n = 0; n < 9; n += 1) {
    const guess = logIn(`2001:db8:${n}::1`, 'a wrong guess')
    await moveUntil(clock, guess)
    t.equal((await guess).status, 401)
  }
  let answered = false
  const owner = logIn('192.0.2.9', PASSWORD).finally(() => {
    answered = true
  })
  await call(`${usher.url}/health/live`, 'GET')
  t.notOk(answered, 'the owner is delayed')
  await moveUntil(clock, owner)
  t.equal((await owner).status, 200)
})
