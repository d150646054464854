// The form of a handshake: which ones are refused, with which words, before any credential is
// looked at.
import { once } from 'node:events'
import { test } from 'tap'
import { type StartedApp, startApp } from '../support/app.ts'
import { connect, rawSocket, upgradeRequest } from '../support/client.ts'
import { clientFrame } from '../support/frames.ts'
import { nothingLeft } from '../support/nothing-left.ts'
import { asServer, ticketOf } from '../support/people.ts'
import { RawClient, rawConnect, rawRequest } from '../support/raw-client.ts'
import { until } from '../support/until.ts'

const ROOM = '/rooms/chat:a'

/** The status and the JSON of the answer to a request of any form. */
async function answer(url: string, text: string) {
  const client = await rawRequest(url, text)
  const status = await client.status()
  if (status === 101) {
    client.socket.destroy()
    return { status, error: null, message: null }
  }
  const length = Number(/content-length: (\d+)/i.exec(client.head)?.[1] ?? 0)
  await until(() => client.rest.length >= length || client.ended)
  client.socket.destroy()
  const { error, message } = JSON.parse(client.rest || '{}') as Record<string, string>
  return { status, error, message }
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
  'a quoted subprotocol': { 'Sec-WebSocket-Protocol': '"usher.raw"' },
  'a subprotocol with a space': { 'Sec-WebSocket-Protocol': 'usher raw' },
  'a subprotocol that is no token': { 'Sec-WebSocket-Protocol': 'usher.raw, \u00a0' },
  'a subprotocol offered twice': { 'Sec-WebSocket-Protocol': 'usher.raw, usher.raw' },
  'a subprotocol offered twice, and an empty one': { 'Sec-WebSocket-Protocol': 'a, , a' },
}

for (const [what, headers] of Object.entries(MALFORMED)) {
  test(`[C41] [S1] [C23] ${what} is a 400 and uses up no ticket`, async (t) => {
    const usher = await startApp(t)
    const ticket = await ticketOf(usher, asServer, { user: 'u_1' })
    const path = `${ROOM}?ticket=${ticket}`
    t.match(await answer(usher.url, upgradeRequest(path, headers)), BAD_REQUEST)
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

/** What a proxy on the way makes of a handshake. */
const LOST: Record<string, (request: string) => string> = {
  'without Upgrade': (request) => request.replace('Upgrade: websocket\r\n', ''),
  'with another Upgrade': (request) => request.replace(': websocket', ': h2c'),
  'with an empty Upgrade': (request) => request.replace(': websocket', ':'),
  'with Connection: close': (request) => request.replace(': Upgrade', ': close'),
  'without Connection': (request) => request.replace('Connection: Upgrade\r\n', ''),
  'by HTTP/1.0': (request) => request.replace('HTTP/1.1', 'HTTP/1.0'),
  'as nginx does by itself': (request) =>
    request
      .replace('HTTP/1.1', 'HTTP/1.0')
      .replace('Connection: Upgrade', 'Connection: close')
      .replace('Upgrade: websocket\r\n', ''),
}

test('[C161] [S1] a handshake that lost its Upgrade is told of the proxy', async (t) => {
  const usher = await startApp(t)
  const ticket = await ticketOf(usher, asServer, { user: 'u_1' })
  const paths = [ROOM, `${ROOM}?ticket=${ticket}`, `${ROOM}?auth=message`, '/rooms/a$b']
  for (const [how, lose] of Object.entries(LOST)) {
    for (const path of paths) {
      const request = lose(upgradeRequest(path))
      const { status, error, message } = await answer(usher.url, request)
      t.same({ status, error }, BAD_REQUEST, `${how}, ${path}`)
      t.match(message, /proxy.*HTTP\/1\.1.*Upgrade and Connection.*docs\/operations\.md/, how)
    }
  }
  const lines = usher.log().split('\n')
  const warnings = lines.filter((line) => line.includes('proxy_http_version'))
  t.equal(warnings.length, 1, 'the operator is told once')
  t.match(warnings[0], /"level":40.*"peer":"127\.0\.0\.1"/)
  await connect(`${usher.url}${ROOM}?ticket=${ticket}`).then((client) => client.close())
  await nothingLeft(usher.app)
})

test('[C161] where no handshake may come, and by HTTP/1.0, nothing is lost', async (t) => {
  const { url } = await startApp(t)
  const { 'as nginx does by itself': lose = String } = LOST
  t.match(await answer(url, lose(upgradeRequest('/session', asServer))), { status: 400 })
  t.match(await answer(url, lose(upgradeRequest('/nowhere'))), { status: 404 })
  const plain = upgradeRequest(ROOM, { ...asServer, 'Sec-WebSocket-Key': null })
  t.match(await answer(url, lose(plain)), { status: 200 })
})

test('[C2] [S1] an upgrade with another method than GET is a 405', async (t) => {
  const { url } = await startApp(t)
  for (const method of ['POST', 'PUT', 'DELETE']) {
    const request = upgradeRequest(ROOM, asServer).replace('GET', method)
    t.match(await answer(url, request), { status: 405, error: 'method_not_allowed' }, method)
  }
  const head = await rawRequest(url, upgradeRequest(ROOM, asServer).replace('GET', 'HEAD'))
  t.equal(await head.status(), 405, 'HEAD, whose answer has no body')
  t.match(head.head, /\r\nallow: GET/i)
  head.socket.destroy()
})

test('[C41] a path that takes no WebSockets is a 400', async (t) => {
  const { url } = await startApp(t)
  for (const path of ['/session', '/health/live', '/']) {
    t.match(await answer(url, upgradeRequest(path, asServer)), BAD_REQUEST, path)
  }
})

test('[C41] an unknown path is a 404', async (t) => {
  const { url } = await startApp(t)
  for (const path of ['/nowhere', '/rooms/a/b', '/rooms/chat:a/']) {
    const { status, error } = await answer(url, upgradeRequest(path, asServer))
    t.same({ status, error }, { status: 404, error: 'not_found' }, path)
  }
})

test('[C41] a room name that is none is a 400', async (t) => {
  const { url } = await startApp(t)
  for (const name of ['a$b', 'a%20b', '%00', 'a%0d%0ab', 'x'.repeat(129), '%ff', '%C3%A9']) {
    t.match(await answer(url, upgradeRequest(`/rooms/${name}`, asServer)), BAD_REQUEST, name)
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
  const offer = { ...asServer, Upgrade: 'h2c', 'Sec-WebSocket-Key': null }
  const got = await rawRequest(url, upgradeRequest(ROOM, offer))
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

/** Lists with empty elements, and what they are answered with. */
const OFFERS: Record<string, string> = {
  ...{ '': '', ',': '', ' , ,': '', 'other,,': '' },
  ...{ 'usher.raw,': 'usher.raw', ',usher.raw': 'usher.raw', 'a, ,\tusher.raw,': 'usher.raw' },
}

test('[C162] empty subprotocols are left out, with a ticket among the others too', async (t) => {
  const usher = await startApp(t)
  for (const [list, name] of Object.entries(OFFERS)) {
    const offer = { ...asServer, 'Sec-WebSocket-Protocol': list }
    const client = await rawConnect(usher.url, ROOM, offer)
    const [, chosen = ''] = /\r\nsec-websocket-protocol: ([^\r]*)/i.exec(client.head) ?? []
    t.equal(chosen, name, list)
    client.socket.destroy()
  }
  const ticket = await ticketOf(usher, asServer, { user: 'u_1' })
  const offer = `,usher.ticket.${ticket},, usher.raw,`
  const client = await rawConnect(usher.url, ROOM, { 'Sec-WebSocket-Protocol': offer })
  t.notOk(client.head.includes(ticket))
  client.socket.destroy()
})

test('[C250] a list of subprotocols has 32 elements at most', async (t) => {
  const { url } = await startApp(t)
  const asked = (list: string) =>
    upgradeRequest(ROOM, { ...asServer, 'Sec-WebSocket-Protocol': list })
  const many = (count: number) => Array.from({ length: count }, (_, at) => `p${at}`).join(',')
  for (const list of [many(32), `usher.raw${','.repeat(31)}`]) {
    t.equal((await answer(url, asked(list))).status, 101)
  }
  for (const list of [many(33), `usher.raw${','.repeat(32)}`, ','.repeat(8_000)]) {
    t.match(await answer(url, asked(list)), BAD_REQUEST)
  }
})

test('[C31] [S8] a ticket beside usher.raw is never sent back, and alone is a 400', async (t) => {
  const usher = await startApp(t)
  const ticket = await ticketOf(usher, asServer, { user: 'u_1' })
  const alone = { 'Sec-WebSocket-Protocol': `usher.ticket.${ticket}` }
  t.match(await answer(usher.url, upgradeRequest(ROOM, alone)), BAD_REQUEST)
  const both = { 'Sec-WebSocket-Protocol': `usher.ticket.${ticket}, usher.raw` }
  const client = await rawRequest(usher.url, upgradeRequest(ROOM, both))
  t.equal(await client.status(), 101, 'the 400 did not use it up')
  t.match(client.head, /sec-websocket-protocol: usher\.raw(\r\n|$)/i)
  t.notOk(client.head.includes(ticket))
  client.socket.destroy()
})
