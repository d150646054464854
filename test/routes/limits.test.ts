// Limits of connections and handshakes: clear answers, and seats that are free again afterwards.
import { type Test, test } from 'tap'
import type { Limits } from '../../src/protocol/limits.ts'
import { startApp } from '../support/app.ts'
import { type Client, connect, refused, upgradeRequest } from '../support/client.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { nothingLeft } from '../support/nothing-left.ts'
import { asServer, person, ticketOf } from '../support/people.ts'
import { rawRequest, reset } from '../support/raw-client.ts'
import { limited, UNLIMITED } from '../support/settings.ts'
import { until } from '../support/until.ts'

const ROOM = '/rooms/chat:a'

function opened(t: Test, limits: Partial<Limits>) {
  return startApp(t, limited(limits))
}

const FULL = { status: 503, body: { error: 'unavailable', code: 100 } }
const OFTEN = { status: 429, body: { error: 'too_many_requests', code: 111 } }

for (const [limit, answer] of [
  ['connections', FULL],
  ['connectionsPerAddress', OFTEN],
] as const) {
  test(`[C70] one over ${limit} is a ${answer.status} before the 101`, async (t) => {
    const usher = await opened(t, { [limit]: 2 })
    const { url, app } = usher
    const path = async () =>
      `${url}${ROOM}?ticket=${await ticketOf(usher, asServer, { user: 'u' })}`
    const join = async () => connect(await path())
    const clients = [await join(), await join()]
    const refusal = await refused(await path())
    t.match(refusal, answer)
    t.match(refusal.headers['retry-after'], /^\d+$/, '[C3]')
    t.match(refusal.body.message, /\S+ \S+/, 'a sentence with advice')
    clients[0]?.send('open connections are not disturbed')
    t.match(await clients[1]?.text(), /not disturbed/)
    await clients[0]?.close()
    await until(() => app.connections.size === 1)
    const next = await join()
    await Promise.all([clients[1], next].map((client) => client?.close()))
    await nothingLeft(app)
  })

  test(`[C70] refused and aborted handshakes do not stay in ${limit}`, async (t) => {
    const { url, app } = await opened(t, { [limit]: 2 })
    for (let i = 0; i < 5; i += 1) {
      t.equal((await refused(url + ROOM)).status, 401)
      t.equal(
        (await refused(`${url}/rooms/user:u`, { headers: { cookie: 'usher=x' } })).status,
        403,
      )
      await reset(await rawRequest(url, upgradeRequest(ROOM, asServer)))
    }
    await nothingLeft(app)
    const clients = [1, 2].map(() => connect(url + ROOM, { headers: asServer }))
    for (const client of await Promise.all(clients)) await client.close()
    await nothingLeft(app)
  })
}

test('[C70] connections of a user are bounded, over all credentials and addresses', async (t) => {
  const usher = await opened(t, { connectionsPerUser: 2 })
  const ann = await person(usher)
  const ticket = await ticketOf(usher, ann.bearer)
  const inBrowser = await connect(usher.url + ROOM, { headers: ann.browser })
  const inApp = await connect(usher.url + ROOM, { headers: ann.bearer })
  const refusal = await refused(`${usher.url}/rooms/chat:b?ticket=${ticket}`)
  t.match(refusal, OFTEN)
  t.match(refusal.headers['retry-after'], /^\d+$/)
  await inApp.close()
  await until(() => usher.app.connections.size === 1)
  const again = await connect(`${usher.url}/rooms/chat:b?ticket=${ticket}`)
  t.ok(again, '[C23] the refusal did not use the ticket up')
  const others = await ticketOf(usher, asServer, { user: 'bob' })
  const bob = await connect(`${usher.url}${ROOM}?ticket=${others}`)
  await Promise.all([inBrowser, again, bob].map((client) => client.close()))
  await nothingLeft(usher.app)
})

test('[C70] server keys have no user, so connectionsPerUser does not count them', async (t) => {
  const usher = await opened(t, { connectionsPerUser: 1 })
  const clients: Client[] = []
  for (let i = 0; i < 5; i += 1)
    clients.push(await connect(usher.url + ROOM, { headers: asServer }))
  t.equal(usher.app.connections.size, 5)
  await Promise.all(clients.map((client) => client.close()))
  await nothingLeft(usher.app)
})

test('[C133] handshakes per second are bounded: 503, and again when time has passed', async (t) => {
  const clock = new ManualClock()
  const { url, app } = await startApp(t, limited({ handshakesPerSecond: 2 }), { clock })
  const clients = [1, 2].map(() => connect(url + ROOM, { headers: asServer }))
  await Promise.all(clients)
  const answer = await refused(url + ROOM, { headers: asServer })
  t.match(answer, FULL)
  t.equal(answer.headers['retry-after'], '1')
  const plain = await fetch(url + ROOM, { headers: asServer })
  t.equal(plain.status, 200, 'REST is not counted')
  await clock.advance(500)
  const next = await connect(url + ROOM, { headers: asServer })
  t.match(await refused(url + ROOM, { headers: asServer }), FULL)
  await Promise.all([...(await Promise.all(clients)), next].map((client) => client.close()))
  await until(() => app.connections.size === 0)
})

test('[C133] [C41] a malformed handshake spends none of the rate', async (t) => {
  const clock = new ManualClock()
  const { url, app } = await startApp(t, limited({ handshakesPerSecond: 1 }), { clock })
  for (let i = 0; i < 5; i += 1) {
    const wrong = upgradeRequest(ROOM, { ...asServer, 'Sec-WebSocket-Version': '8' })
    const client = await rawRequest(url, wrong)
    t.equal(await client.status(), 400)
    client.socket.destroy()
  }
  const client = await connect(url + ROOM, { headers: asServer })
  await client.close()
  await until(() => app.connections.size === 0)
})

test('[C72] limits that are null bound nothing', async (t) => {
  const usher = await opened(t, UNLIMITED)
  const ticket = await ticketOf(usher, asServer, { user: 'ann' })
  const ann = await connect(`${usher.url}${ROOM}?ticket=${ticket}`)
  const bob = await connect(usher.url + ROOM, { headers: asServer })
  for (let i = 0; i < 300; i += 1) ann.send(String(i))
  for (let i = 0; i < 300; i += 1) await bob.text()
  const undecided = []
  for (let i = 0; i < 30; i += 1) undecided.push(await connect(`${usher.url}${ROOM}?auth=message`))
  t.equal(usher.app.connections.size, 32)
  await Promise.all([ann, bob, ...undecided].map((client) => client.close()))
  await nothingLeft(usher.app)
})
