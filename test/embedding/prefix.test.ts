// Usher under a prefix of an application: its routes are there, and all other paths stay the
// application's.
import type { Socket } from 'node:net'
import Fastify, { type FastifyInstance } from 'fastify'
import { test } from 'tap'
import whole, { usher } from '../../src/index.ts'
import { connect, refused } from '../support/client.ts'
import { asServer, call, cookieOf, PASSWORD } from '../support/people.ts'
import { keptLog, OPTIONS, startHost } from './host.ts'

const CREDENTIALS = { username: 'ann', password: PASSWORD }

for (const prefix of ['', '/rt', '/api/v1/rt']) {
  test(`[C86] every endpoint is under the prefix ${prefix || 'that is empty'}`, async (t) => {
    const { url, app } = await startHost(t, { options: { prefix } })
    const base = url + prefix
    t.equal((await call(`${base}/accounts`, 'POST', { body: CREDENTIALS })).status, 201)
    const session = await call(`${base}/session`, 'POST', { body: CREDENTIALS })
    const browser = { cookie: cookieOf(session.headers), origin: url }
    const member = await connect(`${base}/rooms/chat:a`, { headers: browser })
    const text = { ...asServer, 'content-type': 'text/plain' }
    const said = { method: 'POST', headers: text, body: 'hello' }
    t.equal((await fetch(`${base}/rooms/chat:a/messages`, said)).status, 201)
    t.equal(await member.text(), 'hello')
    await app.usher.publish('chat:a', 'from the application')
    t.equal(await member.text(), 'from the application')
    const { status, body } = await call(`${base}/tickets`, 'POST', { headers: browser })
    t.match({ status, url: body.url }, { status: 201 })
    t.ok(body.url.startsWith(`${base.replace('http', 'ws')}/rooms/{room}?ticket=`), body.url)
    const byTicket = await connect(body.url.replace('{room}', 'chat:a'))
    t.equal((await call(`${base}/session`, 'DELETE', { headers: browser })).status, 204)
    t.equal((await member.closed).code, 3503, 'the cookie, the ticket and the room are one user’s')
    t.equal((await byTicket.closed).code, 3503)
  })

  test(`[C86] the less frequent requests are there, too: ${prefix || 'no prefix'}`, async (t) => {
    const { url } = await startHost(t, { options: { prefix } })
    const base = url + prefix
    const asks: [string, string, Record<string, string>, unknown, number][] = [
      ['GET', '/session', {}, undefined, 401],
      ['DELETE', '/account', {}, undefined, 401],
      ['DELETE', '/account', asServer, undefined, 403],
      ['GET', '/rooms/chat:a', asServer, undefined, 200],
      ['GET', '/rooms/chat:a/messages', asServer, undefined, 200],
      ['POST', '/messages', asServer, [{ room: 'chat:a', data: 1 }], 200],
      ['PUT', '/users/ann/ban', asServer, undefined, 204],
      ['GET', '/rooms', asServer, undefined, 200],
      ['DELETE', '/rooms/chat:a', asServer, undefined, 204],
      ['GET', '/health/live', {}, undefined, 200],
      ['GET', '/health/ready', {}, undefined, 200],
    ]
    for (const [method, path, headers, body, status] of asks) {
      t.equal((await call(base + path, method, { headers, body })).status, status, path)
    }
    const metrics = await fetch(`${base}/metrics`, { headers: asServer })
    t.match(await metrics.text(), /usher_rooms 0/)
  })
}

test('the default export is the plugin, too', async (t) => {
  t.equal(whole, usher)
})

test('[C86] [C20] with a public address the prefix stands in the url of tickets', async (t) => {
  const options = { publicUrl: 'https://example.com' }
  const { url } = await startHost(t, { options })
  const body = { user: 'u1', rooms: ['chat:a'] }
  const ticket = await call(`${url}/rt/tickets`, 'POST', { headers: asServer, body })
  t.match(ticket.body.url, /^wss:\/\/example\.com\/rt\/rooms\/chat:a\?ticket=ut_/)
})

test('[C86] in a scope with a prefix of its own, it is that scope’s alone', async (t) => {
  const app = Fastify() as unknown as FastifyInstance
  t.teardown(() => app.close())
  await app.register(
    async (scope) => {
      await scope.register(usher, OPTIONS)
      scope.post('/say', async () => scope.usher.publish('chat:a', 'said'))
    },
    { prefix: '/api' },
  )
  t.equal(app.hasDecorator('usher'), false)
  const sockets = new Set<Socket>()
  app.server.on('connection', (socket) => sockets.add(socket))
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const member = await connect(`${url}/api/rt/rooms/chat:a`, { headers: asServer })
  t.equal((await call(`${url}/api/say`, 'POST')).status, 200)
  t.equal(await member.text(), 'said')
  await member.close()
  t.match(await refused(`${url}/nowhere`), { status: 404, body: { statusCode: 404 } })
  const { body } = await call(`${url}/api/rt/tickets`, 'POST', {
    headers: asServer,
    body: { user: 'u1' },
  })
  t.match(body.url, '/api/rt/rooms/{room}?ticket=')
  // An upgrade that the application answers by itself keeps its socket for 30 s.
  for (const socket of sockets) socket.destroy()
})

test('[C86] [C1] errors below the prefix are ours, elsewhere they are not', async (t) => {
  const { url } = await startHost(t, {
    before: (app) => {
      app.setErrorHandler((error, _request, reply) => reply.code(418).send({ mine: String(error) }))
      app.setNotFoundHandler((_request, reply) => reply.code(404).send({ mine: 'not found' }))
      app.get('/before', async () => Promise.reject(new Error('before')))
    },
    after: (app) => {
      app.get('/after', async () => Promise.reject(new Error('after')))
    },
  })
  t.match(await call(`${url}/before`, 'GET'), { status: 418, body: { mine: 'Error: before' } })
  t.match(await call(`${url}/after`, 'GET'), { status: 418, body: { mine: 'Error: after' } })
  t.match(await call(`${url}/nowhere`, 'GET'), { status: 404, body: { mine: 'not found' } })
  t.match(await call(`${url}/rt/nowhere`, 'GET'), { status: 404, body: { error: 'not_found' } })
  const badName = await call(`${url}/rt/rooms/a%20b`, 'GET')
  t.match(badName, { status: 400, body: { error: 'bad_request', code: 107 } })
  t.match(await refused(`${url}/rt/rooms/chat:a`), { status: 401, body: { code: 101 } })
})

test('[C86] without a prefix, unknown paths stay the application’s', async (t) => {
  const { url } = await startHost(t, {
    options: { prefix: '' },
    before: (app) => app.setNotFoundHandler((_, reply) => reply.code(404).send({ mine: 1 })),
    after: (app) => app.get('/', async () => ({ home: true })),
  })
  t.same((await call(`${url}/nowhere`, 'GET')).body, { mine: 1 })
  t.same((await call(`${url}/`, 'GET')).body, { home: true }, 'its page is its own, too')
  t.match((await call(`${url}/rooms/chat:a`, 'GET')).body, { error: 'unauthorized' })
})

test('no header of ours is on an answer of the application’s', async (t) => {
  const names = async (path: string, url: string) => {
    const { headers } = await fetch(url + path)
    return [...headers.keys()]
  }
  const { url } = await startHost(t, {
    options: { origins: ['https://app.example.com'] },
    before: (app) => app.get('/before', async () => 'x'),
    after: (app) => app.get('/after', async () => 'x'),
  })
  const plain = ['connection', 'content-length', 'content-type', 'date', 'keep-alive']
  t.same((await names('/before', url)).sort(), plain)
  t.same((await names('/after', url)).sort(), plain)
  t.same((await names('/nowhere', url)).sort(), plain)
  t.ok((await names('/rt/health/live', url)).includes('content-security-policy'))
  const preflight = { origin: 'https://app.example.com', 'access-control-request-method': 'PUT' }
  const mine = await fetch(`${url}/after`, { method: 'OPTIONS', headers: preflight })
  t.equal(mine.headers.get('access-control-allow-origin'), null)
  const ours = await fetch(`${url}/rt/tickets`, { method: 'OPTIONS', headers: preflight })
  t.equal(ours.headers.get('access-control-allow-origin'), 'https://app.example.com')
})

test('the application sees one new name, and may have all the others itself', async (t) => {
  const names = [
    'usherContext',
    'engine',
    'rooms',
    'tickets',
    'authenticate',
    'identify',
    'metrics',
  ]
  const onReplies = ['setSessionCookie', 'sessionCookie', 'refusal']
  const more = ['accounts', 'sessions', 'connections', 'permitted', 'prove', 'audit']
  const { app, url } = await startHost(t, {
    before: (app) => {
      for (const name of names) app.decorate(name, 'mine')
      for (const name of onReplies) app.decorateReply(name, 'mine')
      for (const name of ['identity', 'network', 'handshake', 'refusal']) {
        app.decorateRequest(name, null)
      }
      app.addHook('onRequest', async (request) => {
        Object.assign(request, { identity: 'mine', network: 'mine' })
      })
    },
    after: (app) => {
      for (const name of more) app.decorate(name, 'mine')
      app.get('/mine', async (request) => ({ identity: request.identity }))
    },
  })
  for (const name of [...names, ...more]) t.equal(Reflect.get(app, name), 'mine', name)
  t.same((await call(`${url}/mine`, 'GET')).body, { identity: 'mine' })
  await call(`${url}/rt/accounts`, 'POST', { body: CREDENTIALS })
  const session = await call(`${url}/rt/session`, 'POST', { body: CREDENTIALS })
  const headers = { cookie: cookieOf(session.headers), origin: url }
  t.match((await call(`${url}/rt/session`, 'GET', { headers })).body, { username: 'ann' })
  t.equal((await (await connect(`${url}/rt/rooms/chat:a`, { headers })).close()).code, 1000)
})

test('[S9] a ticket in the URL is not in the application’s log', async (t) => {
  const log = keptLog()
  const { app, url } = await startHost(t, { server: { logger: log.logger } })
  const { ticket } = await app.usher.issueTicket({ user: 'u1' })
  await (await connect(`${url}/rt/rooms/chat:a?ticket=${ticket}`)).close()
  await refused(`${url}/rt/rooms/chat:a?ticket=${ticket}`)
  t.match(log.text(), /"path":"\/rt\/rooms\/chat:a"/)
  t.match(log.text(), /connection opened/)
  t.notMatch(log.text(), ticket)
})

test('the environment is not read', async (t) => {
  const before = { ...process.env }
  t.teardown(() => {
    process.env = before
  })
  Object.assign(process.env, { USHER_API_KEYS: 'broken', NODE_ENV: 'production', PORT: 'x' })
  const { url } = await startHost(t)
  const session = await call(`${url}/rt/accounts`, 'POST', { body: CREDENTIALS })
  t.equal(session.status, 201, 'sign-up is open, as it is not in production')
})
