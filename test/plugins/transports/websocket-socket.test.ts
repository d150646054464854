// The Socket port on ws, with a real socket between: order, ends, and that no call throws.
import { once } from 'node:events'
import type { AddressInfo, Socket as TcpSocket } from 'node:net'
import { type Test, test } from 'tap'
import { type WebSocket, WebSocketServer } from 'ws'
import { listen, WsSocket } from '../../../plugins/transports/websocket-socket.ts'
import type { Connection, Farewell } from '../../../src/connection/connection.ts'
import { CLOSE } from '../../../src/protocol/errors.ts'
import { serverFrame } from '../../../src/wire/frame.ts'
import { OPCODE } from '../../support/frames.ts'
import { type RawClient, rawConnect } from '../../support/raw-client.ts'
import { closed, until } from '../../support/until.ts'

interface Pair {
  ws: WebSocket
  tcp: TcpSocket
  socket: WsSocket
  client: RawClient
}

/** A server's side and a client's side of one connection. */
async function pair(t: Test): Promise<Pair> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
  await once(server, 'listening')
  const opened = once(server, 'connection')
  const { port } = server.address() as AddressInfo
  const client = await rawConnect(`http://127.0.0.1:${port}`, '/', {})
  const [ws, request] = (await opened) as [WebSocket, { socket: TcpSocket }]
  t.teardown(() => {
    client.socket.destroy()
    ws.terminate()
    server.close()
  })
  return { ws, tcp: request.socket, socket: new WsSocket(ws, request.socket), client }
}

const text = (payload: string) => serverFrame(1, Buffer.from(payload))

test('frames, pings and the close come in the order they were written', async (t) => {
  const { socket, client } = await pair(t)
  socket.write(Buffer.concat([text('1'), text('2')]))
  socket.ping()
  socket.write(text('3'))
  socket.close(3001, 'shutdown')
  t.same(await client.closing(), { code: 3001, reason: 'shutdown' })
  t.same(
    client.frames.map(({ opcode }) => opcode),
    [OPCODE.text, OPCODE.text, OPCODE.ping, OPCODE.text, OPCODE.close],
  )
})

test('no data and no ping follows a close', async (t) => {
  const { socket, client, ws } = await pair(t)
  socket.close(3001, 'shutdown')
  socket.write(text('late'))
  socket.ping()
  socket.close(3008, 'slow reader')
  await client.closing()
  client.send({ opcode: OPCODE.close, payload: Buffer.from([11, 185]) })
  await closed(ws)
  await until(() => client.ended)
  t.same(
    client.frames.map(({ opcode }) => opcode),
    [OPCODE.close],
  )
})

test('no call throws after the end, whichever side ended', async (t) => {
  const ends: Record<string, (pair: Pair) => void> = {
    'the server ended it': ({ socket }) => socket.terminate(),
    'the client reset it': ({ client }) => client.socket.resetAndDestroy(),
    'the client closed': ({ client }) => client.send({ opcode: OPCODE.close }),
  }
  for (const [what, end] of Object.entries(ends)) {
    const both = await pair(t)
    const { ws, socket } = both
    ws.on('error', () => undefined)
    end(both)
    await closed(ws)
    t.doesNotThrow(() => {
      socket.write(text('late'))
      socket.ping()
      socket.close(3001, 'shutdown')
      socket.terminate()
    }, what)
    t.equal(socket.bufferedBytes, 0)
  }
})

test('bytes that the client does not read are counted until it does', async (t) => {
  const { socket, client } = await pair(t)
  client.socket.pause()
  while (socket.bufferedBytes === 0) socket.write(serverFrame(2, Buffer.alloc(1_000_000)))
  t.ok(socket.bufferedBytes > 0)
  client.socket.resume()
  await until(() => socket.bufferedBytes === 0)
  t.pass('all taken')
})

test('a reason longer than a control frame carries is cut', async (t) => {
  const { socket, client } = await pair(t)
  socket.close(3001, 'x'.repeat(200))
  t.same(await client.closing(), { code: 3001, reason: 'x'.repeat(123) })
})

test('[C62] a client that has ended its half is ended at once', async (t) => {
  const { socket, client, tcp } = await pair(t)
  client.socket.pause()
  while (socket.bufferedBytes === 0) socket.write(serverFrame(2, Buffer.alloc(1_000_000)))
  client.socket.end()
  await until(() => tcp.readableEnded)
  socket.close(3008, 'slow reader')
  t.equal(tcp.destroyed, true)
})

/** The parts of a connection that its listeners use. */
function fakeConnection(receive: (payload: Buffer, binary: boolean) => void = () => undefined) {
  const seen: string[] = []
  const fake = {
    receive(payload: Buffer, binary: boolean) {
      seen.push(`${binary ? 'binary' : 'text'} ${payload}`)
      receive(payload, binary)
    },
    alive: () => void seen.push('alive'),
    close: ({ code }: { code: number }) => void seen.push(`close ${code}`),
    ended(code: number): Farewell {
      seen.push(`ended ${code}`)
      return { code, reason: '', byServer: false, limit: null }
    },
  }
  return { seen, connection: fake as unknown as Connection }
}

test('a connection hears messages, signs of life and its end, each once', async (t) => {
  const { ws, client } = await pair(t)
  const { seen, connection } = fakeConnection()
  const farewells: Farewell[] = []
  const onEnd = (_: Connection, farewell: Farewell) => farewells.push(farewell)
  listen(ws, connection, { onEnd, onFault: () => t.fail('no fault') })
  client.send(
    { opcode: OPCODE.text, payload: 'a' },
    { opcode: OPCODE.binary, payload: 'b' },
    { opcode: OPCODE.ping },
    { opcode: OPCODE.pong },
    { opcode: OPCODE.close, payload: Buffer.from([3, 232]) },
  )
  await closed(ws)
  t.same(seen, ['text a', 'binary b', 'alive', 'alive', 'ended 1000'])
  t.same(farewells, [{ code: 1000, reason: '', byServer: false, limit: null }])
})

test('a fault against RFC 6455 ends with a reason, for the client and for the log', async (t) => {
  const { ws, client } = await pair(t)
  const { connection } = fakeConnection()
  const farewells: Farewell[] = []
  const onEnd = (_: Connection, farewell: Farewell) => farewells.push(farewell)
  listen(ws, connection, { onEnd, onFault: () => t.fail('no fault') })
  const ended = closed(ws)
  client.send({ opcode: OPCODE.text, payload: Buffer.from([0xff]) })
  t.same(await client.closing(), { code: 1007, reason: 'invalid UTF-8' })
  client.socket.destroy()
  await ended
  t.match(farewells, [{ code: 1007, reason: /UTF-8/, byServer: true }])
})

test('[S38] a fault over a message is told, and ends that connection only', async (t) => {
  const { ws, client } = await pair(t)
  const fault = new Error('a fault that the test put in')
  const { seen, connection } = fakeConnection(() => {
    throw fault
  })
  const faults: unknown[] = []
  listen(ws, connection, { onEnd: () => undefined, onFault: (_, error) => faults.push(error) })
  client.send({ opcode: OPCODE.text, payload: 'a' })
  await until(() => seen.length === 2)
  t.same(seen, ['text a', `close ${CLOSE.internal.code}`])
  t.same(faults, [fault])
})

test('the listener that came with the upgrade is not kept, nor is its request', async (t) => {
  const { ws } = await pair(t)
  const replaced = () => undefined
  ws.on('error', replaced)
  listen(ws, fakeConnection().connection, { onEnd: () => undefined, onFault: () => undefined })
  t.notOk(ws.listeners('error').includes(replaced))
  t.equal(ws.listenerCount('error'), 1, 'and one is there, or an error would end the process')
})
