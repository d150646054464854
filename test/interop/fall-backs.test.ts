// npm's centrifuge where WebSockets are blocked: each transport that it falls back to, from the
// first connect to a close that it stays away after. Chromium does the same in test/sdks/.
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { Centrifuge as JsonClient, type Options } from 'centrifuge'
import { Centrifuge as ProtobufClient } from 'centrifuge/build/protobuf'
import { EventSource } from 'eventsource'
import t, { type Test } from 'tap'
import { startApp } from '../support/app.ts'
import { nothingLeft } from '../support/nothing-left.ts'
import { asServer, call, person, ticketOf } from '../support/people.ts'
import { ruled } from '../support/settings.ts'
import { until } from '../support/until.ts'

const KEPT = { match: 'chat:*', history: { messages: 100, ageMs: null } }
const usher = await startApp(t, ruled(KEPT))
const { url, app } = usher
const ann = await person(usher)
/** The TCP connections, to cut them. */
const open = new Set<Socket>()
app.server.on('connection', (tcp) => {
  open.add(tcp)
  tcp.on('close', () => open.delete(tcp))
})

interface FallBack {
  title: string
  transport: 'http_stream' | 'sse'
  isProtobuf?: true
}

const FALL_BACKS: readonly FallBack[] = [
  { title: 'a stream of JSON', transport: 'http_stream' },
  { title: 'a stream of Protobuf', transport: 'http_stream', isProtobuf: true },
  { title: 'server-sent events', transport: 'sse' },
]

/** A port where nothing answers a handshake, as behind a proxy that lets no WebSocket through. */
async function blocked(t: Test): Promise<string> {
  const server = createServer((socket: Socket) => socket.destroy()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as { port: number }
  return `ws://127.0.0.1:${port}`
}

/** Falls back from a WebSocket, with a ticket of its own for each connection. */
async function sdkOf(t: Test, { transport, isProtobuf }: FallBack) {
  const Client = isProtobuf ? (ProtobufClient as unknown as typeof JsonClient) : JsonClient
  const options = {
    emulationEndpoint: `${url}/emulation`,
    getToken: () => ticketOf(usher, ann.bearer),
    ...{ minReconnectDelay: 10, maxReconnectDelay: 50 },
    ...{ fetch, readableStream: ReadableStream, eventsource: EventSource },
  } satisfies Partial<Options>
  const sdk = new Client(
    [
      { transport: 'websocket', endpoint: await blocked(t) },
      { transport, endpoint: `${url}/connection/${transport}` },
    ],
    options,
  )
  sdk.on('connecting', () => sdk.setToken(''))
  t.teardown(() => sdk.disconnect())
  return sdk
}

const textOf = (data: unknown): string =>
  data instanceof Uint8Array ? Buffer.from(data).toString() : JSON.stringify(data)

for (const fallBack of FALL_BACKS) {
  t.test(
    `[C300] by ${fallBack.title} it connects, recovers over cuts, and stays away`,
    async (t) => {
      const room = `chat:${fallBack.transport}${fallBack.isProtobuf ? 'p' : ''}`
      const encode = (value: unknown) =>
        fallBack.isProtobuf ? new TextEncoder().encode(JSON.stringify(value)) : value
      const sdk = await sdkOf(t, fallBack)
      const heard: string[] = []
      const subscription = sdk.newSubscription(room)
      subscription.on('publication', ({ data }) => heard.push(textOf(data)))
      subscription.subscribe()
      sdk.connect()
      await sdk.ready()
      await subscription.ready()
      await subscription.publish(encode({ mine: '"quoted"\\' }))
      t.equal((await subscription.history({ limit: 10 })).publications.length, 1)
      for (let cut = 1; cut <= 3; cut += 1) {
        for (const tcp of open) tcp.destroy()
        await app.usher.publish(room, cut)
        await until(() => heard.length > cut)
      }
      t.same(heard, ['{"mine":"\\"quoted\\"\\\\"}', '1', '2', '3'], 'nothing lost, nothing twice')
      const away = once(sdk as never, 'disconnected')
      await call(`${url}/users/${ann.user}/connections`, 'DELETE', { headers: asServer })
      t.match(await away, [{ code: 3503, reason: 'forced' }])
      await nothingLeft(app)
    },
  )
}
