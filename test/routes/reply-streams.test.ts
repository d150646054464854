// Connections of many rooms without a WebSocket: replies by a stream of lines or by server-sent
// events, commands in requests of their own.
import t from 'tap'
import { DEFAULT_HEARTBEAT } from '../../src/protocol/limits.ts'
import { startApp, startOnManualClock } from '../support/app.ts'
import { connect } from '../support/client.ts'
import { nothingLeft } from '../support/nothing-left.ts'
import { asServer, call, person, ticketOf } from '../support/people.ts'
import { rawRequest } from '../support/raw-client.ts'
import { type Carrier, openStream, sendUp } from '../support/reply-stream.ts'
import { limited, ruled } from '../support/settings.ts'
import { until } from '../support/until.ts'

const CARRIERS: readonly Carrier[] = ['http_stream', 'sse']
const ORIGIN = 'https://page.example.com'
const usher = await startApp(t, {
  ...ruled({ match: 'chat:*', history: { messages: 10, ageMs: null } }),
  origins: [ORIGIN],
})
const { url, app } = usher
const ann = await person(usher)
const subscribe = (id: number, channel: string) => ({ id, subscribe: { channel } })
const publish = (id: number, channel: string, data: unknown) => ({ id, publish: { channel, data } })
const isMessage = (data: unknown) => (reply: { push?: { pub?: { data: unknown } } }) =>
  reply.push?.pub?.data === data

/** What all streams leave: no seat, no session id. */
async function allGone(): Promise<void> {
  await nothingLeft(app)
  await until(() => app.uplinkSessions.size === 0)
}

for (const carrier of CARRIERS) {
  t.test(`[C300] ${carrier}: a client joins, publishes, hears others and itself`, async (t) => {
    const token = await ticketOf(usher, ann.bearer)
    const stream = await openStream(url, { carrier, connect: { token } })
    const { connect: connected } = await stream.reply(1)
    t.match(connected, { session: /^[\w-]{22}$/, node: app.engine.node, ping: 25, pong: true })
    const other = await connect(`${url}/rooms/chat:a`, { headers: asServer })
    t.match(await stream.ask(subscribe(2, 'chat:a')), { subscribe: { recoverable: true } })
    t.same((await stream.ask(publish(3, 'chat:a', 'mine'))).publish, {})
    t.equal(await other.text(), '"mine"')
    other.send('theirs')
    await stream.find(isMessage('mine'))
    await stream.find(isMessage('theirs'))
    const heard = stream.replies.flatMap(({ push }) => push?.pub ?? [])
    t.match(heard, [{ data: 'mine', info: { user: ann.user } }, { data: 'theirs' }])
    stream.stop()
    await other.close()
    await allGone()
  })

  t.test(
    `[C301] ${carrier}: a wrong credential is told in the answer, never by status`,
    async (t) => {
      const used = await ticketOf(usher, ann.bearer)
      const first = await openStream(url, { carrier, connect: { token: used } })
      t.ok((await first.reply(1)).connect)
      first.stop()
      const again = await openStream(url, { carrier, connect: { token: used } })
      t.equal(again.response.status, 200)
      t.match((await again.reply(1)).error, { code: 109 })
      again.stop()
      const forged = await openStream(url, { carrier, connect: { token: 'ut_forged' } })
      t.equal(forged.response.status, 200)
      t.match(await forged.closing(), { code: 3500, reason: /./ })
      const anonymous = await openStream(url, { carrier })
      t.match(await anonymous.closing(), { code: 3500, reason: /./ })
      await allGone()
    },
  )

  t.test(
    `[C301] ${carrier}: a stale cookie is a wrong credential, a foreign one is none`,
    async (t) => {
      const cookie = `usher=${'x'.repeat(43)}`
      const stale = await openStream(url, { carrier, headers: { cookie, origin: url } })
      t.match(await stale.closing(), { code: 3500 })
      const foreign = { ...ann.browser, origin: 'https://evil.example' }
      const elsewhere = await openStream(url, { carrier, headers: foreign })
      t.match(await elsewhere.closing(), { code: 3500 }, 'as one without a credential')
      const token = await ticketOf(usher, ann.bearer)
      const byTicket = await openStream(url, { carrier, connect: { token }, headers: foreign })
      t.ok((await byTicket.reply(1)).connect, 'a ticket decides there')
      byTicket.stop()
      const own = await openStream(url, { carrier, headers: ann.browser })
      t.ok((await own.reply(1)).connect)
      own.stop()
      await allGone()
    },
  )

  t.test(`[C301] ${carrier}: log-out tells why it ends, and ends it`, async (t) => {
    const bob = await person(usher)
    const stream = await openStream(url, { carrier, headers: bob.browser })
    await stream.uplink()
    await call(`${url}/session`, 'DELETE', { headers: bob.browser })
    t.same(await stream.closing(), { code: 3503, reason: 'forced' })
    t.equal(await stream.send(subscribe(2, 'chat:a')), 404)
    await allGone()
  })
}

t.test('[C302] an access token stands in no URL', async (t) => {
  const token = ann.bearer.authorization.slice('Bearer '.length)
  const events = await openStream(url, { carrier: 'sse', connect: { token } })
  t.match((await events.reply(1)).error, { code: 107 })
  events.stop()
  const lines = await openStream(url, { connect: { token } })
  t.ok((await lines.reply(1)).connect, 'in a body it may')
  lines.stop()
  await allGone()
})

t.test('[C302] only one connect command opens a stream', async (t) => {
  const connected = JSON.stringify({ id: 1, connect: {} })
  const published = JSON.stringify(publish(2, 'chat:csrf', 'forged'))
  const query = (text: string) => `?cf_connect=${encodeURIComponent(text)}`
  const queries = ['', '?cf_connect=', query('{'), query(published), query('{}')]
  queries.push(query(`${connected}\n${published}`), `${query(connected)}&cf_connect={}`)
  for (const text of queries) {
    const answer = await fetch(`${url}/connection/sse${text}`, { headers: ann.browser })
    t.equal(answer.status, 200)
    t.match(await answer.text(), /^data: .*"disconnect".*3501/, text)
  }
  for (const body of [undefined, '', '{', published, `${connected}\n${published}`]) {
    const headers = { ...ann.browser, 'content-type': 'application/json' }
    const init = { method: 'POST', headers, ...(body === undefined ? {} : { body }) }
    const answer = await fetch(`${url}/connection/http_stream`, init)
    t.match(await answer.text(), /"disconnect".*3501/, String(body))
  }
  const { body: room } = await call(`${url}/rooms/chat:csrf`, 'GET', { headers: asServer })
  t.equal(room.offset, 0, 'nothing else had an effect')
  await allGone()
})

t.test('[C300] over HTTP/1.1 replies come in chunks, over HTTP/1.0 without', async (t) => {
  const body = '{"id":1,"connect":{"token":"ut_x"}}'
  const rest = ['Host: x', 'Content-Type: application/json', `Content-Length: ${body.length}`]
  const PUSH = '{"push":{"disconnect":{"code":3500,"reason":"invalid credentials"}}}\n'
  for (const [version, expected] of [
    ['1.1', `${PUSH.length.toString(16)}\r\n${PUSH}\r\n0\r\n\r\n`],
    ['1.0', PUSH],
  ] as const) {
    const head = [`POST /connection/http_stream HTTP/${version}`, ...rest].join('\r\n')
    const client = await rawRequest(url, `${head}\r\n\r\n${body}`)
    await until(() => client.ended)
    t.equal(client.rest, expected)
    t.match(client.head, /^cache-control: no-cache, no-transform$/im)
    t.match(client.head, /^x-accel-buffering: no$/im)
    t.equal(/^transfer-encoding: chunked$/im.test(client.head), version === '1.1')
  }
  const query = encodeURIComponent(body)
  const events = await rawRequest(url, `GET /connection/sse?cf_connect=${query} HTTP/1.0\r\n\r\n`)
  await until(() => events.ended)
  t.equal(events.rest, `data: ${PUSH}\n`)
  await allGone()
})

t.test('a page of another origin may open both, and send commands', async (t) => {
  for (const path of ['/connection/http_stream', '/emulation']) {
    for (const [origin, allowed] of [
      [ORIGIN, ORIGIN],
      ['https://evil.example', null],
    ] as const) {
      const headers = {
        ...{ origin, 'access-control-request-method': 'POST' },
        'access-control-request-headers': 'content-type',
      }
      const { headers: got } = await fetch(url + path, { method: 'OPTIONS', headers })
      t.equal(got.get('access-control-allow-origin'), allowed)
    }
  }
  const token = await ticketOf(usher, ann.bearer)
  const stream = await openStream(url, { connect: { token }, headers: { origin: ORIGIN } })
  t.equal(stream.response.headers.get('access-control-allow-origin'), ORIGIN)
  t.ok((await stream.ask(subscribe(2, 'chat:a'))).subscribe)
  stream.stop()
  await allGone()
})

t.test('[C90] inject cannot stream, and is told so', async (t) => {
  const payload = { id: 1, connect: {} }
  const answers = [
    await app.inject({ method: 'POST', url: '/connection/http_stream', payload }),
    await app.inject({ url: '/connection/sse?cf_connect={}' }),
  ]
  for (const answer of answers) {
    t.equal(answer.statusCode, 400)
    t.match(answer.json().message, /^inject has no TCP connection/)
  }
  await allGone()
})

t.test('other methods are refused, and HEAD opens nothing', async (t) => {
  for (const [method, path, status] of [
    ['GET', '/connection/http_stream', 405],
    ['HEAD', '/connection/sse?cf_connect={}', 405],
    ['POST', '/connection/sse', 405],
    ['GET', '/emulation', 405],
  ] as const) {
    t.equal((await fetch(url + path, { method })).status, status, `${method} ${path}`)
  }
  await allGone()
})

t.test('abrupt ends of clients leave nothing', async () => {
  for (const carrier of CARRIERS) {
    const headers = ann.browser
    const streams = await Promise.all(
      Array.from({ length: 10 }, () => openStream(url, { carrier, headers })),
    )
    await Promise.all(streams.slice(0, 5).map((stream) => stream.ask(subscribe(2, 'chat:a'))))
    for (const stream of streams) stream.stop()
    await allGone()
  }
})

t.test('a client that reads nothing is cut as slow, and nothing of it stays', async (t) => {
  const token = await ticketOf(usher, ann.bearer)
  const body = JSON.stringify({ id: 1, connect: { token } })
  const head = [
    'POST /connection/http_stream HTTP/1.1',
    'Host: x',
    'Content-Type: application/json',
  ]
  const length = `Content-Length: ${body.length}`
  const client = await rawRequest(url, `${[...head, length].join('\r\n')}\r\n\r\n${body}`)
  await until(() => client.rest.includes('session'))
  const [json = ''] = /\{.*\}/.exec(client.rest) ?? []
  const { node, session } = JSON.parse(json).connect
  client.socket.pause()
  const data = JSON.stringify(subscribe(2, 'chat:slow'))
  t.equal(await sendUp(url, { node, session, data }), 204)
  await until(() => app.rooms.counts('chat:slow').members === 1)
  const large = 'x'.repeat(60_000)
  await until(async () => {
    await app.usher.publish('chat:slow', large)
    return app.connections.size === 0
  })
  t.match(usher.log(), /"code":3008/)
  await allGone()
})

t.test(
  '[C305] a client that answers pings by requests stays, one that does not is cut',
  async (t) => {
    const { clock, usher } = await startOnManualClock(t)
    const bob = await person(usher)
    const { pingSeconds, pongSeconds } = DEFAULT_HEARTBEAT
    for (const carrier of CARRIERS) {
      const stream = await openStream(usher.url, { carrier, headers: bob.browser })
      await stream.uplink()
      const isPing = (reply: object) => Object.keys(reply).length === 0
      const pings = () => stream.replies.filter(isPing).length
      for (let round = 1; round <= 3; round += 1) {
        await clock.advance(pingSeconds * 1_000)
        await until(() => pings() === round, { what: `ping ${round} on ${carrier}` })
        t.equal(await stream.send({}), 204)
      }
      t.equal(stream.hasEnded, false)
      await clock.advance((pingSeconds + pongSeconds + 1) * 1_000)
      t.same(await stream.closing(), { code: 3012, reason: 'no pong' })
    }
    await nothingLeft(usher.app)
  },
)

t.test('[C306] load is told by status: 429 for the address, 503 where it drains', async (t) => {
  const few = await startApp(t, limited({ connectionsPerAddress: 1, handshakesPerSecond: 4 }))
  const bob = await person(few)
  const [token, other] = [await ticketOf(few, bob.bearer), await ticketOf(few, bob.bearer)]
  const stream = await openStream(few.url, { connect: { token } })
  await stream.uplink()
  for (const carrier of CARRIERS) {
    const { response } = await openStream(few.url, { carrier, connect: { token: other } })
    t.equal(response.status, 429)
    t.ok(response.headers.get('retry-after'))
  }
  stream.stop()
  await nothingLeft(few.app)
  const back = await openStream(few.url, { connect: { token: other } })
  t.ok((await back.reply(1)).connect, 'the ticket was not used up')
  const closing = few.app.close()
  t.same(await back.closing(), { code: 3001, reason: 'shutdown' })
  await closing
})
