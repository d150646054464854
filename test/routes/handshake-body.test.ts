// A handshake that announces a body: refused on every path, and the process goes on. Node would
// hand its listeners a stream that is no net.Socket (S41).
import websocket from '@fastify/websocket'
import { type Test, test } from 'tap'
import { websocketOptions } from '../../src/index.ts'
import { makeHost, startHost } from '../embedding/host.ts'
import { startApp } from '../support/app.ts'
import { connect, upgradeRequest } from '../support/client.ts'
import { documentAt } from '../support/openapi.ts'
import { asServer } from '../support/people.ts'
import { rawRequest } from '../support/raw-client.ts'
import { until } from '../support/until.ts'

const BODIES: Record<string, { headers: Record<string, string>; body: string }> = {
  'announced and not sent': { headers: { 'Content-Length': '1' }, body: '' },
  'sent in part': { headers: { 'Content-Length': '9' }, body: 'x' },
  'sent whole': { headers: { 'Content-Length': '1' }, body: 'x' },
  'larger than any bound': { headers: { 'Content-Length': '99999999999' }, body: 'x' },
  'chunked and not sent': { headers: { 'Transfer-Encoding': 'chunked' }, body: '' },
  'chunked and sent in part': { headers: { 'Transfer-Encoding': 'chunked' }, body: '5\r\nab' },
  'chunked and sent whole': { headers: { 'Transfer-Encoding': 'chunked' }, body: '0\r\n\r\n' },
}

/** Every path of the OpenAPI document, with a value for each parameter, and some others. */
async function pathsOf(url: string): Promise<string[]> {
  const { paths } = await documentAt(`${url}/docs/json`)
  const known = Object.keys(paths).map((path) =>
    path.replace('{offset}', '1').replace(/\{\w+\}/g, 'chat:a'),
  )
  return [...known, '/', '/app.js', '/nowhere', '/docs', '/docs/static/index.html']
}

async function refusesAll(t: Test, url: string, paths: readonly string[]): Promise<void> {
  for (const [what, { headers, body }] of Object.entries(BODIES)) {
    for (const path of paths) {
      const client = await rawRequest(url, upgradeRequest(path, headers) + body)
      t.equal(await client.status(), 400, `${path}: ${what}`)
      t.match(client.head, /\r\nconnection: close/i)
      await until(() => client.ended)
    }
  }
}

async function stillTalks(t: Test, url: string): Promise<void> {
  const client = await connect(`${url}/rooms/chat:a`, { headers: asServer })
  client.send('a')
  t.equal(await client.text(), 'a')
  await client.close()
}

test('[C41] [S41] alone, a handshake with a body is a 400 on every path', async (t) => {
  const { url } = await startApp(t)
  const paths = await pathsOf(url)
  t.ok(paths.includes('/rooms/chat:a/messages/1'))
  await refusesAll(t, url, paths)
  await stillTalks(t, url)
})

test('[C41] an announced body of no bytes is none', async (t) => {
  const { url } = await startApp(t)
  const headers = { ...asServer, 'Content-Length': '0' }
  const client = await connect(`${url}/rooms/chat:a`, { headers })
  client.send('hello')
  t.equal(await client.text(), 'hello')
  await client.close()
})

for (const own of [true, false]) {
  const where = own ? 'with WebSockets of its own' : 'without any'
  test(`[S41] inside an application ${where}, a handshake with a body ends nothing`, async (t) => {
    const { url } = await startHost(t, {
      before: async (app) => {
        if (!own) return
        await app.register(websocket, { options: websocketOptions() })
        app.get('/echo', { websocket: true }, (socket) => socket.close())
      },
      after: (app) => app.get('/plain', async () => 'x'),
    })
    await refusesAll(t, `${url}`, (await pathsOf(`${url}/rt`)).slice(0, -4).map(underPrefix))
    // The application's own routes answer it as a request without an upgrade.
    for (const path of ['/', '/nowhere', '/plain', '/echo']) {
      for (const { headers, body } of Object.values(BODIES)) {
        const client = await rawRequest(url, upgradeRequest(path, headers) + body)
        t.not(await client.status(), 101, path)
        client.socket.destroy()
      }
    }
    await stillTalks(t, `${url}/rt`)
  })
}

function underPrefix(path: string): string {
  return path.startsWith('/rt') ? path : `/rt${path}`
}

test('[S41] an application that upgrades handshakes with a body does not boot', async (t) => {
  const shouldUpgradeCallback = ({ headers }: { headers: { upgrade?: string } }) =>
    headers.upgrade === 'websocket'
  const booting = makeHost(t, { server: { http: { shouldUpgradeCallback } } as object })
  await t.rejects(
    booting.then((app) => app.ready()),
    /upgrade WebSockets without a body and nothing else/,
  )
})
