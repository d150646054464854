// How clients of the SDKs come in, stay in and stay away, with every credential that there is.
import t, { type Test } from 'tap'
import { cutProxy } from '../support/cut-proxy.ts'
import { asServer, call, person, ticketOf } from '../support/people.ts'
import { until } from '../support/until.ts'
import { accessToken, byCookie, outsideToken, say, startScene, ticketsOf } from './scene.ts'
import type { SdkClients } from './sdk-client.ts'
import { SDKS, startSdk } from './sdks.ts'

/** How often a client with tickets is cut. */
const RETURNS = 8

const scene = await startScene(t)
const proxy = await cutProxy(t, scene.url)
const url = `ws://${proxy.url}/connection/websocket`
const ann = await person(scene)

/** What an SDK must do, by its title. */
type Ways = Record<string, (t: Test, clients: SdkClients) => Promise<void>>

async function returns(
  t: Test,
  clients: SdkClients,
  clears: boolean,
  sockets: number,
): Promise<void> {
  const client = await clients.open({ url, clears }, ticketsOf(scene, ann))
  await client.connect()
  await client.subscribe('chat:tickets')
  const before = proxy.taken
  const times: number[] = []
  for (let round = 0; round < RETURNS; round += 1) {
    const mark = client.heard.length
    const start = performance.now()
    proxy.cut()
    await client.hears({ event: 'subscribed', room: 'chat:tickets' }, mark)
    times.push(performance.now() - start)
  }
  const opened = proxy.taken - before
  t.comment(`${opened} sockets, median ${median(times)} ms`)
  t.ok(opened <= RETURNS * sockets, `${opened} sockets for ${RETURNS} returns`)
  t.equal(client.asked, 1 + RETURNS, 'one ticket for each time')
  t.same(client.endings(), [])
  await client.disconnect()
}

const WAYS: Ways = {
  async 'comes in by the cookie of its browser'(t, clients) {
    const client = await clients.open(byCookie(scene, ann))
    const connection = await client.connect()
    await client.subscribe('chat:cookie')
    const [info] = await client.presence('chat:cookie')
    t.match(info, { user: ann.user, client: connection })
    await client.disconnect()
  },

  async 'comes in without a name where the cookie is shown by a page that is not ours'(t, clients) {
    const { headers } = byCookie(scene, ann)
    const foreign = { ...headers, Origin: 'https://evil.example' }
    const client = await clients.open({ url: scene.socketUrl, headers: foreign })
    await client.connect()
    await client.subscribe('open:foreign')
    t.match(await client.presence('open:foreign'), [{ user: '' }])
    await client.disconnect()
  },

  async 'ends with a used ticket and no way to get another'(t, clients) {
    const token = await ticketOf(scene, ann.bearer)
    const client = await clients.open({ url, token })
    await client.connect()
    proxy.cut()
    const { code } = await client.hears({ event: 'disconnected' })
    t.equal(code, 1, 'the SDK says that it is unauthorized')
  },

  async 'gets a fresh access token when its own is over'(t, clients) {
    const tokens = [accessToken(ann, -30), accessToken(ann, 300)]
    const client = await clients.open({ url }, () => tokens.shift() ?? null)
    await client.connect()
    t.equal(client.asked, 2)
    t.same(client.endings(), [])
    await client.disconnect()
  },

  async 'stays in with fresh tokens of another issuer'(t, clients) {
    const tokens = () => outsideToken('bob', 2)
    const client = await clients.open({ url }, tokens)
    await client.connect()
    await until(() => client.asked >= 3, { what: `a client shows its third token` })
    await client.subscribe('chat:outside')
    t.match(await client.presence('chat:outside'), [{ user: 'jwt:bob' }])
    t.equal(client.of('connected').length, 1, 'without a new connection')
    await client.disconnect()
  },

  async 'gets another token where that of another issuer is over'(t, clients) {
    const tokens = [await outsideToken('bob', -60), await outsideToken('bob', 60)]
    const client = await clients.open({ url }, () => tokens.shift() ?? null)
    await client.connect()
    t.equal(client.asked, 2)
    await client.disconnect()
  },

  async 'stays away with a forged token'(t, clients) {
    const client = await clients.open({ url, token: 'forged.token.of-nobody' })
    const before = proxy.taken
    await client.do('connect')
    t.match(await client.hears({ event: 'disconnected' }), { code: 3500 })
    t.equal(proxy.taken - before, 1)
  },

  async 'stays away where the user may not come in'(t, clients) {
    const client = await clients.open({ url }, () => null)
    await client.do('connect')
    t.match(await client.hears({ event: 'disconnected' }), { code: 1 })
  },

  async 'comes in without a name where a rule lets in anyone'(t, clients) {
    const client = await clients.open({ url })
    const connection = await client.connect()
    await client.subscribe('open:lobby')
    await client.publish('open:lobby', '{"said":1}')
    const heard = await client.hears({ event: 'message', room: 'open:lobby' })
    t.match(heard, { by: { user: '', client: connection } })
    t.match(await client.presenceStats('open:lobby'), { clients: 1, users: 1 })
    await t.rejects(client.publish('chat:closed', '{}'), { code: 103 })
    await client.disconnect()
  },

  async 'stays away after its log-out, and after a ban'(t, clients) {
    const eve = await person(scene)
    const web = await clients.open(byCookie(scene, eve))
    await web.connect()
    await call(`${scene.url}/session`, 'DELETE', { headers: eve.browser })
    t.match(await web.hears({ event: 'disconnected' }), { code: 3503 })

    const app = await clients.open({ url }, ticketsOf(scene, eve))
    await app.connect()
    await scene.app.usher.disconnect({ user: eve.user })
    t.match(await app.hears({ event: 'disconnected' }), { code: 3503 })

    const again = await clients.open({ url }, ticketsOf(scene, eve))
    await again.connect()
    await call(`${scene.url}/users/${eve.user}/ban`, 'PUT', { headers: asServer })
    t.match(await again.hears({ event: 'disconnected' }), { code: 3503 })
  },

  async 'opens rooms by one ticket, and none that it does not name'(t, clients) {
    const rooms = ['closed:1', 'closed:2', 'closed:3']
    const ticket = await ticketOf(scene, asServer, { user: ann.user, rooms })
    const client = await clients.open(byCookie(scene, ann))
    client.tokens = () => ticket
    await client.connect()
    for (const room of rooms) await client.subscribe(room, { asks: true })
    await client.do('subscribe', { room: 'closed:4', asks: true })
    t.match(await client.hears({ event: 'unsubscribed', room: 'closed:4' }), { code: 103 })
    t.match(await client.presence('closed:3').catch(({ code }) => code), 103, 'no right of its own')
    await client.disconnect()
  },

  async 'finds in its own room what came while it was away'(t, clients) {
    const eve = await person(scene)
    const client = await clients.open(byCookie(scene, eve))
    const room = `user:${eve.user}`
    await client.connect()
    await client.hears({ event: 'subscribed', room })
    await say(scene, encodeURIComponent(room), { at: 1 })
    await client.hears({ event: 'message', room, offset: 1 })
    await client.disconnect()
    await say(scene, encodeURIComponent(room), { at: 2 })
    await client.connect()
    t.match(await client.hears({ event: 'message', room, offset: 2 }), { data: '{"at":2}' })
    t.equal(client.of('message', room).length, 2)
    await client.disconnect()
  },
}

for (const sdk of SDKS) {
  t.test(sdk.title, async (t) => {
    const clients = startSdk(t, sdk)
    for (const [title, way] of Object.entries(WAYS)) t.test(title, (t) => way(t, clients))
    t.test('comes back by tickets, of which it keeps the last', (t) =>
      returns(t, clients, false, sdk.language === 'Python' ? 3 : 2),
    )
    if (sdk.lacks.includes('setToken')) return
    t.test('comes back by tickets, each at once', (t) => returns(t, clients, true, 1))
  })
}

function median(values: number[]): number {
  return Math.round(values.toSorted((one, other) => one - other)[values.length >> 1] ?? 0)
}
