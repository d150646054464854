// /metrics after events that it must count.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { StartedApp } from '../support/app.ts'
import { startApp } from '../support/app.ts'
import { connect, refused } from '../support/client.ts'
import { asServer, call, person } from '../support/people.ts'
import { rawRequest } from '../support/raw-client.ts'
import { limited } from '../support/settings.ts'
import { until } from '../support/until.ts'

const ROOM = '/rooms/chat:lobby'

/** All samples by name and labels, as they stand in the text. */
async function scrape(url: string, headers: Record<string, string> = asServer) {
  const response = await fetch(`${url}/metrics`, { headers })
  const lines = (await response.text()).split('\n').filter((line) => /^[a-z]/.test(line))
  return new Map(lines.map((line) => [line.replace(/ \S+$/, ''), Number(line.split(' ').at(-1))]))
}

function enter({ url }: StartedApp, headers: Record<string, string> = asServer, query = '') {
  return connect(`${url}${ROOM}${query}`, { headers })
}

t.test('[C66] /metrics is for server keys', async (t) => {
  const usher = await startApp(t)
  const { bearer } = await person(usher)
  t.equal((await call(`${usher.url}/metrics`, 'GET')).status, 401)
  t.equal((await call(`${usher.url}/metrics`, 'GET', { headers: bearer })).status, 403)
  const answer = await fetch(`${usher.url}/metrics`, { headers: asServer })
  t.equal(answer.status, 200)
  t.match(answer.headers.get('content-type'), /^text\/plain; version=0\.0\.4/)
  t.equal(answer.headers.get('cache-control'), 'no-store')
})

t.test('[C66] connections, rooms, members and messages are counted', async (t) => {
  const usher = await startApp(t)
  const clients = [await enter(usher), await enter(usher), await enter(usher)]
  clients[0]?.send('hello')
  for (const client of clients) t.equal(await client.text(), 'hello')
  await call(`${usher.url}${ROOM}/messages`, 'POST', { headers: asServer, body: { a: 1 } })
  for (const client of clients) t.equal(await client.text(), '{"a":1}')
  const told = await scrape(usher.url)
  const expected = {
    usher_connections: 3,
    usher_members: 3,
    usher_rooms: 1,
    'usher_connections_opened_total{proof="key"}': 3,
    usher_messages_received_total: 1,
    usher_bytes_received_total: 5,
    usher_messages_published_total: 2,
    usher_messages_delivered_total: 6,
    usher_bytes_sent_total: 3 * (2 + 5) + 3 * (2 + 7),
    usher_outbox_bytes: 0,
    usher_ready: 1,
    usher_fanout_seconds_count: 2,
  }
  for (const [name, value] of Object.entries(expected)) t.equal(told.get(name), value, name)
  for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes']) {
    t.ok((told.get(name) ?? 0) > 0, name)
  }
  t.ok(told.has('usher_event_loop_delay_seconds{quantile="0.99"}'))
  for (const client of clients) await client.close()
})

t.test('[C66] ends are counted by code, and a limit by its name', async (t) => {
  const usher = await startApp(t, limited({ messagesPerSecond: 1 }))
  const { bearer } = await person(usher)
  const talker = await enter(usher, bearer)
  talker.send('1')
  talker.send('2')
  await talker.closed
  const big = await enter(usher)
  big.send('x'.repeat(70_000))
  await big.closed
  await until(() => usher.app.connections.size === 0)
  const told = await scrape(usher.url)
  t.equal(told.get('usher_connections_closed_total{code="3013",by="server"}'), 1)
  t.equal(told.get('usher_connections_closed_total{code="1009",by="server"}'), 1)
  t.equal(told.get('usher_limit_hits_total{limit="messagesPerSecond"}'), 1)
  t.equal(told.get('usher_limit_hits_total{limit="messageBytes"}'), 1)
})

t.test('[C66] refused handshakes are counted by reason, over REST a route by status', async (t) => {
  const usher = await startApp(t, limited({ connectionsPerAddress: 1 }))
  const one = await enter(usher, (await person(usher)).bearer)
  t.equal((await refused(usher.url + ROOM)).status, 429)
  await one.close()
  await until(() => usher.app.connections.size === 0)
  t.equal((await refused(usher.url + ROOM)).status, 401)
  await call(`${usher.url}${ROOM}/messages`, 'POST', { headers: asServer, body: 1 })
  const posted = 'method="POST",route="/rooms/:room/messages",status="201"'
  await until(async () => {
    const told = await scrape(usher.url)
    return (
      told.get('usher_handshakes_refused_total{error="too_many_requests"}') === 1 &&
      told.get('usher_handshakes_refused_total{error="unauthorized"}') === 1 &&
      told.get('usher_limit_hits_total{limit="connectionsPerAddress"}') === 1 &&
      told.get(`usher_http_request_seconds_count{${posted}}`) === 1
    )
  })
  t.pass('all are there')
})

t.test('every metric of the Grafana dashboard is there', async (t) => {
  const usher = await startApp(t)
  const dashboard = readFileSync(join(import.meta.dirname, '../../docs/grafana-dashboard.json'))
  const shown = new Set(dashboard.toString().match(/\b(?:usher|process|nodejs)_[a-z_]+(?=[{])/g))
  const text = await (await fetch(`${usher.url}/metrics`, { headers: asServer })).text()
  const known = [...text.matchAll(/^# HELP (\S+)/gm)].map(([, name = '']) => name)
  const missing = [...shown].filter((name) => !known.includes(name.replace(/_(bucket|count)$/, '')))
  t.same(missing, [])
  t.ok(shown.size > 15, `${shown.size}`)
})

t.test('[C66] on its own port no key is asked for, and there is nothing else', async (t) => {
  const usher = await startApp(t, { metricsPort: 0 })
  const line = usher
    .log()
    .split('\n')
    .find((text) => text.includes('"msg":"metrics"'))
  const { url } = JSON.parse(line ?? '{}') as { url: string }
  const text = await (await fetch(url)).text()
  t.match(text, /^usher_connections 0$/m)
  const elsewhere = await fetch(url.replace('/metrics', '/rooms/chat:a'))
  t.match([elsewhere.status, await elsewhere.json()], [404, { error: 'not_found', code: 104 }])
})

async function metricsOf(usher: StartedApp): Promise<URL> {
  const lines = usher.log().split('\n')
  const line = lines.find((text) => text.includes('"msg":"metrics"')) ?? '{}'
  return new URL((JSON.parse(line) as { url: string }).url)
}

t.test('[S52] its own port is on loopback, wherever the service listens', async (t) => {
  const usher = await startApp(t, { metricsPort: 0, host: '0.0.0.0' })
  t.equal((await metricsOf(usher)).hostname, '127.0.0.1')
  const named = await startApp(t, { metricsPort: 0, metricsHost: '127.0.0.2' })
  const url = await metricsOf(named)
  t.equal(url.hostname, '127.0.0.2', 'unless told otherwise')
  t.match(await (await fetch(url)).text(), /^usher_connections 0$/m)
})

t.test('[S52] there a fault and broken bytes tell nothing of the inside', async (t) => {
  const usher = await startApp(t, { metricsPort: 0 })
  const url = await metricsOf(usher)
  usher.app.metrics.registry.metrics = () => Promise.reject(new Error('the secret plan'))
  const answer = await fetch(url)
  t.match([answer.status, await answer.json()], [500, { error: 'internal', code: 100 }])
  t.match(usher.log(), /the secret plan/, 'the operator is told')
  const broken = await rawRequest(url.origin, 'GET /metrics HTTP/1.1\r\nBad Header: x\r\n\r\n')
  t.equal(await broken.status(), 400)
  await until(() => broken.ended)
  t.match(JSON.parse(broken.rest), { error: 'bad_request', code: 107 })
})

t.test('[S52] its own port answers one request a connection, on few connections', async (t) => {
  const usher = await startApp(t, { metricsPort: 0 })
  const url = await metricsOf(usher)
  const get = 'GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n'
  const twice = await rawRequest(url.origin, get + get)
  await until(() => twice.ended)
  t.equal(twice.rest.split('HTTP/1.1 200').length, 1, 'the second is not answered')
  const idle = await Promise.all(Array.from({ length: 20 }, () => rawRequest(url.origin, '')))
  await until(() => idle.filter(({ ended }) => ended).length >= 4)
  t.ok(idle.some(({ ended }) => !ended))
  for (const { socket } of idle) socket.destroy()
})
