// How many TCP connections one address may have that carry no WebSocket and no event stream.
import { createConnection } from 'node:net'
import { type Test, test } from 'tap'
import type { Config } from '../../src/config/config.ts'
import { startApp } from '../support/app.ts'
import { certificate, certificateFiles, writeCertificate } from '../support/certificate.ts'
import { connect, rawSocket } from '../support/client.ts'
import { follow } from '../support/follow.ts'
import { asServer } from '../support/people.ts'
import { RawClient, rawRequest } from '../support/raw-client.ts'
import { limited } from '../support/settings.ts'
import { until } from '../support/until.ts'

const ROOM = '/rooms/chat:a'
const PUBLISH =
  `POST ${ROOM}/messages HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n` +
  `Authorization: ${asServer.authorization}\r\nContent-Length: 2\r\n\r\nhi`

async function start(t: Test, config: Partial<Config> = {}) {
  const usher = await startApp(t, { ...limited({ socketsPerAddress: 2 }), ...config })
  const held = () => usher.app.engine.shares.held('sockets')
  const clients: RawClient[] = []
  const open = async (): Promise<RawClient> => {
    const client = new RawClient(await rawSocket(usher.url))
    clients.push(client)
    return client
  }
  t.teardown(() => {
    for (const { socket } of clients) socket.destroy()
  })
  return { ...usher, held, open }
}

test('[C144] [S45] a TCP connection over socketsPerAddress is answered 429', async (t) => {
  const { app, url, held, open } = await start(t)
  const [one] = [await open(), await open()]
  await until(() => held() === 2)
  const refused = await rawRequest(url, PUBLISH)
  t.equal(await refused.status(), 429)
  t.match(refused.head, /retry-after: \d/i)
  t.match(JSON.parse(refused.rest), { error: 'too_many_requests', code: 111 })
  await until(() => refused.ended)
  t.match(await app.metrics.registry.metrics(), /limit_hits_total\{limit="socketsPerAddress"\} 1/)
  one?.socket.destroy()
  await until(() => held() === 1)
  const next = await rawRequest(url, PUBLISH)
  t.equal(await next.status(), 201)
  next.socket.destroy()
  await until(() => held() === 1)
})

test('[S45] refused TCP connections that clients keep open take few descriptors', async (t) => {
  const { app, url, held, open } = await start(t)
  for (let i = 0; i < 2; i += 1) await open()
  await until(() => held() === 2)
  const { port } = new URL(url)
  const kept = Array.from({ length: 300 }, () =>
    createConnection({ port: Number(port), host: '127.0.0.1', allowHalfOpen: true }),
  )
  t.teardown(() => {
    for (const socket of kept) socket.destroy()
  })
  for (const socket of kept) socket.on('error', () => undefined)
  const hits = () => app.metrics.registry.metrics()
  await until(async () => /limit="socketsPerAddress"\} 300/.test(await hits()))
  const taken = await new Promise<number>((resolve) => {
    app.server.getConnections((_error, count) => resolve(count))
  })
  t.ok(taken <= 102, `${taken} are open`)
})

test('[C144] WebSockets and event streams are not among them', async (t) => {
  const { app, url, held } = await start(t)
  const sockets = []
  for (let i = 0; i < 4; i += 1) sockets.push(await connect(url + ROOM, { headers: asServer }))
  t.equal(held(), 0)
  const streams = []
  for (let i = 0; i < 4; i += 1) streams.push(await follow(url + ROOM, asServer))
  t.equal(app.connections.size, 8)
  t.equal(held(), 0)
  for (const stream of streams) stream.stop()
  for (const socket of sockets) await socket.close()
  await until(() => app.connections.size === 0)
})

for (const config of [{ exemptAddresses: ['127.0.0.1'] }, { trustProxy: ['127.0.0.1'] }]) {
  const [setting] = Object.keys(config)
  test(`[C144] addresses in ${setting} are not counted`, async (t) => {
    const { url, held, open } = await start(t, config)
    for (let i = 0; i < 5; i += 1) await open()
    const client = await rawRequest(url, PUBLISH)
    t.equal(await client.status(), 201)
    t.equal(held(), 0)
    client.socket.destroy()
  })
}

test('[C144] over TLS one over the limit ends, and a WebSocket gives its share back', async (t) => {
  const files = certificateFiles(t.testdir())
  const { cert, key } = certificate()
  writeCertificate(files, { cert, key })
  const { url, app, held, open } = await start(t, { tls: files })
  const member = await connect(url + ROOM, { headers: asServer, ca: cert })
  await until(() => app.connections.size === 1 && held() === 0)
  const first = await open()
  await open()
  await until(() => held() === 2)
  const refused = await open()
  await until(() => refused.ended)
  t.equal(refused.rest, '')
  member.send('still here')
  t.match(await member.text(), /still here/)
  first.socket.destroy()
  await until(() => held() === 1)
  await member.close()
})
