// What one address, one user or many refused strangers cannot take from the others: each bound has
// shares, and server keys keep a reserve.
import { type Test, test } from 'tap'
import type { HeldName } from '../../src/engine/bounds.ts'
import { NO_HOLDER } from '../../src/engine/shares.ts'
import type { Limits } from '../../src/protocol/limits.ts'
import { SERVER_KEY, type StartedApp, startApp, startOnManualClock } from '../support/app.ts'
import { type Client, connect, refused } from '../support/client.ts'
import { clientFrame, OPCODE } from '../support/frames.ts'
import { ManualClock, moveUntil } from '../support/manual-clock.ts'
import { pauseCalls } from '../support/paused-calls.ts'
import { asServer, call, PASSWORD, person, ticketOf } from '../support/people.ts'
import { rawConnect } from '../support/raw-client.ts'
import { limited } from '../support/settings.ts'
import { until } from '../support/until.ts'

const ROOM = '/rooms/chat:a'
const FIRST = `${ROOM}?auth=message`
const NO_CREDENTIAL = {}

/** An Usher behind a proxy, so that a test may come from any address; its clock stands still. */
async function start(t: Test, limits: Partial<Limits>): Promise<StartedApp> {
  const clock = new ManualClock()
  const settings = { ...limited(limits), trustProxy: ['127.0.0.1'] }
  const usher = await startApp(t, settings, { clock })
  t.teardown(() => moveUntil(clock, usher.app.close()))
  return usher
}

const from = (address: string, headers = NO_CREDENTIAL): Record<string, string> => ({
  ...headers,
  'x-forwarded-for': address,
})

/** The status of a handshake: 101 for one that opened a connection, which is closed again. */
async function handshake({ url }: StartedApp, headers: Record<string, string>, path = ROOM) {
  try {
    await (await connect(url + path, { headers })).close()
    return 101
  } catch {
    return (await refused(url + path, { headers })).status
  }
}

async function ticketPath(usher: StartedApp): Promise<string> {
  return `${ROOM}?ticket=${await ticketOf(usher, asServer, { user: 'ann' })}`
}

/** Takes what this address may have of a bound. */
function fill({ app }: StartedApp, bound: HeldName, address: string, count: number): void {
  for (let n = 0; n < count; n += 1) {
    app.engine.shares.take(bound, { user: null, address, server: null })
  }
}

const statusesOf = async (usher: StartedApp, address: string, count: number) => {
  const statuses: number[] = []
  for (let n = 0; n < count; n += 1) {
    const headers = from(address)
    statuses.push((await refused(usher.url + ROOM, { headers })).status)
  }
  return statuses
}

test('[S43] an address has a quarter of the handshakes, and its refused ones count', async (t) => {
  const usher = await start(t, { handshakesPerSecond: 40 })
  const statuses = await statusesOf(usher, '192.0.2.1', 12)
  t.same(statuses, [...Array(10).fill(401), 429, 429])
  const answer = await refused(usher.url + ROOM, { headers: from('192.0.2.1') })
  t.match(answer.headers['retry-after'], /^\d+$/)
  t.equal(await handshake(usher, from('192.0.2.2'), await ticketPath(usher)), 101)
})

test('[S43] refused handshakes of many addresses do not use up those of others', async (t) => {
  const usher = await start(t, { handshakesPerSecond: 40 })
  for (let n = 1; n <= 10; n += 1) {
    t.same(await statusesOf(usher, `192.0.2.${n}`, 8), Array(8).fill(401))
  }
  for (let n = 1; n <= 10; n += 1) {
    const client = await connect(usher.url + FIRST, { headers: from(`198.51.100.${n}`) })
    for (let at = 0; at < 4; at += 1) {
      const next = await connect(usher.url + FIRST, { headers: from(`198.51.100.${n}`) })
      next.send('{"ticket": "guessed"}')
      t.equal((await next.closed).code, 3500)
    }
    await client.close()
  }
  t.equal(await handshake(usher, from('203.0.113.1'), await ticketPath(usher)), 101)
})

test('[C152] [S43] one that ends undecided uses up no handshake of other addresses', async (t) => {
  const usher = await start(t, { handshakesPerSecond: 40, pendingConnections: 5 })
  const { shares } = usher.app.engine
  for (let n = 0; n < 60; n += 1) {
    const client = await connect(usher.url + FIRST, { headers: from(`192.0.2.${n % 12}`) })
    if (n % 2 === 0) client.ws.terminate()
    await until(() => shares.held('connections') < 7)
  }
  t.equal(await handshake(usher, from('203.0.113.1'), await ticketPath(usher)), 101)
  for (let n = 0; n < 5; n += 1) await connect(usher.url + FIRST, { headers: from('192.0.2.99') })
  await until(() => shares.held('connections') === 5)
  const reached: unknown[] = []
  for (let n = 0; n < 40; n += 1) reached.push(shares.spend('handshakes', NO_HOLDER))
  t.equal(reached.filter((each) => each === null).length, 30, 'one joined, five are undecided')
})

test('[S43] event streams count as handshakes do', async (t) => {
  const usher = await start(t, { handshakesPerSecond: 40 })
  const { shares } = usher.app.engine
  const headers = from('192.0.2.1', { accept: 'text/event-stream' })
  const statuses: number[] = []
  for (let n = 0; n < 10; n += 1) {
    statuses.push((await fetch(usher.url + ROOM, { headers })).status)
  }
  t.same(statuses, Array(10).fill(401))
  const gone = new AbortController()
  fetch(usher.url + ROOM, { headers, signal: gone.signal }).catch(() => undefined)
  await until(() => shares.held('waitingStreams') === 1)
  t.equal(await handshake(usher, from('192.0.2.1'), await ticketPath(usher)), 429)
  t.equal(await handshake(usher, from('192.0.2.2'), await ticketPath(usher)), 101)
  gone.abort()
})

test('[S43] server keys keep a reserve of handshakes, and have no address', async (t) => {
  const usher = await start(t, { handshakesPerSecond: 40 })
  const open: Promise<Client>[] = []
  for (let n = 0; n < 36; n += 1) {
    const headers = from(`192.0.2.${n}`)
    open.push(connect(usher.url + (await ticketPath(usher)), { headers }))
  }
  await Promise.all(open)
  const late = await refused(usher.url + (await ticketPath(usher)), { headers: from('192.0.2.99') })
  t.equal(late.status, 503)
  t.equal(await handshake(usher, from('192.0.2.99', asServer)), 101)
  await Promise.all((await Promise.all(open)).map((client) => client.close()))
})

test('[S43] a full server has seats for server keys, at a full address too', async (t) => {
  const usher = await start(t, { connections: 100, connectionsPerAddress: 50 })
  fill(usher, 'connections', '192.0.2.1', 50)
  t.equal(await handshake(usher, from('192.0.2.1'), await ticketPath(usher)), 429)
  t.equal(await handshake(usher, from('192.0.2.1', asServer)), 101)
  fill(usher, 'connections', '192.0.2.2', 49)
  t.equal(await handshake(usher, from('192.0.2.3'), await ticketPath(usher)), 503)
  t.equal(await handshake(usher, from('192.0.2.3', asServer)), 101)
})

test('[S43] the oldest undecided one of the address that holds most makes room', async (t) => {
  const usher = await start(t, { pendingConnections: 5 })
  const open = (address: string) => connect(usher.url + FIRST, { headers: from(address) })
  const flood: Client[] = []
  for (let n = 0; n < 5; n += 1) flood.push(await open('192.0.2.1'))
  const good = await open('192.0.2.2')
  t.same(await flood[0]?.closed, { code: 3013, reason: 'too many requests' })
  good.send(JSON.stringify({ ticket: await ticketOf(usher, asServer, { user: 'ann' }) }))
  good.send('I am in')
  t.equal(await good.text(), 'I am in')
  t.match(await metricsOf(usher), /usher_limit_hits_total\{limit="pendingConnections"\} 1/)
  await Promise.all([good, ...flood.slice(1)].map((client) => client.close()))
})

test('[S43] one that is being decided makes room for no other', async (t) => {
  const usher = await start(t, { pendingConnections: 1 })
  const first = JSON.stringify({ ticket: await ticketOf(usher, asServer, { user: 'ann' }) })
  const { reached, release } = pauseCalls(usher.app.authenticator, 'prove')
  const client = await connect(usher.url + FIRST, { headers: from('192.0.2.1') })
  client.send(first)
  await reached
  t.equal(await handshake(usher, from('192.0.2.2'), FIRST), 503)
  release()
  client.send('I am in')
  t.equal(await client.text(), 'I am in')
  await client.close()
})

test('[S43] what undecided connections send ahead is bounded, by address', async (t) => {
  const usher = await start(t, { pendingBytes: 100_000 })
  const first = JSON.stringify({ ticket: await ticketOf(usher, asServer, { user: 'ann' }) })
  const { reached, release } = pauseCalls(usher.app.authenticator, 'prove')
  const client = await connect(usher.url + FIRST, { headers: from('192.0.2.1') })
  client.send(first)
  await reached
  client.send('x'.repeat(6_000))
  client.send('x'.repeat(6_000))
  t.same(await client.closed, { code: 3013, reason: 'too many requests' })
  await until(() => usher.app.engine.shares.held('pending') === 0)
  release()
})

test('[S43] [C132] half of a frame is counted among what was sent ahead', async (t) => {
  const { clock, usher } = await startOnManualClock(t, limited({ pendingBytes: 100_000 }))
  const [small, large] = [await rawConnect(usher.url, FIRST), await rawConnect(usher.url, FIRST)]
  const bytes = clientFrame({ opcode: OPCODE.text, payload: 'x'.repeat(60_000) })
  small.socket.write(bytes.subarray(0, 1_000))
  large.socket.write(bytes.subarray(0, 12_000))
  await until(async () => {
    await clock.advance(100)
    return large.frames.length > 0
  })
  t.same(await large.closing(), { code: 3013, reason: 'too many requests' })
  t.same([small.frames.length, small.ended], [0, false])
  small.socket.destroy()
})

async function metricsOf({ url }: StartedApp): Promise<string> {
  return (await fetch(`${url}/metrics`, { headers: asServer })).text()
}

test('[S43] tickets that one address orders leave room for the others', async (t) => {
  const usher = await start(t, { ticketsPerMinute: null, requestsPerSecondPerAddress: null })
  const rooms = Array.from({ length: 128 }, (_, n) => String(n).padStart(128, 'x'))
  const order = async (headers: Record<string, string>) =>
    (await call(`${usher.url}/tickets`, 'POST', { headers, body: { rooms } })).status
  const crowd = [await person(usher), await person(usher), await person(usher)]
  const issued: number[] = []
  for (const { bearer } of crowd) {
    let count = 0
    while ((await order(from('192.0.2.1', bearer))) === 201) count += 1
    issued.push(count)
  }
  t.ok(issued[0] !== undefined && issued[0] < 210, `a user has a twentieth: ${issued[0]}`)
  t.equal(issued[2], 0, 'and one address a tenth')
  const late = await person(usher)
  t.equal(await order(from('192.0.2.2', late.bearer)), 201, 'another address')
  const byKey = { headers: asServer, body: { user: late.user, rooms } }
  t.equal((await call(`${usher.url}/tickets`, 'POST', byKey)).status, 201)
})

test('[S43] where users hold all tickets, server keys still get theirs', async (t) => {
  const usher = await start(t, {})
  const ann = await person(usher)
  for (let n = 0; n < 9; n += 1) fill(usher, 'ticketsOut', `192.0.2.${n}`, 10_000)
  t.match(await call(`${usher.url}/tickets`, 'POST', { headers: ann.bearer, body: {} }), {
    status: 503,
  })
  const byKey = { headers: asServer, body: { user: ann.user } }
  t.equal((await call(`${usher.url}/tickets`, 'POST', byKey)).status, 201)
})

test('[S45] sign-ups are bounded by address and hour, but for server keys', async (t) => {
  const usher = await start(t, { signUpsPerHourPerAddress: 2 })
  let made = 0
  const signUp = (headers: Record<string, string>) => {
    made += 1
    const body = { username: `user${made}`, password: PASSWORD }
    return call(`${usher.url}/accounts`, 'POST', { headers, body })
  }
  const { app } = usher
  for (let n = 0; n < 2; n += 1) t.equal((await signUp(from('192.0.2.1'))).status, 201)
  const hashed = app.engine.shares.holders('hashes')
  const answer = await signUp(from('192.0.2.1'))
  t.match(answer, { status: 429, body: { error: 'too_many_requests' } })
  t.equal(answer.headers.get('retry-after'), '1800')
  t.equal(app.engine.shares.holders('hashes'), hashed)
  t.equal((await signUp(from('192.0.2.2'))).status, 201)
  t.match(await metricsOf(usher), /usher_limit_hits_total\{limit="signUpsPerHourPerAddress"\} 1/)
})

test('[S45] a server key signs up as many as it likes', async (t) => {
  const serverKeys = [{ name: 'backend', key: SERVER_KEY, scopes: ['users'] as const }]
  const { url } = await startApp(t, { ...limited({ signUpsPerHourPerAddress: 1 }), serverKeys })
  for (const username of ['ann', 'bob', 'eve']) {
    const order = { headers: asServer, body: { username, password: PASSWORD } }
    t.equal((await call(`${url}/accounts`, 'POST', order)).status, 201)
  }
})

test('[S43] twelve addresses with right passwords leave a thirteenth its turn', async (t) => {
  const usher = await startApp(t, { trustProxy: ['127.0.0.1'] })
  const { username } = await person(usher)
  const answered: string[] = []
  const logIn = async (address: string) => {
    const body = { username, password: PASSWORD, client: 'app' }
    const { status, body: tokens } = await call(`${usher.url}/session`, 'POST', {
      body,
      headers: from(address),
    })
    if (status === 200) usher.keepSecret(tokens.accessToken, tokens.refreshToken)
    answered.push(address)
    return status
  }
  const flood: Promise<number>[] = []
  for (let address = 1; address <= 12; address += 1) {
    for (let n = 0; n < 13; n += 1) flood.push(logIn(`192.0.2.${address}`))
  }
  await until(() => usher.app.engine.shares.held('hashes') > 100)
  const before = answered.length
  t.equal(await logIn('192.0.2.13'), 200)
  const passed = answered.length - before
  t.ok(passed < 100, `${passed} of ${flood.length} were answered meanwhile`)
  await Promise.all(flood)
})
