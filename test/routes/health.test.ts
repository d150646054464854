// The health checks: whether the process runs, and whether it can serve.
import t from 'tap'
import { CLOSE } from '../../src/protocol/errors.ts'
import { startApp } from '../support/app.ts'
import { asServer, call } from '../support/people.ts'

t.test('[C64] a running process is live and ready, and says what an answer means', async (t) => {
  const { url } = await startApp(t)
  const live = await call(`${url}/health/live`, 'GET')
  t.match(live, { status: 200, body: { status: 'live' } })
  const ready = await call(`${url}/health/ready`, 'GET')
  t.equal(ready.status, 200)
  t.same(ready.body, { status: 'ready', engine: 'sqlite', durability: 'memory' })
  t.equal(ready.headers.get('cache-control'), 'no-store')
})

t.test('[C64] on disk the durability is called so', async (t) => {
  const engine = { kind: 'sqlite', folder: t.testdir(), lockWaitMs: 0 } as const
  const { url } = await startApp(t, { engine })
  t.match((await call(`${url}/health/ready`, 'GET')).body, { durability: 'disk' })
})

t.test('[C64] it is degraded when the engine cannot serve, and live all the same', async (t) => {
  const { url, app } = await startApp(t)
  app.engine.health = () => ({ ready: false, reason: 'The disk is full.' })
  const { status, body } = await call(`${url}/health/ready`, 'GET')
  t.equal(status, 503)
  t.match(body, { status: 'degraded', engine: 'sqlite', reason: 'The disk is full.' })
  t.equal((await call(`${url}/health/live`, 'GET')).status, 200)
})

t.test('[C64] it is draining while it shuts down', async (t) => {
  const { url, app } = await startApp(t)
  await app.connections.drain(CLOSE.shutdown, { spreadMs: 0, windowMs: 0 })
  const { status, body } = await call(`${url}/health/ready`, 'GET')
  t.equal(status, 503)
  t.match(body, { status: 'draining', engine: 'sqlite', durability: 'memory' })
})

t.test('health needs no credential, and ignores a wrong one', async (t) => {
  const { url } = await startApp(t)
  const headers = { ...asServer, authorization: 'Bearer wrong', cookie: 'usher=x' }
  t.equal((await call(`${url}/health/ready`, 'GET', { headers })).status, 200)
})
