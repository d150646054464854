// An application with WebSockets of its own, and both kinds of sockets when it shuts down.
import websocket from '@fastify/websocket'
import type { FastifyInstance } from 'fastify'
import { type Test, test } from 'tap'
import { WebSocketServer } from 'ws'
import { websocketOptions } from '../../src/index.ts'
import { connect, rawSocket, refused, upgradeRequest } from '../support/client.ts'
import { asServer, call } from '../support/people.ts'
import { RawClient, rawConnect, rawRequest } from '../support/raw-client.ts'
import { until } from '../support/until.ts'
import { makeHost, startHost } from './host.ts'

const ROOM = '/rt/rooms/chat:a'
const SHUTDOWN = { code: 3001, reason: 'shutdown' }

/** The application's own socket: it sends each message back twice. */
function echoRoute(app: FastifyInstance): void {
  app.get('/echo', { websocket: true }, (socket) => {
    socket.on('message', (data) => socket.send(`${data}${data}`))
  })
}

function ownSockets(options: object = websocketOptions()) {
  return async (app: FastifyInstance): Promise<void> => {
    await app.register(websocket, { options })
    echoRoute(app)
    app.get('/plain', async () => 'x')
  }
}

async function bothTalk(url: string): Promise<void> {
  const mine = await connect(`${url}/echo`)
  const ours = await connect(url + ROOM, { headers: asServer })
  mine.send('a')
  ours.send('a')
  const texts = [await mine.text(), await ours.text()]
  await Promise.all([mine.close(), ours.close()])
  if (texts.join() !== 'aa,a') throw new Error(`they said ${texts}`)
}

test('each answers its own, with routes before Usher and after it', async (t) => {
  const { url, app } = await startHost(t, {
    before: ownSockets(),
    after: (app) => app.get('/late', { websocket: true }, (socket) => socket.send('late')),
  })
  await bothTalk(url)
  const late = await connect(`${url}/late`)
  t.equal(await late.text(), 'late')
  await late.close()
  t.equal(app.websocketServer.clients.size, 0)
})

test('subprotocols: the application chooses its own, and never a ticket', async (t) => {
  const handleProtocols = (offered: Set<string>) => [...offered][0] ?? false
  const { url, app } = await startHost(t, {
    before: ownSockets(websocketOptions({ handleProtocols })),
  })
  const mine = await connect(`${url}/echo`, { protocols: ['theirs.v1'] })
  t.equal(mine.ws.protocol, 'theirs.v1')
  const { ticket } = await app.usher.issueTicket({ user: 'u1' })
  const ours = await connect(url + ROOM, { protocols: [`usher.ticket.${ticket}`, 'usher.raw'] })
  t.equal(ours.ws.protocol, 'usher.raw')
  await Promise.all([mine.close(), ours.close()])
})

test('[C47] our bound on a message holds where the application takes larger ones', async (t) => {
  const { url } = await startHost(t, {
    options: { limits: { messageBytes: 1_000 } },
    before: ownSockets(websocketOptions({ messageBytes: 1_000_000 })),
  })
  const mine = await connect(`${url}/echo`)
  mine.send('x'.repeat(500_000))
  t.equal((await mine.text()).length, 1_000_000)
  const ours = await connect(url + ROOM, { headers: asServer })
  ours.send('x'.repeat(1_000))
  t.equal((await ours.text()).length, 1_000)
  ours.send('x'.repeat(1_001))
  t.same(await ours.closed, { code: 1009, reason: 'message too big' })
  await mine.close()
})

for (const own of [true, false]) {
  const where = own ? 'with sockets of its own' : 'without any'
  test(`an upgrade of a path that takes none, in an application ${where}`, async (t) => {
    const { url } = await startHost(t, {
      ...(own ? { before: ownSockets() } : { after: (app) => app.get('/plain', async () => 'x') }),
    })
    const missing = new RawClient(await rawSocket(url))
    missing.socket.write(upgradeRequest('/nowhere'))
    t.equal(await missing.status(), 404)
    await until(() => missing.ended)
    const plain = new RawClient(await rawSocket(url))
    plain.socket.write(upgradeRequest('/plain'))
    t.equal(await plain.status(), own ? 101 : 200)
    plain.socket.destroy()
    t.match(await refused(`${url}/rt/health/live`), { status: 400, body: { error: 'bad_request' } })
    t.match(await refused(`${url}/rt/nowhere`), { status: 404, body: { error: 'not_found' } })
  })
}

test('`Upgrade: h2c` is a request to the application as well', async (t) => {
  const { url } = await startHost(t, {
    before: ownSockets(),
    after: (app) => app.post('/mine', async ({ body }) => body),
  })
  const h2c = await rawSocket(url)
  const client = new RawClient(h2c)
  const head = 'POST /mine HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\n'
  const body = 'Upgrade: h2c\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}'
  h2c.write(head + body)
  t.equal(await client.status(), 200)
  h2c.destroy()
})

/** Closes the application, and gives the close codes and reasons. */
async function closings(t: Test, before: (app: FastifyInstance) => unknown) {
  const { url, app } = await startHost(t, { before })
  const mine = await connect(`${url}/echo`)
  const ours = await Promise.all([
    connect(url + ROOM, { headers: asServer }),
    connect(`${url}${ROOM}?auth=message`),
  ])
  const ends = Promise.all([mine.closed, ...ours.map((each) => each.closed)])
  await app.close()
  return ends
}

test('[C89] closing the application closes ours with 3001, and its own as it likes', async (t) => {
  const [mine, ...ours] = await closings(t, ownSockets())
  t.same(ours, [SHUTDOWN, SHUTDOWN])
  t.same(mine, { code: 1005, reason: '' })
})

test('[C89] an application that closes its sockets itself', async (t) => {
  const preClose = function (this: FastifyInstance, done: () => void): void {
    for (const client of this.websocketServer.clients) client.close(1001, 'theirs')
    this.websocketServer.close(() => done())
  }
  const [mine, ...ours] = await closings(t, async (app) => {
    await app.register(websocket, { options: websocketOptions(), preClose })
    echoRoute(app)
  })
  t.same(ours, [SHUTDOWN, SHUTDOWN])
  t.same(mine, { code: 1001, reason: 'theirs' })
})

test('[C65] the application goes on answering what it has begun', async (t) => {
  const reached = Promise.withResolvers<void>()
  const paused = Promise.withResolvers<string>()
  const { url, app } = await startHost(t, {
    options: { drainSeconds: 0 },
    after: (app) =>
      app.get('/slow', () => {
        reached.resolve()
        return paused.promise
      }),
  })
  const member = await rawConnect(url, ROOM, asServer)
  const slow = await rawRequest(url, 'GET /slow HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  await reached.promise
  const closing = app.close()
  await until(() => member.ended)
  paused.resolve('answered')
  t.equal(await slow.status(), 200)
  await until(() => slow.rest === 'answered')
  await closing
})

test('[C65] [C90] closing ends event streams, and waits for none of them', async (t) => {
  const { url, app } = await startHost(t, { before: ownSockets() })
  const headers = { ...asServer, accept: 'text/event-stream' }
  const stream = await fetch(url + ROOM, { headers })
  t.equal(stream.status, 200)
  await app.usher.publish('chat:a', 'hello')
  let text = ''
  const decoder = new TextDecoder()
  const reading = (async () => {
    for await (const chunk of stream.body ?? []) text += decoder.decode(chunk)
  })()
  await until(() => text.includes('hello'))
  await Promise.all([reading, app.close()])
  t.equal(app.server.listening, false)
})

test('[C65] while it closes, a handshake is refused or told 3001', async (t) => {
  const reached = Promise.withResolvers<void>()
  const paused = Promise.withResolvers<boolean>()
  const authorize = () => {
    reached.resolve()
    return paused.promise
  }
  const { url, app } = await startHost(t, { options: { authorize }, before: ownSockets() })
  const client = new RawClient(await rawSocket(url))
  client.socket.write(upgradeRequest(ROOM, asServer))
  await reached.promise
  const closing = app.close()
  paused.resolve(true)
  const status = await client.status()
  t.ok(status === 503 || status === 101, String(status))
  if (status === 101) t.same(await client.closing(), SHUTDOWN)
  client.socket.destroy()
  await closing
})

test('[C65] sockets that ask for upgrades and get none do not delay closing', async (t) => {
  const { url, app } = await startHost(t, { after: (app) => app.get('/plain', async () => 'x') })
  const client = new RawClient(await rawSocket(url))
  client.socket.write(upgradeRequest('/plain'))
  t.equal(await client.status(), 200)
  await app.close()
  await until(() => client.ended)
  t.equal(app.server.listening, false)
})

test('something else that takes upgrades is refused at boot, before Usher or after', async (t) => {
  const sentence = /Something besides Usher takes the upgrades of this server: register/
  const attach = (app: FastifyInstance) => new WebSocketServer({ server: app.server })
  await t.rejects(makeHost(t, { before: attach }), sentence)
  const late = await makeHost(t, { after: attach })
  await t.rejects(async () => late.ready(), sentence)
  const after = await makeHost(t, { after: (app) => app.register(websocket) })
  await t.rejects(async () => after.ready(), sentence, 'their own plugin in the wrong order')
  const sibling = makeHost(t, {
    before: (app) => app.register(async (inner) => inner.register(websocket)),
  })
  await t.rejects(sibling, sentence, 'their own plugin where Usher cannot see it')
  t.equal((await call((await startHost(t)).url, 'GET')).status, 404)
})

test('[C90] a stream whose head cannot be written keeps no seat', async (t) => {
  const { url } = await startHost(t, {
    options: { limits: { connectionsPerAddress: 1 }, rooms: [{ match: '*', join: ['anyone'] }] },
    before: (app) => {
      app.addHook('onRequest', async ({ headers }, reply) => {
        if (headers['x-wrong'] !== undefined) reply.header('x-name', '☃')
      })
    },
  })
  const headers = { accept: 'text/event-stream', 'x-wrong': 'yes' }
  t.equal((await fetch(url + ROOM, { headers })).status, 500)
  await (await connect(url + ROOM)).close()
})
