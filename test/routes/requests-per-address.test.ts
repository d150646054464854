// How many requests one address may send: all that a server takes before it knows who asks.
import { test } from 'tap'
import { startApp } from '../support/app.ts'
import { connect } from '../support/client.ts'
import { ManualClock, moveUntil } from '../support/manual-clock.ts'
import { asServer } from '../support/people.ts'
import { limited } from '../support/settings.ts'

test('[C143] [S45] requests of an address are counted, and refused with a time', async (t) => {
  const clock = new ManualClock()
  const { url, app } = await startApp(t, limited({ requestsPerSecondPerAddress: 2 }), { clock })
  t.teardown(() => moveUntil(clock, app.close()))
  const ask = (headers: Record<string, string> = {}) => fetch(`${url}/health/live`, { headers })
  for (let i = 0; i < 20; i += 1) t.equal((await ask()).status, 200, 'ten seconds at once')
  const refused = await ask()
  t.equal(refused.status, 429)
  t.equal(refused.headers.get('retry-after'), '1')
  t.match(await refused.json(), { error: 'too_many_requests', code: 111 })
  await clock.advance(1_000)
  t.same([(await ask()).status, (await ask()).status, (await ask()).status], [200, 200, 429])
  const metrics = await app.metrics.registry.metrics()
  t.match(metrics, /limit_hits_total\{limit="requestsPerSecondPerAddress"\} 2/)
})

test('[C143] requests with a server key and of exempt addresses are not counted', async (t) => {
  const few = limited({ requestsPerSecondPerAddress: 1 })
  const clock = new ManualClock()
  const byKey = await startApp(t, few, { clock })
  t.teardown(() => moveUntil(clock, byKey.app.close()))
  for (let i = 0; i < 30; i += 1) {
    const answer = await fetch(`${byKey.url}/rooms/chat:a`, { headers: asServer })
    t.equal(answer.status, 200)
  }
  for (let i = 0; i < 30; i += 1) {
    await (await connect(`${byKey.url}/rooms/chat:a`, { headers: asServer })).close()
  }
  const stranger = async () => (await fetch(`${byKey.url}/health/live`)).status
  for (let i = 0; i < 10; i += 1) t.equal(await stranger(), 200)
  t.equal(await stranger(), 429)
  const late = await fetch(`${byKey.url}/rooms/chat:a`, { headers: asServer })
  t.equal(late.status, 200, 'also at an address that has used up its own')
  const exempt = await startApp(t, { ...few, exemptAddresses: ['127.0.0.0/8'] })
  for (let i = 0; i < 30; i += 1) t.equal((await fetch(`${exempt.url}/health/live`)).status, 200)
})
