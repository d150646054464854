// Parts of Usher by themselves, in applications that put together what they need.
import Fastify, { type FastifyInstance } from 'fastify'
import { type Test, test } from 'tap'
import { contextOf, plugins, Refusal, routes, type SettingsOptions } from '../../src/index.ts'
import { connect, refused } from '../support/client.ts'
import { asServer, call, cookieOf, PASSWORD } from '../support/people.ts'
import { OPTIONS, UPGRADES } from './host.ts'

type Name = keyof typeof plugins

/** An application of these parts and nothing else. */
async function made(t: Test, names: Name[], server: object = {}): Promise<FastifyInstance> {
  const app = Fastify(server) as unknown as FastifyInstance
  t.teardown(() => app.close())
  await app.register(plugins.usherContext, contextOf(OPTIONS as SettingsOptions))
  for (const name of names) await app.register(plugins[name] as typeof plugins.host)
  return app
}

const listen = (app: FastifyInstance) => app.listen({ host: '127.0.0.1', port: 0 })
const ROOMS: Name[] = ['metrics', 'engine', 'rooms']
const USERS: Name[] = ['engine', 'tickets', 'auth']
const SOCKETS: Name[] = [...ROOMS, 'host', 'websocket', 'tickets', 'auth']
const DOORS: Name[] = [...SOCKETS, 'validation', 'audit', 'errors', 'guard']
const CREDENTIALS = { username: 'ann', password: PASSWORD }

test('the engine: what is kept, and how surely', async (t) => {
  const { engine } = await made(t, ['engine'])
  t.equal(engine.durability, 'memory')
  t.match(engine.health(), { ready: true })
})

test('rooms: publish and follow from code, without a server', async (t) => {
  const app = await made(t, ROOMS)
  const draft = { kind: 'text' as const, payload: Buffer.from('a'), user: null, origin: null }
  t.match(await app.rooms.publish('live:a', { identity: null }, draft), { repeated: false })
})

test('tickets: issued, looked at, redeemed once', async (t) => {
  const { tickets } = await made(t, ['engine', 'tickets'])
  const order = { user: 'ann', session: null, rooms: null, info: null }
  const { ticket } = await tickets.issue({ ...order, connectionExpiresAt: null, seconds: 30 })
  t.match(await tickets.inspect(ticket), { user: 'ann' })
  t.match(await tickets.redeem(ticket), { user: 'ann' })
  await t.rejects(tickets.redeem(ticket), /used already/)
})

test('auth: hooks for routes of the application’s own', async (t) => {
  const app = await made(t, USERS)
  app.get('/mine', { onRequest: app.authenticate }, async (request) => {
    const { server, user } = app.identityOf(request)
    return { server, user }
  })
  const url = await listen(app)
  t.match(await call(`${url}/mine`, 'GET'), { status: 401, body: { statusCode: 401 } })
  const { body } = await call(`${url}/mine`, 'GET', { headers: asServer })
  t.same(body, { server: 'backend', user: null })
})

test('facade: app.usher without any door', async (t) => {
  const { usher } = await made(t, [...ROOMS, 'tickets', 'auth', 'serverApi'])
  t.match(await usher.publish('live:a', 'x'), { room: 'live:a' })
  t.match(await usher.issueTicket({ user: 'ann' }), { ticket: /^ut_/ })
})

test('bodies: JSON alone, without coercion, for a scope of the application', async (t) => {
  const app = await made(t, [])
  await app.register(async (scope) => {
    await scope.register(plugins.validation)
    const body = { type: 'object', properties: { n: { type: 'integer' } } }
    scope.post('/strict', { schema: { body } }, async (request) => request.body)
  })
  app.post('/lax', async (request) => ({ body: request.body }))
  const url = await listen(app)
  t.equal((await call(`${url}/strict`, 'POST', { body: { n: '1' } })).status, 400)
  t.same((await call(`${url}/strict`, 'POST', { body: { n: 1 } })).body, { n: 1 })
  t.equal((await fetch(`${url}/strict`, { method: 'POST', body: 'text' })).status, 415)
  t.equal((await fetch(`${url}/lax`, { method: 'POST', body: 'text' })).status, 200)
})

test('errors: one shape, also for what the application throws', async (t) => {
  const app = await made(t, [...ROOMS, 'tickets', 'auth', 'audit', 'errors'])
  app.get('/refused', async () => {
    throw new Refusal({ error: 'teapot', code: 1, status: 418 }, 'Short and stout.')
  })
  app.get('/broken', async () => Promise.reject(new Error('a secret')))
  const url = await listen(app)
  const teapot = { error: 'teapot', code: 1, message: 'Short and stout.' }
  t.same((await call(`${url}/refused`, 'GET')).body, teapot)
  t.match(await call(`${url}/broken`, 'GET'), { status: 500, body: { error: 'internal' } })
  t.match(await call(`${url}/nowhere`, 'GET'), { status: 404, body: { error: 'not_found' } })
})

test('websocket, guard and handshake: a socket route of the application’s own', async (t) => {
  const app = await made(t, [...DOORS, 'handshake'], UPGRADES)
  app.route({
    method: 'GET',
    url: '/game/:id',
    preHandler: (request, reply) => {
      const { id } = request.params as { id: string }
      return app.settleHandshake(request, reply, `game:${id}`)
    },
    handler: async () => ({ game: true }),
    wsHandler: (socket, request) => {
      const { id } = request.params as { id: string }
      const opening = { room: `game:${id}`, format: 'raw', echo: true, start: null }
      app.openConnection(socket, request as never, opening)
    },
  })
  const url = await listen(app)
  t.equal((await refused(`${url}/game/1`)).status, 401)
  const player = await connect(`${url}/game/1`, { headers: asServer })
  player.send('move')
  t.equal(await player.text(), 'move')
  const [closing] = await Promise.all([player.closed, app.close()])
  t.same(closing, { code: 3001, reason: 'shutdown' })
})

test('a socket part without what it needs says so', async (t) => {
  const lacking: [Name[], RegExp][] = [
    [['rooms'], /usher-engine/],
    [['tickets'], /usher-engine/],
    [['engine', 'auth'], /usher-tickets/],
    [['handshake'], /usher-guard/],
    [[...ROOMS, 'websocket'], /usher-host/],
    [['host'], /Fastify\(\{ http: \{ shouldUpgradeCallback \} \}\)/],
  ]
  for (const [names, sentence] of lacking) await t.rejects(made(t, names), sentence)
})

test('openapi and page: the application’s routes explained, and a page for people', async (t) => {
  const app = await made(t, [...DOORS, 'openapi', 'page'], UPGRADES)
  await app.register(routes.healthRoutes)
  const url = await listen(app)
  const { paths } = (await call(`${url}/docs/json`, 'GET')).body
  t.same(Object.keys(paths).sort(), ['/health/live', '/health/ready'])
  t.match(await (await fetch(url)).text(), /<title>Usher<\/title>/)
})

test('houseOf looks at its options', async (t) => {
  t.throws(() => contextOf({ data: ':memory:', orgins: [] } as SettingsOptions), /^orgins: is not/m)
  t.throws(
    () => contextOf({ data: ':memory:', identity: {} as never }),
    /identity: write a function/,
  )
})

/** Routes alone, under a prefix, on what they need. */

function route(name: keyof typeof routes, needs: Name[], works: (t: Test, url: string) => unknown) {
  test(`${name} alone`, async (t) => {
    const app = await made(t, needs, UPGRADES)
    await app.register(routes[name] as typeof routes.healthRoutes, { prefix: '/a' })
    await works(t, `${await listen(app)}/a`)
  })
}

const ACCOUNTS: Name[] = [...ROOMS, 'tickets', 'auth', 'validation', 'audit', 'errors']
const JSON_BODY = { headers: asServer, body: {} }

route('signUpRoutes', ACCOUNTS, async (t, url) => {
  t.equal((await call(`${url}/accounts`, 'POST', { body: CREDENTIALS })).status, 201)
})
route('sessionRoutes', ACCOUNTS, async (t, url) => {
  t.equal((await call(`${url}/session`, 'POST', { body: CREDENTIALS })).status, 401)
  t.equal((await call(`${url}/session`, 'GET')).status, 401)
})
route('accountRoutes', ACCOUNTS, async (t, url) => {
  t.equal((await call(`${url}/account`, 'DELETE')).status, 401)
  t.equal((await call(`${url}/account`, 'DELETE', { headers: asServer })).status, 403)
})
route('ticketRoutes', ACCOUNTS, async (t, url) => {
  const body = { user: 'ann' }
  t.match(await call(`${url}/tickets`, 'POST', { headers: asServer, body }), { status: 201 })
})
route('roomRoutes', [...DOORS, 'handshake', 'eventStream'], async (t, url) => {
  const member = await connect(`${url}/rooms/chat:a`, { headers: asServer })
  member.send('a')
  t.equal(await member.text(), 'a')
  await member.close()
})
route('messageRoutes', ACCOUNTS, async (t, url) => {
  t.equal((await call(`${url}/rooms/chat:a/messages`, 'POST', JSON_BODY)).status, 201)
})
route('userRoutes', ACCOUNTS, async (t, url) => {
  t.equal((await call(`${url}/users/ann/ban`, 'PUT', { headers: asServer })).status, 204)
})
route('healthRoutes', ROOMS, async (t, url) => {
  t.match((await call(`${url}/health/ready`, 'GET')).body, { status: 'ready' })
})
route('metricsRoutes', ACCOUNTS, async (t, url) => {
  const answer = await fetch(`${url}/metrics`, { headers: asServer })
  t.match(await answer.text(), /usher_rooms 0/)
})

test('parts of one application: accounts here, tickets there, and one user in both', async (t) => {
  const app = await made(t, [...DOORS, 'handshake', 'eventStream', 'serverApi'], UPGRADES)
  await app.register(routes.signUpRoutes, { prefix: '/people' })
  await app.register(routes.sessionRoutes, { prefix: '/people' })
  await app.register(routes.ticketRoutes, { prefix: '/live' })
  await app.register(routes.roomRoutes, { prefix: '/live' })
  const url = await listen(app)
  await call(`${url}/people/accounts`, 'POST', { body: CREDENTIALS })
  const session = await call(`${url}/people/session`, 'POST', { body: CREDENTIALS })
  const headers = { cookie: cookieOf(session.headers), origin: url }
  const { body } = await call(`${url}/live/tickets`, 'POST', { headers })
  const member = await connect(body.url.replace('{room}', 'chat:a'))
  await app.usher.publish('chat:a', 'hello')
  t.equal(await member.text(), 'hello')
  await call(`${url}/people/session`, 'DELETE', { headers })
  t.equal((await member.closed).code, 3503)
})
