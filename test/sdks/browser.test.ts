// npm's centrifuge in Chromium: in by the cookie of the page alone, over WebSockets and over the
// transports that it falls back to where these are blocked.
import t from 'tap'
import { openBrowser } from '../support/browser.ts'
import { call, person } from '../support/people.ts'
import { loggedIn, pageClient, type Transport } from './page-client.ts'
import { cutsOf, heardOnce, talkOverCuts } from './random-cuts.ts'
import { sceneBehind } from './scene.ts'

/** How often each transport is cut while messages are published. */
const CUTS = cutsOf({ short: 5, full: 50 })
/** Nothing listens there, as behind a proxy that blocks WebSockets. */
const BLOCKED = { transport: 'websocket', endpoint: 'ws://127.0.0.1:9' } as const

const scene = await sceneBehind(t)
const { proxy, origin } = scene
const browser = await openBrowser(t)

const numberOf = (data: unknown) => (data as { said: number }).said

interface Case {
  title: string
  transport: Transport
  isProtobuf?: boolean
}

const CASES: readonly Case[] = [
  { title: 'WebSocket, JSON', transport: 'websocket' },
  { title: 'WebSocket, Protobuf', transport: 'websocket', isProtobuf: true },
  { title: 'a stream over HTTP, JSON', transport: 'http_stream' },
  { title: 'a stream over HTTP, Protobuf', transport: 'http_stream', isProtobuf: true },
  { title: 'server-sent events', transport: 'sse' },
]

for (const [index, { title, transport, isProtobuf = false }] of CASES.entries()) {
  t.test(title, async (t) => {
    const ann = await person(scene)
    const context = await loggedIn(t, browser, origin, ann.browser.cookie)
    const scheme = transport === 'websocket' ? 'ws' : 'http'
    const endpoint = `${scheme}://${proxy.url}/connection/${transport}`
    const own = { transport, endpoint }
    const transports = transport === 'websocket' ? [own] : [BLOCKED, own]
    const client = await pageClient(context, { origin, transports, isProtobuf })
    const room = `chat:browser-${index}`

    t.test('comes in by the cookie, and speaks in a room', async (t) => {
      await client.run('client.connect()')
      t.equal((await client.hears('connected')).transport, transport)
      await client.run(`join('${room}')`)
      await client.hears('subscribed')
      await client.run(`client.publish('${room}', write({ at: 1 }))`)
      t.match(await client.hears('message'), { data: { at: 1 }, offset: 1 })
      const found = await client.run(`client.presence('${room}')`)
      const members = Object.values((found as { clients: Record<string, object> }).clients)
      t.match(members, [{ user: ann.user }])
    })

    t.test(`loses nothing and doubles nothing over ${CUTS} cuts`, async (t) => {
      const said = await talkOverCuts(scene, {
        ...{ room, proxy, cuts: CUTS, index },
        nextConnected: () => client.next('connected'),
      })
      // What is said here comes after the first message.
      await client.hears('message', said + 1)
      await client.run(`client.publish('${room}', write({ said: ${said + 1} }))`)
      await client.hears('message', said + 2)
      const numbers = (await client.of('message')).slice(1).map(({ data }) => numberOf(data))
      heardOnce(t, numbers, said + 1)
      const times = (await client.of('connected')).length
      t.comment(`${said} messages, ${times} connections by ${transport}`)
      t.same(
        (await client.of('subscribed')).slice(1).filter(({ recovered }) => !recovered),
        [],
      )
    })

    t.test('stays away after the log-out of its session', async (t) => {
      await call(`${scene.url}/session`, 'DELETE', { headers: ann.browser })
      t.equal((await client.hears('disconnected')).code, 3503)
      await client.run('client.connect()')
      t.equal((await client.hears('disconnected', 2)).code, 3500, 'its cookie is a stale one')
    })
  })
}
