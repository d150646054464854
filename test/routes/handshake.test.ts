// The form of a handshake: which ones are refused, with which words, before any credential is
// looked at.
import { once } from 'node:events'
import { test } from 'tap'
import { type StartedApp, startApp } from '../support/app.ts'
import { connect, rawSocket, upgradeRequest } from '../support/client.ts'
import { clientFrame } from '../support/frames.ts'
import { nothingLeft } from '../support/nothing-left.ts'
import { asServer, ticketOf } from '../support/people.ts'
import { RawClient, rawRequest } from '../support/raw-client.ts'
import { until } from '../support/until.ts'

const ROOM = '/rooms/chat:a'

/** The status and the JSON of the answer to a request of any form. */
async function answer(url: string, text: string) {
  const client = await rawRequest(url, text)
  const status = await client.status()
  if (status === 101) {
    client.socket.destroy()
    return { status, error: null }
  }
  const length = Number(/content-length: (\d+)/i.exec(client.head)?.[1] ?? 0)
  await until(() => client.rest.length >= length || client.ended)
  client.socket.destroy()
  return { status, error: (JSON.parse(client.rest || '{}') as { error?: string }).error }
}

const BAD_REQUEST = { status: 400, error: 'bad_request' }

const MALFORMED: Record<string, Record<string, string | null>> = {
  'no key': { 'Sec-WebSocket-Key': null },
  'an empty key': { 'Sec-WebSocket-Key': '' },
  'a short key': { 'Sec-WebSocket-Key': 'c2hvcnQ=' },
  'a key that is no base64': { 'Sec-WebSocket-Key': '!!!!!!!!!!!!!!!!!!!!!!==' },
  'a long key': { 'Sec-WebSocket-Key': `${'a'.repeat(30)}==` },
  'no version': { 'Sec-WebSocket-Version': null },
  'version 8': { 'Sec-WebSocket-Version': '8' },
  'version 14': { 'Sec-WebSocket-Version': '14' },
  'two versions': { 'Sec-WebSocket-Version': '13, 8' },
  'an empty subprotocol': { 'Sec-WebSocket-Protocol': 'a,,b' },
  'a comma at the end': { 'Sec-WebSocket-Protocol': 'usher.raw,' },
  'a quoted subprotocol': { 'Sec-WebSocket-Protocol': '"usher.raw"' },
  'a subprotocol with a space': { 'Sec-WebSocket-Protocol': 'usher raw' },
  'a subprotocol offered twice': { 'Sec-WebSocket-Protocol': 'usher.raw, usher.raw' },
}

for (const [what, headers] of Object.entries(MALFORMED)) {
  test(`[C41] [S1] [C23] ${what} is a 400 and uses up no ticket`, async (t) => {
    const usher = await startApp(t)
    const ticket = await ticketOf(usher, asServer, { user: 'u_1' })
    const path = `${ROOM}?ticket=${ticket}`
    t.same(await answer(usher.url, upgradeRequest(path, headers)), BAD_REQUEST)
    const client = await connect(usher.url + path)
    await client.close()
    await nothingLeft(usher.app)
  })
}

test('[C40] a refused upgrade says that its connection ends', async (t) => {
  const { url } = await startApp(t)
  for (const path of [ROOM, `${ROOM}?ticket=ut_x`, '/session', '/nowhere', '/health/live']) {
    const client = await rawRequest(url, upgradeRequest(path))
    t.match(await client.status(), /^4/, path)
    t.match(client.head, /\r\nconnection: close/i)
    await until(() => client.ended)
  }
})

test('[C41] [S1] an upgrade by HTTP/1.0 is a 400: there are none in it', async (t) => {
  const { url } = await startApp(t)
  const request = upgradeRequest(ROOM, asServer).replace('HTTP/1.1', 'HTTP/1.0')
  t.same(await answer(url, request), BAD_REQUEST)
})

test('[C2] [S1] an upgrade with another method than GET is a 405', async (t) => {
  const { url } = await startApp(t)
  for (const method of ['POST', 'PUT', 'DELETE']) {
    const request = upgradeRequest(ROOM, asServer).replace('GET', method)
    t.same(await answer(url, request), { status: 405, error: 'method_not_allowed' }, method)
  }
  const head = await rawRequest(url, upgradeRequest(ROOM, asServer).replace('GET', 'HEAD'))
  t.equal(await head.status(), 405, 'HEAD, whose answer has no body')
  t.match(head.head, /\r\nallow: GET/i)
  head.socket.destroy()
})

test('[C41] a path that takes no WebSockets is a 400', async (t) => {
  const { url } = await startApp(t)
  for (const path of ['/session', '/health/live', '/']) {
    t.same(await answer(url, upgradeRequest(path, asServer)), BAD_REQUEST, path)
  }
})

test('[C41] an unknown path is a 404', async (t) => {
  const { url } = await startApp(t)
  for (const path of ['/nowhere', '/rooms', '/rooms/a/b', '/rooms/chat:a/']) {
    const { status, error } = await answer(url, upgradeRequest(path, asServer))
    t.same({ status, error }, { status: 404, error: 'not_found' }, path)
  }
})

test('[C41] a room name that is none is a 400', async (t) => {
  const { url } = await startApp(t)
  for (const name of ['a$b', 'a%20b', '%00', 'a%0d%0ab', 'x'.repeat(129), '%ff', '%C3%A9']) {
    t.same(await answer(url, upgradeRequest(`/rooms/${name}`, asServer)), BAD_REQUEST, name)
  }
})

test('[C41] Upgrade: h2c is ignored, also with a body', async (t) => {
  const { url } = await startApp(t)
  const body = '{"hello":"world"}'
  const head = [
    'POST /rooms/chat:a/messages HTTP/1.1',
    'Host: localhost',
    'Connection: Upgrade, HTTP2-Settings',
    'Upgrade: h2c',
    'HTTP2-Settings: AAMAAABkAAQAAP__',
    `Authorization: ${asServer.authorization}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
  ]
  const posted = await rawRequest(url, `${head.join('\r\n')}\r\n\r\n${body}`)
  t.equal(await posted.status(), 201)
  const got = await rawRequest(url, upgradeRequest(ROOM, { ...asServer, Upgrade: 'h2c' }))
  t.equal(await got.status(), 200)
  for (const { socket } of [posted, got]) socket.destroy()
})

test('[C41] a request that is not HTTP is refused, and the next one served', async (t) => {
  const { url, app } = await startApp(t)
  for (const text of [
    'GARBAGE\r\n\r\n',
    '\u0016\u0003\u0001\u0002\u0000',
    'GET / HTTP/9.9\r\n\r\n',
  ]) {
    const client = await rawRequest(url, text)
    t.ok([400, 505].includes(await client.status()), JSON.stringify(text))
    client.socket.destroy()
  }
  const ann = await connect(url + ROOM, { headers: asServer })
  await ann.close()
  await nothingLeft(app)
})

test('a handshake in pieces is a handshake, and frames right behind it are read', async (t) => {
  const { url, app } = await startApp(t)
  const client = new RawClient(await rawSocket(url))
  client.socket.setNoDelay(true)
  for (const byte of upgradeRequest(ROOM, asServer)) {
    client.socket.write(byte)
    await new Promise(setImmediate)
  }
  client.send({ opcode: 1, payload: 'early' })
  await until(() => client.frames.length > 0)
  t.equal(client.frames[0]?.payload.toString(), 'early')
  client.socket.destroy()
  await nothingLeft(app)
})

test('[C42] frames in the same packet as the handshake are not lost', async (t) => {
  const { url } = await startApp(t)
  const frames = ['1', '2', '3'].map((payload) => clientFrame({ opcode: 1, payload }))
  const socket = await rawSocket(url)
  const client = new RawClient(socket)
  socket.write(Buffer.concat([Buffer.from(upgradeRequest(ROOM, asServer)), ...frames]))
  await until(() => client.frames.length === 3)
  const texts = client.frames.map(({ payload }) => payload.toString())
  t.same(texts, ['1', '2', '3'])
  socket.destroy()
})

test('[S28] compression is never negotiated, whatever is offered', async (t) => {
  const { url } = await startApp(t)
  for (const offer of ['permessage-deflate', 'permessage-deflate; client_max_window_bits, x;;']) {
    const headers = { ...asServer, 'Sec-WebSocket-Extensions': offer }
    const client = await rawRequest(url, upgradeRequest(ROOM, headers))
    t.equal(await client.status(), 101)
    t.notMatch(client.head, /sec-websocket-extensions/i)
    client.send({ opcode: 1, payload: 'a'.repeat(100) })
    await until(() => client.frames.length > 0)
    t.match(client.frames[0], { rsv: 0, payload: Buffer.from('a'.repeat(100)) })
    client.socket.destroy()
  }
})

/** The subprotocol that the server chose for a member with this offer. */
async function chosen({ url }: StartedApp, protocols: string[]): Promise<string> {
  const client = await connect(url + ROOM, { headers: asServer, protocols })
  await client.close()
  return client.ws.protocol
}

test('[C31] [S8] the server answers usher.raw if it is offered, else none', async (t) => {
  const usher = await startApp(t)
  t.equal(await chosen(usher, ['usher.raw']), 'usher.raw')
  t.equal(await chosen(usher, ['other', 'usher.raw']), 'usher.raw')
  t.equal(await chosen(usher, []), '')
  const unknown = await rawRequest(
    usher.url,
    upgradeRequest(ROOM, { ...asServer, 'Sec-WebSocket-Protocol': 'usher.rawer, other' }),
  )
  t.equal(await unknown.status(), 101)
  t.notMatch(unknown.head, /sec-websocket-protocol/i)
  const ended = once(unknown.socket, 'close')
  unknown.socket.destroy()
  await ended
})

test('[C31] [S8] a ticket beside usher.raw is never sent back, and alone is a 400', async (t) => {
  const usher = await startApp(t)
  const ticket = await ticketOf(usher, asServer, { user: 'u_1' })
  const alone = { 'Sec-WebSocket-Protocol': `usher.ticket.${ticket}` }
  t.same(await answer(usher.url, upgradeRequest(ROOM, alone)), BAD_REQUEST)
  const both = { 'Sec-WebSocket-Protocol': `usher.ticket.${ticket}, usher.raw` }
  const client = await rawRequest(usher.url, upgradeRequest(ROOM, both))
  t.equal(await client.status(), 101, 'the 400 did not use it up')
  t.match(client.head, /sec-websocket-protocol: usher\.raw(\r\n|$)/i)
  t.notOk(client.head.includes(ticket))
  client.socket.destroy()
})
