// A plain Fastify(), without any option for Usher: Usher settles which requests Node takes for
// upgrades, on every address that the application listens on, and one warning tells what is lost.
import dns from 'node:dns'
import type { AddressInfo } from 'node:net'
import websocket from '@fastify/websocket'
import Fastify, { type FastifyInstance } from 'fastify'
import { type Test, test } from 'tap'
import { shouldUpgradeCallback, usher, websocketOptions } from '../../src/index.ts'
import { connect, upgradeRequest } from '../support/client.ts'
import { asServer, call } from '../support/people.ts'
import { rawRequest } from '../support/raw-client.ts'
import { until } from '../support/until.ts'
import { keptLog, OPTIONS } from './host.ts'

const APPLICATIONS: Record<string, () => unknown> = {
  'without options': () => Fastify(),
  'with https that is null': () => Fastify({ https: null }),
  'that gives the callback itself': () => Fastify({ http: { shouldUpgradeCallback } }),
}

/** The machine that runs this may have only one address for `localhost`. */
function twoLocalhosts(t: Test): void {
  const { lookup } = dns
  t.teardown(() => Object.assign(dns, { lookup }))
  const addresses = ['127.0.0.1', '127.0.0.2'].map((address) => ({ address, family: 4 }))
  const stub = (host: string, options: { all?: boolean }, done: (...args: unknown[]) => void) =>
    host === 'localhost' && options.all
      ? done(null, addresses)
      : lookup(host, options as dns.LookupOneOptions, done as never)
  Object.assign(dns, { lookup: stub })
}

/** The addresses at which the application answers. */
async function startPlain(t: Test, made: unknown, ownSockets: boolean): Promise<string[]> {
  const app = made as FastifyInstance
  t.teardown(() => app.close())
  if (ownSockets) await app.register(websocket, { options: websocketOptions() })
  await app.register(usher, OPTIONS)
  app.post('/mine', async ({ body }) => body)
  await app.listen({ port: 0 })
  const addresses = app.addresses() as AddressInfo[]
  return addresses.map(({ address, port }) => `http://${address}:${port}`)
}

const H2C =
  'POST /mine HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n' +
  'Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}'

for (const [how, make] of Object.entries(APPLICATIONS)) {
  for (const ownSockets of [false, true]) {
    const what = `${how}, ${ownSockets ? 'with sockets of its own' : 'with none'}`
    test(`[S41] an application ${what}, on both addresses of localhost`, async (t) => {
      twoLocalhosts(t)
      const urls = await startPlain(t, make(), ownSockets)
      t.equal(urls.length, 2)
      for (const url of urls) {
        const plain = await rawRequest(url, H2C)
        t.equal(await plain.status(), 200, 'an upgrade to anything else is a request')
        plain.socket.destroy()
        const bodied = upgradeRequest('/rt/rooms/chat:a', { ...asServer, 'Content-Length': '1' })
        const handshake = await rawRequest(url, `${bodied}x`)
        t.equal(await handshake.status(), 400)
        await until(() => handshake.ended)
        const member = await connect(`${url}/rt/rooms/chat:a`, { headers: asServer })
        member.send('a')
        t.equal(await member.text(), 'a')
        await member.close()
      }
    })
  }
}

test('a second application in the process keeps what it has', async (t) => {
  const other = Fastify()
  t.teardown(() => other.close())
  await startPlain(t, Fastify(), false)
  other.server.on('upgrade', (_, socket) => socket.end('HTTP/1.1 299 theirs\r\n\r\n'))
  const url = await other.listen({ host: '127.0.0.1', port: 0 })
  t.equal(await (await rawRequest(url, H2C)).status(), 299)
})

test('long names: one warning, and what it says is so', async (t) => {
  const long = 'x'.repeat(101)
  for (const [options, isLost] of [
    [{}, true],
    [{ routerOptions: { maxParamLength: 256 } }, false],
  ] as const) {
    const log = keptLog()
    const made = Fastify({ ...options, logger: log.logger })
    const [url] = await startPlain(t, made, false)
    const warnings = log.text().match(/"level":40/g) ?? []
    t.equal(warnings.length, isLost ? 1 : 0)
    if (isLost) t.match(log.text(), /more than 100 characters are refused with 414: make Fastify/)
    const { status } = await call(`${url}/rt/rooms/${long}`, 'GET', { headers: asServer })
    t.equal(status, isLost ? 414 : 200)
  }
})

test('no option is needed at all', async (t) => {
  const folder = process.cwd()
  process.chdir(t.testdir())
  t.teardown(() => process.chdir(folder))
  const app = Fastify()
  await app.register(usher)
  const url = await app.listen({ port: 0 })
  const ready = await call(`${url}/health/ready`, 'GET')
  const page = await fetch(`${url}/rooms/chat:lobby`)
  await app.close()
  t.same([ready.status, page.status], [200, 401])
})
