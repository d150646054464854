// Settings of an application do not reach our endpoints; the hooks and trusted proxies that Fastify
// shares on purpose do.
import { test } from 'tap'
import { Refusal, type UsherOptions } from '../../src/index.ts'
import { connect, refused } from '../support/client.ts'
import { follow } from '../support/follow.ts'
import { asServer, call, PASSWORD } from '../support/people.ts'
import { keptLog, startHost } from './host.ts'

const CREDENTIALS = { username: 'ann', password: PASSWORD }

for (const bodyLimit of [10, 50_000_000]) {
  test(`a body limit of ${bodyLimit} bytes`, async (t) => {
    const { url } = await startHost(t, {
      server: { bodyLimit },
      after: (app) => app.post('/mine', async ({ body }) => JSON.stringify(body).length),
    })
    t.equal((await call(`${url}/rt/accounts`, 'POST', { body: CREDENTIALS })).status, 201)
    const large = { ...CREDENTIALS, more: 'x'.repeat(1_100_000) }
    t.equal((await call(`${url}/rt/accounts`, 'POST', { body: large })).status, 413)
    const mine = await call(`${url}/mine`, 'POST', { body: large })
    t.equal(mine.status, bodyLimit === 10 ? 413 : 200)
    const say = (length: number) =>
      fetch(`${url}/rt/rooms/chat:a/messages`, {
        method: 'POST',
        headers: { ...asServer, 'content-type': 'text/plain' },
        body: 'x'.repeat(length),
      })
    t.equal((await say(65_536)).status, 201)
    t.equal((await say(65_537)).status, 413)
  })
}

test('compilers and formatters of another kind, as a schema library brings them', async (t) => {
  const mine = { parse: () => 'mine' }
  const { url } = await startHost(t, {
    before: (app) => {
      const isMine = (schema: unknown): boolean => schema === mine
      app.setValidatorCompiler(({ schema }) => {
        if (!isMine(schema)) throw new Error('their validator was given our schema')
        return () => ({ value: mine.parse() })
      })
      app.setSerializerCompiler(({ schema }) => {
        if (!isMine(schema)) throw new Error('their serializer was given our schema')
        return (data) => JSON.stringify({ mine: data })
      })
      app.setReplySerializer((payload) => JSON.stringify({ wrapped: payload }))
      app.setSchemaErrorFormatter(() => Object.assign(new Error('theirs'), { statusCode: 422 }))
    },
    after: (app) => {
      app.post('/mine', { schema: { body: mine } }, async ({ body }) => ({ body }))
    },
  })
  t.same((await call(`${url}/mine`, 'POST', { body: {} })).body, { wrapped: { body: 'mine' } })
  const account = await call(`${url}/rt/accounts`, 'POST', { body: CREDENTIALS })
  t.match(account, { status: 201, body: { username: 'ann', user: /^u_/ } })
  const wrong = await call(`${url}/rt/accounts`, 'POST', { body: { ...CREDENTIALS, a: 1 } })
  t.match(wrong, { status: 400, body: { error: 'bad_request', message: /^body/ } })
})

test('an ajv that coerces and removes does neither for us [C4]', async (t) => {
  const { url } = await startHost(t, {
    server: { ajv: { customOptions: { coerceTypes: 'array', removeAdditional: 'all' } } },
  })
  for (const body of [{ ttl: '10' }, { user: 'u', more: 1 }, { user: ['u'] }]) {
    const { status } = await call(`${url}/rt/tickets`, 'POST', { headers: asServer, body })
    t.equal(status, 400, JSON.stringify(body))
  }
})

test('[S12] content types that an application parses are not taken at our endpoints', async (t) => {
  const json = JSON.stringify(CREDENTIALS)
  const { url } = await startHost(t, {
    before: (app) => {
      const parse = async (_: unknown, body: string | Buffer) => JSON.parse(String(body))
      app.addContentTypeParser('*', { parseAs: 'string' }, parse)
      app.addContentTypeParser(/^text\//, { parseAs: 'buffer' }, parse)
      app.removeContentTypeParser('application/json')
      app.addContentTypeParser('application/json', { parseAs: 'string' }, async () => 'theirs')
      app.post('/mine', async ({ body }) => ({ body }))
    },
  })
  const send = (path: string, type: string) =>
    fetch(url + path, { method: 'POST', headers: { 'content-type': type }, body: json })
  t.same(await (await send('/mine', 'application/json')).json(), { body: 'theirs' })
  t.same(await (await send('/mine', 'a/b')).json(), { body: CREDENTIALS })
  for (const type of ['text/plain', 'a/b', 'application/x-www-form-urlencoded']) {
    for (const path of ['/rt/accounts', '/rt/session', '/rt/tickets']) {
      const { status } = await send(path, type)
      t.ok(status === 415 || status === 401, `${path} as ${type}: ${status}`)
    }
  }
  t.equal((await send('/rt/accounts', 'application/json')).status, 201)
})

test('a hook of the application runs for our endpoints too, upgrades included', async (t) => {
  const seen: string[] = []
  const { url } = await startHost(t, {
    before: (app) =>
      app.addHook('onRequest', async ({ url, headers }) => {
        seen.push(url)
        if (headers['x-shut'] === 'out') throw Object.assign(new Error('no'), { statusCode: 403 })
      }),
  })
  await (await connect(`${url}/rt/rooms/chat:a`, { headers: asServer })).close()
  t.same(seen, ['/rt/rooms/chat:a'])
  const out = { ...asServer, 'x-shut': 'out' }
  const refusal = await refused(`${url}/rt/rooms/chat:a`, { headers: out })
  t.match(refusal, { status: 403, body: { error: 'forbidden', code: 103, message: 'no' } })
  t.equal((await call(`${url}/rt/health/live`, 'GET', { headers: out })).status, 403)
})

test('which proxies are trusted is the application’s to decide', async (t) => {
  const log = keptLog()
  const { url } = await startHost(t, { server: { trustProxy: '127.0.0.1', logger: log.logger } })
  const headers = { ...asServer, 'x-forwarded-for': '203.0.113.7' }
  await (await connect(`${url}/rt/rooms/chat:a`, { headers })).close()
  t.match(log.text(), /"ip":"203\.0\.113\.7"[^\n]*connection opened/)
})

test('[C36] in production, health is plain below the prefix and the rest needs TLS', async (t) => {
  const secret = 'abcdefghijklmnopqrstuvwxyz012345'
  const { url } = await startHost(t, {
    options: { production: true, secret },
    after: (app) => app.get('/health/mine', async () => 'x'),
  })
  t.equal((await call(`${url}/rt/health/live`, 'GET')).status, 200)
  t.equal((await fetch(`${url}/health/mine`)).status, 200)
  t.match(await call(`${url}/rt/session`, 'GET'), { status: 403, body: { error: 'forbidden' } })
})

test('an option without effect is warned of at boot, and an answer shows it as off', async (t) => {
  const log = keptLog()
  const rooms = [{ match: '*', receipts: 'members' }]
  const { url } = await startHost(t, {
    options: { rooms } as UsherOptions,
    server: { logger: log.logger },
  })
  t.match(log.text(), 'rooms.0.receipts has no effect: a room without history')
  const { body } = await call(`${url}/rt/rooms/a`, 'GET', { headers: asServer })
  const who = ['user', 'server']
  const kept = { echo: true, history: false, presence: false, receipts: 'off', payload: 'any' }
  const rule = { match: '*', join: who, publish: who, ...kept }
  t.same((body as { rule: object }).rule, rule)
})

test('names of 128 characters need what the boot asks for', async (t) => {
  const name = 'x'.repeat(128)
  const log = keptLog()
  const short = await startHost(t, { server: { logger: log.logger } })
  t.match(log.text(), /more than 100 characters are refused with 414.*maxParamLength: 256/)
  t.equal((await call(`${short.url}/rt/rooms/${name}`, 'GET', { headers: asServer })).status, 414)
  const quiet = keptLog()
  const routerOptions = { maxParamLength: 256 }
  const server = { logger: quiet.logger, routerOptions }
  const long = await startHost(t, { server })
  t.notMatch(quiet.text(), /are refused with 414/)
  t.equal((await call(`${long.url}/rt/rooms/${name}`, 'GET', { headers: asServer })).status, 200)
})

test('our refusals have a status for the application’s own error handler', async (t) => {
  const { url } = await startHost(t, {
    after: (app) =>
      app.get('/mine', async (request) => {
        const { user, proof } = await app.usher.identify(request)
        if (proof === 'none') throw new Error('no user')
        return { user }
      }),
  })
  const wrong = { authorization: 'Bearer nonsense' }
  const refusal = await call(`${url}/mine`, 'GET', { headers: wrong })
  t.match(refusal, { status: 401, body: { statusCode: 401, message: /access token/ } })
  t.equal((await call(`${url}/mine`, 'GET')).status, 500)
  t.equal((await call(`${url}/mine`, 'GET', { headers: asServer })).status, 200)
  t.ok(new Refusal({ error: 'x', code: 1, status: 418 }, 'x').statusCode === 418)
})

test('a stream that their time-out has answered holds no seat', async (t) => {
  const slow = Promise.withResolvers<void>()
  const { url } = await startHost(t, {
    server: { handlerTimeout: 300 },
    options: {
      limits: { connections: 2 },
      identity: async ({ headers }) => {
        if (headers['x-slow']) await slow.promise
        return { user: 'ann' }
      },
    },
  })
  const stream = (headers = {}) => follow(`${url}/rt/rooms/chat:a`, headers)
  const statusOf = async (headers = {}) => (await stream(headers)).response.status
  t.equal(await statusOf({ 'x-slow': '1' }), 503)
  slow.resolve()
  const [first, second] = [await stream(), await stream()]
  t.same([first.response.status, second.response.status], [200, 200])
  t.equal(await statusOf(), 503, '[C175] in the line')
  first.stop()
  const third = await stream()
  t.equal(third.response.status, 200)
  for (const one of [second, third]) one.stop()
})
