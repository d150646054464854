// Shutdown in the same process: no new connection, every client is told, and the wait is bounded.
import { test } from 'tap'
import { buildApp } from '../../src/app.ts'
import { noticeMs } from '../../src/connection/drain.ts'
import { CLOSE } from '../../src/protocol/errors.ts'
import { startApp, startOnManualClock, testConfig } from '../support/app.ts'
import { connect, rawSocket, refused, upgradeRequest } from '../support/client.ts'
import { ManualClock, moveUntil } from '../support/manual-clock.ts'
import { pauseCalls } from '../support/paused-calls.ts'
import { asServer, call } from '../support/people.ts'
import { RawClient, rawConnect } from '../support/raw-client.ts'
import { closed, until, within } from '../support/until.ts'

const ROOM = '/rooms/chat:a'
const SHUTDOWN = { code: 3001, reason: 'shutdown' }

test('[C65] every connection is told 3001, undecided ones too', async (t) => {
  const { url, app } = await startApp(t, { drainSeconds: 1 })
  const member = () => connect(url + ROOM, { headers: asServer })
  const clients = await Promise.all(Array.from({ length: 60 }, member))
  clients.push(await connect(`${url}${ROOM}?auth=message`))
  const closing = app.close()
  for (const client of clients) t.same(await client.closed, SHUTDOWN)
  await closing
  t.equal(app.connections.size, 0)
})

test('[C65] a client that does not answer is ended, and closing does not hang', async (t) => {
  const { url, app } = await startApp(t, { drainSeconds: 1 })
  const mute = await rawConnect(url, ROOM, asServer)
  await app.close()
  t.same(await mute.closing(), SHUTDOWN)
  await until(() => mute.ended)
  t.equal(app.connections.size, 0)
})

/** Far more than the drain window, and less than the 30 s that a request may take to come. */
const CLOSING = { what: 'the app closes', ms: 20_000 }

test('[C65] connections that never sent a whole request do not delay closing', async (t) => {
  const { url, app } = await startApp(t, { drainSeconds: 1 })
  const silent = await rawSocket(url)
  const half = await rawSocket(url)
  half.write('GET /rooms/chat:a HTTP/1.1\r\nHost: loc')
  const ends = [closed(silent), closed(half)]
  for (const socket of [silent, half]) socket.on('error', () => undefined).resume()
  await within(app.close(), CLOSING)
  await Promise.all(ends)
  t.pass('closed, and they were ended')
})

test('[C65] half a request delays closing no longer than the drain window', async (t) => {
  const { url, app } = await startApp(t, { drainSeconds: 1 })
  const head = 'POST /rooms/chat:a/messages HTTP/1.1\r\nHost: localhost\r\n'
  const sender = await rawSocket(url)
  sender.on('error', () => undefined).resume()
  sender.write(`${head}Content-Type: text/plain\r\nContent-Length: 100\r\n\r\nhalf`)
  const member = await connect(url + ROOM, { headers: asServer })
  const ended = closed(sender)
  await within(app.close(), CLOSING)
  await Promise.all([ended, member.closed])
  t.pass('closed, and it was ended')
})

test('[C65] no new connection is accepted while the others are told', async (t) => {
  const { url, app } = await startApp(t, { drainSeconds: 1 })
  const mute = await rawConnect(url, ROOM, asServer)
  const closing = app.close()
  await mute.closing()
  await t.rejects(rawSocket(url), /ECONNREFUSED/)
  await closing
})

test('[C65] [C64] while draining, health says so and handshakes are refused', async (t) => {
  const { url, app } = await startApp(t)
  const member = await connect(url + ROOM, { headers: asServer })
  // The port is closed as soon as the app is, so only a drain alone can be asked about itself.
  await app.connections.drain(CLOSE.shutdown, { spreadMs: 100, windowMs: 1_000 })
  t.same(await member.closed, SHUTDOWN)
  const health = await fetch(`${url}/health/ready`)
  t.equal(health.status, 503)
  t.match(await health.json(), { status: 'draining' })
  t.equal((await fetch(`${url}/health/live`)).status, 200)
  const refusal = await refused(url + ROOM, { headers: asServer })
  t.match(refusal, { status: 503, body: { error: 'unavailable', code: 100 } })
  t.equal(refusal.headers['retry-after'], '1')
})

test('[C65] a request that is being answered is answered', async (t) => {
  const { url, app } = await startApp(t, { drainSeconds: 1 })
  const paused = pauseCalls(app.engine.log, 'summary')
  const answer = fetch(url + ROOM, { headers: asServer })
  await paused.reached
  const closing = app.close()
  paused.release()
  t.equal((await answer).status, 200)
  await closing
})

test('[C65] a handshake that is under way when closing begins is told 3001 or 503', async (t) => {
  const { url, app } = await startApp(t, { drainSeconds: 1 })
  const paused = pauseCalls(app.engine.log, 'follow')
  const client = new RawClient(await rawSocket(url))
  client.socket.write(upgradeRequest(ROOM, asServer))
  await paused.reached
  const closing = app.close()
  paused.release()
  const status = await client.status()
  t.ok(status === 503 || status === 101, String(status))
  if (status === 101) t.same(await client.closing(), SHUTDOWN)
  client.socket.destroy()
  await closing
  t.equal(app.connections.size, 0)
  t.equal(app.connections.connectionLimits.taken, 0)
})

test('[C361] a node with others says that it will close, and serves meanwhile', async (t) => {
  const { clock, usher } = await startOnManualClock(t, { drainSeconds: 5 })
  const { url, app } = usher
  Object.defineProperty(app.engine, 'otherNodes', { value: 2 })
  const early = await connect(url + ROOM, { headers: asServer })
  const closing = app.close()
  const ready = () => call(`${url}/health/ready`, 'GET')
  await until(async () => (await ready()).status === 503, { what: 'it says that it will close' })
  await clock.advance(1_900)
  t.match((await ready()).body, { status: 'draining' })
  const metrics = await fetch(`${url}/metrics`, { headers: asServer })
  t.match(await metrics.text(), /^usher_ready 0$/m)
  const late = await connect(url + ROOM, { headers: asServer })
  late.send('from one who came late')
  t.equal(await early.text(), 'from one who came late')
  await clock.advance(100)
  for (const client of [early, late]) t.same(await client.closed, SHUTDOWN)
  await t.rejects(rawSocket(url), /ECONNREFUSED/)
  await moveUntil(clock, closing)
  t.equal(app.connections.size, 0)
})

test('[C361] the notice is a part of the drain window, and not for a node alone', async (t) => {
  t.equal(noticeMs(5_000, 1), 2_000)
  t.equal(noticeMs(300_000, 2), 6_000)
  t.equal(noticeMs(0, 2), 0)
  t.equal(noticeMs(5_000, 0), 0)
})

test('[C361] with it a client that does not answer is ended within the window', async (t) => {
  const { clock, usher } = await startOnManualClock(t, { drainSeconds: 5 })
  Object.defineProperty(usher.app.engine, 'otherNodes', { value: 2 })
  const mute = await rawConnect(usher.url, ROOM, asServer)
  const closing = usher.app.close()
  await until(() => usher.app.connections.leaving)
  await clock.advance(2_000)
  t.same(await mute.closing(), SHUTDOWN)
  await clock.advance(2_900)
  t.equal(mute.ended, false)
  await clock.advance(150)
  await until(() => mute.ended, { what: 'it is ended' })
  await moveUntil(clock, closing)
})

test('[C361] a boot that ends before it takes clients gives no notice', async (t) => {
  const app = await buildApp(testConfig({ logLevel: 'silent' }), { clock: new ManualClock() })
  await app.ready()
  Object.defineProperty(app.engine, 'otherNodes', { value: 2 })
  await within(app.close(), CLOSING)
  t.pass('without moving the clock')
})

test('closing twice is closing once', async (t) => {
  const { app } = await startApp(t)
  await Promise.all([app.close(), app.close()])
  await app.close()
  t.equal(app.server.listening, false)
})
