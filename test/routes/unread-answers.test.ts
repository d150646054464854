// Answers that a client leaves unread, and bodies that it does not send, of a whole app and inside
// an application.
import { once } from 'node:events'
import type { Socket } from 'node:net'
import Fastify from 'fastify'
import { type Test, test } from 'tap'
import { queuedBytes } from '../../plugins/transports/tcp-parts.ts'
import { usherService } from '../../src/app.ts'
import { systemRandom } from '../../src/time/random.ts'
import { startOnManualClock, testConfig } from '../support/app.ts'
import { rawSocket } from '../support/client.ts'
import { ManualClock, moveUntil } from '../support/manual-clock.ts'
import { asServer } from '../support/people.ts'
import { rawRequest } from '../support/raw-client.ts'
import { until } from '../support/until.ts'

const PAGE = 'GET /docs/static/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n'
/** More than the system takes of an answer that is not read. */
const PAGES = PAGE.repeat(8)

test('[C142] [S42] a client that reads nothing for 15 s is cut', async (t) => {
  const { clock, usher } = await startOnManualClock(t)
  const { url, app } = usher
  const served: Socket[] = []
  app.server.on('connection', (tcp: Socket) => served.push(tcp))
  const ended = () => served.filter(({ destroyed }) => destroyed).length
  const sockets = await Promise.all([1, 2, 3].map(() => rawSocket(url)))
  for (const socket of sockets) socket.on('error', () => undefined).pause()
  for (const socket of sockets) socket.write(PAGES)
  await until(() => served.every((tcp) => tcp.writableLength > 0))
  await untilStill(() => served.map((tcp) => tcp.bytesWritten + queuedBytes(tcp)).join())
  for (let second = 0; second < 14; second += 1) await clock.advance(1_000)
  t.equal(ended(), 0)
  for (let second = 0; second < 4; second += 1) await clock.advance(1_000)
  await until(() => ended() === sockets.length)
  t.match(await app.metrics.registry.metrics(), /limit_hits_total\{limit="outboxSeconds"\} 3/)
  await clock.advance(1_000)
  t.equal(app.httpSockets.watched, 0)
})

test('[S42] TCP connections without an answer under way are not looked at', async (t) => {
  const { clock, usher } = await startOnManualClock(t)
  const { url, app } = usher
  const clients = await Promise.all(
    [1, 2, 3].map(() => rawRequest(url, 'GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n')),
  )
  for (const client of clients) t.equal(await client.status(), 200)
  await clock.advance(1_000)
  t.equal(app.httpSockets.watched, 0)
  for (let second = 0; second < 40; second += 1) await clock.advance(1_000)
  t.notOk(clients.some(({ ended }) => ended))
  for (const { socket } of clients) socket.destroy()
})

/** Usher in an application whose server has no bound on the time of a request. */
async function startInside(t: Test) {
  const clock = new ManualClock()
  const app = Fastify()
  const config = testConfig()
  const httpRoutes = { prefix: '/rt', unknownPaths: true, accounts: true, pages: true, chat: true }
  const random = systemRandom
  await app.register(async (scope) => {
    await scope.register(usherService, { config, clock, random, httpRoutes })
  })
  app.get('/slow', async (_request, reply) => reply.send(Buffer.alloc(40_000_000)))
  app.post('/own', async () => ({ own: true }))
  t.teardown(() => moveUntil(clock, app.close()))
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return { app, clock, url }
}

test('[C99] inside an application a body has 30 s too, on routes of Usher alone', async (t) => {
  const { clock, url } = await startInside(t)
  const half = (path: string) =>
    `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n` +
    `Authorization: ${asServer.authorization}\r\nContent-Length: 20\r\n\r\n"half`
  const [ours, own, unread] = await Promise.all([
    rawRequest(url, half('/rt/rooms/chat:a/messages')),
    rawRequest(url, half('/own')),
    rawRequest(url, half('/rt/health/live').replace('POST', 'GET')),
  ])
  t.equal(await unread?.status(), 200, 'this route reads no body')
  for (let second = 0; second < 28; second += 1) await clock.advance(1_000)
  t.notOk(ours?.ended || own?.ended || unread?.ended)
  for (let second = 0; second < 4; second += 1) await clock.advance(1_000)
  t.equal(await ours?.status(), 408)
  t.match(JSON.parse(ours?.rest ?? ''), { error: 'request_timeout', code: 107 })
  await until(() => ours?.ended === true && unread?.ended === true)
  t.notOk(own?.ended, 'the application decides over its own')
  own?.socket.destroy()
})

test('[S42] answers of the application on the same TCP connection are its own', async (t) => {
  const { clock, url } = await startInside(t)
  const socket = await rawSocket(url)
  socket.write('GET /rt/health/live HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(socket, 'data')
  socket.pause()
  socket.write('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n')
  for (let second = 0; second < 40; second += 1) await clock.advance(1_000)
  let bytes = 0
  socket.on('data', (chunk: Buffer) => (bytes += chunk.length))
  socket.resume()
  await until(() => bytes > 40_000_000 || socket.closed)
  t.ok(bytes > 40_000_000, 'it comes whole')
  socket.destroy()
})

test('[C140] requests of the application and of Usher keep their order', async (t) => {
  const { url } = await startInside(t)
  const client = await rawRequest(
    url,
    'POST /own HTTP/1.1\r\nHost: x\r\n\r\nGET /rt/health/live HTTP/1.1\r\nHost: x\r\n\r\n' +
      'POST /own HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  )
  await until(() => client.ended)
  t.match(client.rest, /own[\s\S]*live[\s\S]*own/)
})

/** Waits until the system takes no more. */
async function untilStill(look: () => string): Promise<void> {
  let last = ''
  await until(async () => {
    const before = last
    last = look()
    await new Promise((resolve) => setTimeout(resolve, 50))
    return before === look()
  })
}
