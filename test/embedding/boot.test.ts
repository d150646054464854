// Settings and applications that do not fit Usher stop the boot, with a sentence that tells what to
// do.
import type { IncomingMessage } from 'node:http'
import cors from '@fastify/cors'
import websocket from '@fastify/websocket'
import Fastify, { type FastifyInstance } from 'fastify'
import { type Test, test } from 'tap'
import { ConfigError, type UsherOptions, usher, websocketOptions } from '../../src/index.ts'
import { call } from '../support/people.ts'
import { makeHost, OPTIONS, startHost } from './host.ts'

/** Registers Usher in an application made in a way of its own. */
async function refuses(t: Test, app: unknown, sentence: RegExp): Promise<void> {
  const host = app as FastifyInstance
  t.teardown(() => host.close())
  await t.rejects(async () => host.register(usher, OPTIONS), sentence)
}

test('a shouldUpgradeCallback of its own that takes anything, or nothing', async (t) => {
  const sentence =
    /WebSockets without a body and nothing else: leave it out, .* that 'fastify-usher' exports/
  const own = (shouldUpgradeCallback: (request: IncomingMessage) => boolean) =>
    Fastify({ http: { shouldUpgradeCallback } })
  await refuses(
    t,
    own(() => true),
    sentence,
  )
  await refuses(
    t,
    own(() => false),
    sentence,
  )
  await refuses(
    t,
    own(({ headers }) => headers.upgrade === 'websocket'),
    sentence,
  )
  await refuses(t, Fastify({ http2: true }), /without http2/)
})

test('twice in one application, wherever', async (t) => {
  const twice = /registered twice in this application: register it once/
  const again = (app: FastifyInstance, options: UsherOptions) =>
    app.register(usher, { ...OPTIONS, ...options })
  const app = await makeHost(t, { options: { prefix: '' } })
  await t.rejects(async () => again(app, { prefix: '' }), twice)
  const prefixed = await makeHost(t, { options: { prefix: '/a' } })
  await t.rejects(async () => again(prefixed, { prefix: '/b' }), twice)
  const scoped = Fastify() as unknown as FastifyInstance
  t.teardown(() => scoped.close())
  await scoped.register(async (inner) => again(inner, { prefix: '/a' }))
  const sibling = scoped.register(async (inner) => again(inner, { prefix: '/b' }))
  await t.rejects(async () => sibling, twice)
})

const SOCKETS: [string, object | undefined, RegExp][] = [
  ['the options of ws itself', undefined, /takes messages of 104857600 bytes/],
  ['too small a bound', { ...websocketOptions(), maxPayload: 10 }, /takes messages of 10 bytes/],
  ['none at all', { ...websocketOptions(), maxPayload: 0 }, /takes messages of 0 bytes/],
  ['compression', { ...websocketOptions(), perMessageDeflate: true }, /compresses/],
  [
    'a choice that gives a ticket away',
    { ...websocketOptions(), handleProtocols: (offered: Set<string>) => [...offered][0] ?? false },
    /would answer with a credential/,
  ],
]

for (const [what, options, sentence] of SOCKETS) {
  test(`@fastify/websocket with ${what}`, async (t) => {
    const before = (app: FastifyInstance) => app.register(websocket, options ? { options } : {})
    const refused = makeHost(t, { before })
    await t.rejects(refused, sentence)
    await t.rejects(
      refused,
      /register @fastify\/websocket with \{ options: websocketOptions\(\) \}/,
    )
  })
}

test('@fastify/websocket with too small a bound for frames of commands', async (t) => {
  const limits = { commandBytes: 300_000 }
  const withOptions = (options: object) =>
    makeHost(t, { options: { limits }, before: (app) => app.register(websocket, { options }) })
  await t.rejects(withOptions(websocketOptions()), /262144 bytes, and Usher's have up to 300000:/)
  await t.resolves(withOptions(websocketOptions(limits)))
})

test('@fastify/websocket that listens to another server', async (t) => {
  const other = Fastify()
  const options = { ...websocketOptions(), server: other.server }
  const app = await makeHost(t, { before: (app) => app.register(websocket, { options }) })
  await t.rejects(async () => app.ready(), /listens on another server: leave out options\.server/)
})

const KEY = { name: 'a', key: '012345678901234567890123' }
const WRONG: [unknown, RegExp][] = [
  [{ orgins: [] }, /^orgins: is not an option, check its spelling\.$/],
  [{ prefix: 'rt' }, /^prefix: write a path like \/rt/],
  [{ prefix: '/rt/' }, /^prefix: /],
  [{ prefix: '/:any' }, /^prefix: /],
  [{ accounts: 'yes' }, /^accounts: write true or false/],
  [{ pages: 1 }, /^pages: /],
  [{ identity: {} }, /^identity: write a function/],
  [{ authorize: true }, /^authorize: /],
  [{ breached: [] }, /^breached: /],
  [{ hooks: { join: () => 1 } }, /^hooks: write functions for joined, left, published/],
  [{ hooks: { joined: 1 } }, /^hooks: /],
  [{ identity: () => null, accounts: true }, /^accounts: .*leave out one of both/],
  [{ origins: ['https://a.example'] }, /^origins: .*give it a prefix or register @fastify\/cors/],
  [{ prefix: '/rt', origins: 'https://a.example' }, /^origins: write a list/],
  [{ prefix: '/rt', origins: ['https://a.example/'] }, /^origins: .* is not an origin/],
  [{ prefix: '/rt', origins: ['a,b'] }, /^origins: /],
  [{ data: 1 }, /^data: /],
  [{ data: ' ' }, /^data: /],
  [{ secret: 'short' }, /^secret: is too weak/],
  [{ secretPrevious: 'short' }, /^secretPrevious: is too weak/],
  [{ production: true }, /^secret: is missing/],
  [{ production: 'true' }, /^production: write .* \(as an option true or false\)/],
  [{ publicUrl: 'example.com' }, /^publicUrl: /],
  [{ publicUrl: new URL('https://example.com') }, /^publicUrl: /],
  [{ signup: 'never' }, /^signup: write one of open, closed/],
  [{ trustProxy: true }, /^trustProxy: write a list/],
  [{ trustProxy: ['proxy'] }, /^trustProxy: proxy is no address/],
  [{ drainSeconds: '5' }, /^drainSeconds: write a whole number/],
  [{ drainSeconds: -1 }, /^drainSeconds: write a whole number from 0 to 300/],
  [{ metricsPort: 70_000 }, /^metricsPort: /],
  [{ serverKeys: { name: 'a', key: 'b' } }, /^serverKeys: write a list/],
  [{ serverKeys: [{ name: 'a', key: 'short' }] }, /^serverKeys: /],
  [{ serverKeys: [{ name: 'a', key: `${'x'.repeat(30)},b:${'y'.repeat(30)}` }] }, /^serverKeys: /],
  [{ serverKeys: [{ ...KEY, scopes: ['reads'] }] }, /^serverKeys: the scopes of entry 1 must be/],
  [{ serverKeys: [{ ...KEY, scopes: [] }] }, /^serverKeys: the scopes of entry 1 must be/],
  [{ serverKeys: [{ ...KEY, scopes: 'read' }] }, /^serverKeys: write a list/],
  [{ serverKeys: [KEY, KEY] }, /^serverKeys: two keys have one name/],
  [{ jwt: 'key' }, /^jwt: write texts for key/],
  [{ jwt: { key: 'x'.repeat(40), algoritm: 'HS256' } }, /^jwt: write texts for key/],
  [{ jwt: { key: 'short', algorithm: 'HS256', issuer: 'i', audience: 'a' } }, /^jwt\.key: is too/],
  [
    { jwt: { jwksUrl: 'ftp://a', algorithm: 'RS256', issuer: 'i', audience: 'a' } },
    /^jwt\.jwksUrl/,
  ],
  [{ rooms: [{ match: 'chat:*', joins: ['user'] }] }, /rooms\.0\.joins/],
  [{ limits: { messageByte: 1 } }, /limits\.messageByte/],
  [{ heartbeat: { pingSeconds: 0 } }, /heartbeat\.pingSeconds/],
]

for (const [options, sentence] of WRONG) {
  test(`options ${sentence}`, async (t) => {
    const app = Fastify() as unknown as FastifyInstance
    t.teardown(() => app.close())
    const both = { data: ':memory:', ...(options as UsherOptions) }
    const error = await Promise.resolve(app.register(usher, both)).then(
      () => null,
      (reason: unknown) => reason,
    )
    t.ok(error instanceof ConfigError, String(error))
    t.match((error as Error).message, sentence)
    t.notMatch((error as Error).message, /USHER_|short\b/, 'in the words of options, no secret')
  })
}

test('all mistakes are reported at once', async (t) => {
  const app = Fastify() as unknown as FastifyInstance
  t.teardown(() => app.close())
  const options = { data: ':memory:', secret: 'short', drainSeconds: 999, signup: 'x' }
  const sentences = /drainSeconds: .*\n(.*\n)*signup: .*\n(.*\n)*secret: /
  await t.rejects(async () => app.register(usher, options as UsherOptions), sentences)
})

test('options that are undefined are not set', async (t) => {
  const options = { prefix: undefined, identity: undefined, hooks: undefined, secret: undefined }
  const { url } = await startHost(t, {
    options: { ...OPTIONS, ...options } as unknown as UsherOptions,
  })
  t.equal((await call(`${url}/health/live`, 'GET')).status, 200)
})

test('origins without a prefix, where the application has CORS of its own', async (t) => {
  const { url } = await startHost(t, {
    options: { prefix: '', origins: ['https://a.example'] },
    before: (app) => app.register(cors, { origin: false }),
  })
  t.equal((await call(`${url}/health/live`, 'GET')).status, 200)
})

test('a boot that was refused closes what it had opened', async (t) => {
  const data = t.testdir()
  const app = await makeHost(t, { options: { data }, after: (app) => app.register(websocket) })
  await t.rejects(async () => app.ready())
  await app.close()
  const { url } = await startHost(t, { options: { data } })
  t.equal((await call(`${url}/rt/health/ready`, 'GET')).status, 200)
})
