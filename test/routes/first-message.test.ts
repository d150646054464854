// A first message as credential, through real ports.
import { type Test, test } from 'tap'
import { type StartedApp, startApp } from '../support/app.ts'
import { type Client, connect, refused } from '../support/client.ts'
import { OPCODE } from '../support/frames.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { nothingLeft } from '../support/nothing-left.ts'
import { pauseCalls } from '../support/paused-calls.ts'
import { asServer, person, ticketOf } from '../support/people.ts'
import { rawConnect } from '../support/raw-client.ts'
import { limited, ruled } from '../support/settings.ts'
import { until } from '../support/until.ts'

const ROOM = '/rooms/chat:a'
const FIRST = `${ROOM}?auth=message`
const UNPROVED = { code: 3500, reason: 'invalid credentials' }

function listener({ url }: StartedApp): Promise<Client> {
  return connect(url + ROOM, { headers: asServer })
}

function ticketFor(usher: StartedApp, user: string, more: object = {}): Promise<string> {
  return ticketOf(usher, asServer, { user, ...more })
}

/** Connects, sends this first message, and gives the close code and reason. */
async function closedAfter({ url }: StartedApp, first: string | Buffer) {
  const client = await connect(url + FIRST)
  client.send(first)
  return client.closed
}

test('[C34] a ticket connects without an answer, and works once', async (t) => {
  const usher = await startApp(t)
  const [bob, ann] = [await listener(usher), await connect(usher.url + FIRST)]
  const first = JSON.stringify({ ticket: await ticketFor(usher, 'ann') })
  ann.send(first)
  ann.send('hello')
  t.equal(await bob.text(), 'hello')
  t.equal(await ann.text(), 'hello', 'its own echo is the first thing it hears')
  t.same(await closedAfter(usher, first), UNPROVED)
})

test('[C34] an access token and a server key connect', async (t) => {
  const usher = await startApp(t)
  const bob = await listener(usher)
  const ann = await person(usher)
  for (const { authorization } of [ann.bearer, asServer]) {
    const client = await connect(usher.url + FIRST)
    client.send(JSON.stringify({ token: authorization.split(' ')[1] }))
    client.send('hello')
    t.equal(await bob.text(), 'hello')
  }
})

test('[C34] a first message that is no credential closes with 3500', async (t) => {
  const usher = await startApp(t)
  const ticket = await ticketFor(usher, 'ann')
  const wrong: Record<string, string | Buffer> = {
    'not JSON': 'hello',
    'an empty frame': '',
    'a forged ticket': JSON.stringify({ ticket: `ut_${'x'.repeat(51)}` }),
    'a wrong token': JSON.stringify({ token: 'wrong' }),
    'a ticket as token': JSON.stringify({ token: ticket }),
    'a binary frame': Buffer.from(JSON.stringify({ ticket })),
    'a further key': JSON.stringify({ ticket, room: 'chat:a' }),
    'more than 4 KB': JSON.stringify({ token: 'x'.repeat(4_096) }),
  }
  for (const [what, first] of Object.entries(wrong)) {
    t.same(await closedAfter(usher, first), UNPROVED, what)
  }
  const ann = await connect(`${usher.url}${ROOM}?ticket=${ticket}`)
  await ann.close()
  await nothingLeft(usher.app)
})

test('[C34] a room that is not allowed is a 3507, and the ticket stays good', async (t) => {
  const usher = await startApp(t)
  const ticket = await ticketFor(usher, 'ann', { rooms: ['chat:b'] })
  const first = JSON.stringify({ ticket })
  t.same(await closedAfter(usher, first), { code: 3507, reason: 'permission denied' })
  const ann = await connect(`${usher.url}/rooms/chat:b?auth=message`)
  ann.send(first)
  ann.send('in b')
  t.equal(await ann.text(), 'in b')
})

test('[C34] the cookie is not looked at', async (t) => {
  const usher = await startApp(t)
  const ann = await person(usher)
  const client = await connect(usher.url + FIRST, { headers: ann.browser })
  client.send('hello')
  t.same(await client.closed, UNPROVED)
  const elsewhere = { cookie: ann.browser.cookie, origin: 'https://elsewhere.example' }
  const open = await connect(usher.url + FIRST, { headers: elsewhere })
  open.send(JSON.stringify({ ticket: await ticketOf(usher, ann.bearer) }))
  open.send('a page of another origin, with a ticket')
  t.match(await open.text(), /with a ticket/)
})

test('[C30] [C34] a token or a ticket in the handshake goes before a first message', async (t) => {
  const usher = await startApp(t)
  const client = await connect(usher.url + FIRST, { headers: asServer })
  client.send('hello')
  t.equal(await client.text(), 'hello')
  const answer = await refused(`${usher.url}${FIRST}&ticket=ut_wrong`)
  t.equal(answer.status, 401)
})

test('[C34] a client without a first message does not get in, even where anyone may', async (t) => {
  const usher = await startApp(t, ruled({ match: '*', join: ['anyone'], publish: ['anyone'] }))
  t.same(await closedAfter(usher, 'hello'), UNPROVED)
})

test('[C35] frames behind the first message are queued, and published in order', async (t) => {
  const usher = await startApp(t)
  const bob = await listener(usher)
  const first = JSON.stringify({ ticket: await ticketFor(usher, 'ann') })
  const paused = pauseCalls(usher.app.engine.tickets, 'redeem')
  const ann = await connect(usher.url + FIRST)
  ann.send(first)
  for (let i = 1; i <= 16; i += 1) ann.send(String(i))
  await paused.reached
  bob.send('meanwhile')
  t.equal(await bob.text(), 'meanwhile')
  paused.release()
  for (let i = 1; i <= 16; i += 1) t.equal(await bob.text(), String(i))
  t.equal(await ann.text(), '1', '[C44] and it gets no message from before it joined')
})

test('[C35] more than 16 frames or 64 KB are too much, 3013', async (t) => {
  const usher = await startApp(t)
  const tooMany = { code: 3013, reason: 'too many requests' }
  const behind: string[][] = [Array(17).fill('x'), ['x'.repeat(40_000), 'x'.repeat(25_537)]]
  for (const frames of behind) {
    const first = JSON.stringify({ ticket: await ticketFor(usher, 'ann') })
    const paused = pauseCalls(usher.app.engine.tickets, 'read')
    const ann = await connect(usher.url + FIRST)
    for (const frame of [first, ...frames]) ann.send(frame)
    t.same(await ann.closed, tooMany)
    paused.release()
  }
  await nothingLeft(usher.app)
})

/** An app whose clock stands still, and that is empty of connections before it closes. */
async function stoppedClockApp(t: Test, overrides: Parameters<typeof startApp>[1] = {}) {
  const clock = new ManualClock()
  const usher = await startApp(t, overrides, { clock })
  t.teardown(() => until(() => usher.app.connections.size === 0))
  return { usher, clock }
}

test('[C34] [S5] a client that says nothing for ten seconds is closed with 3500', async (t) => {
  const { usher, clock } = await stoppedClockApp(t)
  const ann = await connect(usher.url + FIRST)
  await clock.advance(9_000)
  t.equal(usher.app.connections.size, 1)
  t.equal(ann.ws.readyState, ann.ws.OPEN)
  await clock.advance(2_000)
  t.same(await ann.closed, UNPROVED)
})

test('[C34] [S5] pings do not lengthen the deadline', async (t) => {
  const { usher, clock } = await stoppedClockApp(t)
  const ann = await connect(usher.url + FIRST)
  for (let second = 0; second < 11; second += 1) {
    if (ann.ws.readyState === ann.ws.OPEN) ann.ws.ping()
    await clock.advance(1_000)
  }
  t.same(await ann.closed, UNPROVED)
})

test('[C132] [S5] undecided connections of an address are bounded: 429', async (t) => {
  const usher = await startApp(t, limited({ pendingPerAddress: 2 }))
  const waiting = [await connect(usher.url + FIRST), await connect(usher.url + FIRST)]
  const answer = await refused(usher.url + FIRST)
  t.match(answer, { status: 429, body: { error: 'too_many_requests', code: 111 } })
  t.match(answer.headers['retry-after'], /^\d+$/)
  const [first, second] = waiting
  first?.send(JSON.stringify({ ticket: await ticketFor(usher, 'ann') }))
  first?.send('decided')
  await first?.text()
  const third = await connect(usher.url + FIRST)
  t.equal((await refused(usher.url + FIRST)).status, 429)
  await second?.close()
  await until(() => usher.app.connections.size === 2)
  const fourth = await connect(usher.url + FIRST)
  await Promise.all([first, third, fourth].map((client) => client?.close()))
  await nothingLeft(usher.app)
})

test('[C132] [S5] undecided connections are bounded in all: the oldest makes room', async (t) => {
  const usher = await startApp(t, limited({ pendingConnections: 1 }))
  const waiting = await connect(usher.url + FIRST)
  const next = await connect(usher.url + FIRST)
  t.same(await waiting.closed, { code: 3013, reason: 'too many requests' })
  const decided = await listener(usher)
  await Promise.all([next.close(), decided.close()])
  await nothingLeft(usher.app)
  t.equal((await closedAfter(usher, 'x')).code, 3500, 'free again')
})

test('[C70] a user with too many connections is told by 3504', async (t) => {
  const usher = await startApp(t, limited({ connectionsPerUser: 1 }))
  const ann = await connect(`${usher.url}${ROOM}?ticket=${await ticketFor(usher, 'ann')}`)
  const first = JSON.stringify({ ticket: await ticketFor(usher, 'ann') })
  t.same(await closedAfter(usher, first), { code: 3504, reason: 'connection limit' })
  await ann.close()
  await until(() => usher.app.connections.size === 0)
  const again = await connect(usher.url + FIRST)
  again.send(first)
  again.send('the ticket was not used up')
  t.match(await again.text(), /not used up/)
})

test('a fault of ours over a first message is 3004 and logged, and others talk on', async (t) => {
  const usher = await startApp(t)
  const bob = await listener(usher)
  const first = JSON.stringify({ ticket: await ticketFor(usher, 'ann') })
  const { tickets } = usher.app.engine
  tickets.read = () => Promise.reject(new TypeError('a fault that the test put in'))
  t.same(await closedAfter(usher, first), { code: 3004, reason: 'internal error' })
  t.match(usher.log(), /a fault that the test put in/)
  bob.send('fine')
  t.equal(await bob.text(), 'fine')
})

test('[C34] a wrong first message is refused, also with a close right behind it', async (t) => {
  const usher = await startApp(t)
  const client = await rawConnect(usher.url, FIRST)
  const close = { opcode: OPCODE.close, payload: Buffer.from([3, 232]) }
  client.send({ opcode: OPCODE.text, payload: 'hello' }, close)
  t.same(await client.closing(), UNPROVED)
})
