// Requests that a client sends ahead on one TCP connection: their order, their number, and what
// they cost while nothing is read.
import { readdirSync, readlinkSync } from 'node:fs'
import { type Test, test } from 'tap'
import { REQUESTS_AHEAD_MAX } from '../../src/protocol/limits.ts'
import { answersIn } from '../attack/wire.ts'
import { startApp } from '../support/app.ts'
import { rawSocket, upgradeRequest } from '../support/client.ts'
import { asServer, call } from '../support/people.ts'
import { ruled } from '../support/settings.ts'
import { closed, until } from '../support/until.ts'

/** The one that is answered, and those that wait. */
const AT_ONCE_MAX = REQUESTS_AHEAD_MAX + 1
const ROOM = '/rooms/chat:a'

function request(method: string, path: string, body = ''): string {
  const head = [`${method} ${path} HTTP/1.1`, 'Host: x', 'Content-Type: text/plain']
  const sender = `Authorization: ${asServer.authorization}`
  return [...head, sender, `Content-Length: ${body.length}`, '', body].join('\r\n')
}

/** Sends all in one piece, and gives the answers once the TCP connection has ended. */
async function exchange(url: string, bytes: string) {
  const socket = await rawSocket(url)
  const chunks: Buffer[] = []
  socket.on('error', () => undefined)
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  const end = closed(socket)
  socket.write(bytes)
  await end
  return answersIn(Buffer.concat(chunks)).answers
}

const LAST = 'GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'

async function startHistory(t: Test) {
  return startApp(t, ruled({ match: '*', history: { messages: 1_000, ageMs: 3_600_000 } }))
}

test('[C140] requests sent ahead take effect and are answered in their order', async (t) => {
  const { url } = await startHistory(t)
  const texts = Array.from({ length: REQUESTS_AHEAD_MAX }, (_, index) => `message ${index}`)
  const publishes = texts.map((text) => request('POST', `${ROOM}/messages`, text))
  const answers = await exchange(url, publishes.join('') + LAST)
  const offsets = answers.map(({ body }) => (JSON.parse(body) as { offset?: number }).offset)
  t.same(offsets, [...texts.map((_, index) => index + 1), undefined])
  const { body } = await call(`${url}${ROOM}/messages`, 'GET', { headers: asServer })
  t.same(
    (body as { messages: { data: string }[] }).messages.map(({ data }) => data),
    texts,
  )
})

test('[C140] a request waits until the answer before it has left', async (t) => {
  const { url } = await startHistory(t)
  const answers = await exchange(
    url,
    request('POST', `${ROOM}/messages`, 'first') + request('GET', `${ROOM}/messages`) + LAST,
  )
  t.match(JSON.parse(answers[1]?.body ?? ''), { messages: [{ data: 'first' }] })
})

const FORMS = {
  'a route': 'GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n',
  'no route': 'GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n',
  'a broken path': 'GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n',
  'an expectation': 'GET /health/live HTTP/1.1\r\nHost: x\r\nExpect: wonders\r\n\r\n',
  'a body': request('POST', `${ROOM}/messages`, 'hello'),
  'a body that is not read': request('POST', '/nowhere', 'hello'),
  'a broken path and a body': request('POST', '/%zz', 'hello'),
  'HTTP/1.0': 'GET /health/live HTTP/1.0\r\nConnection: keep-alive\r\n\r\n',
}

for (const [form, one] of Object.entries(FORMS)) {
  test(`[C141] [S42] of 2,000 requests in one piece 17 are begun: ${form}`, async (t) => {
    const { url, app } = await startApp(t)
    let heard = 0
    for (const event of ['request', 'checkExpectation']) app.server.on(event, () => (heard += 1))
    const answers = await exchange(url, one.repeat(2_000))
    t.equal(answers.length, AT_ONCE_MAX + 1)
    t.equal(heard, AT_ONCE_MAX + 1, 'nothing is made for the others')
    const last = answers.at(-1)
    t.equal(last?.status, 429)
    t.equal(last?.headers.get('connection'), 'close')
    t.match(JSON.parse(last?.body ?? ''), { error: 'too_many_requests', code: 111 })
    t.ok(answers.slice(0, -1).every(({ status }) => status === answers[0]?.status))
    if (form.startsWith('a broken path') || form === 'an expectation') return
    t.match(await app.metrics.registry.metrics(), /limit_hits_total\{limit="requestsAhead"\} 1/)
  })
}

test('[S42] a client that sends ahead and reads nothing has one answer made', async (t) => {
  const { url, app } = await startApp(t)
  let finished = 0
  let heard = 0
  app.server.on('request', (_request, response) => {
    heard += 1
    response.once('finish', () => (finished += 1))
  })
  const fds = () => readdirSync('/proc/self/fd').map((fd) => linkOf(fd))
  const sockets = await Promise.all(Array.from({ length: 10 }, () => rawSocket(url)))
  const before = fds().filter((path) => path.startsWith('/')).length
  const bundle = 'GET /docs/static/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n'
  for (const socket of sockets) socket.pause().write(bundle.repeat(1_000))
  await until(() => heard >= sockets.length * (AT_ONCE_MAX + 1))
  const others = await fetch(`${url}/health/live`)
  t.equal(others.status, 200)
  t.equal(heard, sockets.length * (AT_ONCE_MAX + 1) + 1)
  await until(() => fds().filter((path) => path.startsWith('/')).length <= before)
  for (const socket of sockets) socket.destroy()
  await until(() => app.httpSockets.watched === 0)
})

test('[C140] what waits on a TCP connection that ends is never begun', async (t) => {
  const { url, app } = await startHistory(t)
  const bytes = LAST + request('POST', `${ROOM}/messages`, 'too late')
  t.equal((await exchange(url, bytes)).length, 1)
  const { body } = await call(`${url}${ROOM}/messages`, 'GET', { headers: asServer })
  t.same((body as { messages: unknown[] }).messages, [])
  await until(() => app.httpSockets.watched === 0)
})

test('[C140] the body of a request that waits is read in its turn', async (t) => {
  const { url } = await startHistory(t)
  const large = 'x'.repeat(60_000)
  const answers = await exchange(url, request('POST', `${ROOM}/messages`, large).repeat(3) + LAST)
  t.same(
    answers.map(({ status }) => status),
    [201, 201, 201, 200],
  )
})

const BROKEN = {
  'bytes that are no HTTP': 'NONSENSE\r\n\r\n',
  'headers that are too large': `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
  'a body that is no body': request('POST', `${ROOM}/messages`).replace(
    'Content-Length: 0\r\n\r\n',
    'Transfer-Encoding: chunked\r\n\r\nNONSENSE\r\n',
  ),
}

for (const [what, broken] of Object.entries(BROKEN)) {
  test(`${what}: the answer comes after all that was asked before`, async (t) => {
    const { url } = await startHistory(t)
    const publish = request('POST', `${ROOM}/messages`, 'good')
    // Answered in the turn in which it begins, so that the next one begins in another.
    const unknown = request('GET', '/nowhere')
    for (const before of [1, 2, 5]) {
      const answers = await exchange(url, (unknown + publish).repeat(before) + broken)
      t.same(
        answers.map(({ status }) => status),
        [...Array.from({ length: before }, () => [404, 201]).flat(), 400],
      )
    }
  })
}

test('[C145] [S51] a handshake that is sent ahead is refused in its turn', async (t) => {
  const { url, app, log } = await startHistory(t)
  const handshake = upgradeRequest(ROOM, { authorization: asServer.authorization })
  for (const before of [1, 3]) {
    const publish = request('POST', `${ROOM}/messages`, 'first')
    const answers = await exchange(url, publish.repeat(before) + handshake + LAST)
    t.same(
      answers.map(({ status }) => status),
      [...Array.from({ length: before }, () => 201), 400],
    )
    t.match(JSON.parse(answers.at(-1)?.body ?? ''), { error: 'bad_request', message: /ahead/ })
  }
  t.equal(app.connections.size, 0)
  t.notMatch(log(), /upgrade failed/, 'a stranger writes no line of his own in the log')
})

test('[C90] [C140] a stream begins in its turn, and ends its TCP connection', async (t) => {
  const { url, app } = await startHistory(t)
  const stream = request('GET', ROOM).replace('\r\n', '\r\nAccept: text/event-stream\r\n')
  const socket = await rawSocket(url)
  let text = ''
  socket.on('data', (chunk: Buffer) => (text += chunk))
  socket.write(request('POST', `${ROOM}/messages`, 'before') + stream + stream)
  await until(() => app.connections.size === 1 && text.includes('text/event-stream'))
  await call(`${url}${ROOM}/messages`, 'POST', { headers: asServer, body: 'heard' })
  await until(() => text.includes('heard'))
  t.match(text, /^HTTP\/1\.1 201[\s\S]*HTTP\/1\.1 200/)
  t.equal(app.connections.size, 1)
  socket.destroy()
  await until(() => app.connections.size === 0)
})

test('a WebSocket is opened on a TCP connection that has carried requests', async (t) => {
  const { url, app } = await startApp(t)
  const socket = await rawSocket(url)
  let text = ''
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
  socket.write('GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n')
  await until(() => text.includes('"live"'))
  socket.write(upgradeRequest(ROOM, { authorization: asServer.authorization }))
  await until(() => text.includes('HTTP/1.1 101'))
  t.equal(app.connections.size, 1)
  socket.destroy()
  await until(() => app.connections.size === 0)
})

function linkOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    return ''
  }
}
