// The Socket port on ws, with a real socket between: order, ends, and that no call throws. All of
// it with the private parts of ws and Node, and without them.
import { once } from 'node:events'
import type { AddressInfo, Socket as TcpSocket } from 'node:net'
import { type Test, test } from 'tap'
import { type WebSocket, WebSocketServer } from 'ws'
import * as transport from '../../../plugins/transports/websocket-socket.ts'
import type { Connection } from '../../../src/connection/connection.ts'
import type { Farewell } from '../../../src/connection/farewell.ts'
import { CLOSE } from '../../../src/protocol/errors.ts'
import { serverFrame } from '../../../src/wire/frame.ts'
import { OPCODE, type ParsedFrame } from '../../support/frames.ts'
import { type RawClient, rawConnect } from '../../support/raw-client.ts'
import { closed, until } from '../../support/until.ts'

type Transport = typeof transport

const FOLDER = '../../../plugins/transports'

/** As on releases of ws and Node whose private parts are not as expected. */
const PLAIN = {
  [`${FOLDER}/whole-frames.ts`]: { readWholeFrames: () => undefined },
  [`${FOLDER}/tcp-parts.ts`]: {
    handleOf: () => null,
    takenOf: (tcp: TcpSocket) => tcp.bytesWritten - tcp.writableLength,
    waitingOf: (tcp: TcpSocket) => ({
      get length() {
        return tcp.writableLength
      },
    }),
  },
}

function inBothWays(what: string, run: (t: Test, way: Transport) => Promise<void>): void {
  test(what, (t) => run(t, transport))
  test(`${what}, without private parts`, async (t) => {
    await run(t, await t.mockImport<Transport>(`${FOLDER}/websocket-socket.ts`, PLAIN))
  })
}

interface Pair {
  ws: WebSocket
  tcp: TcpSocket
  socket: transport.WsSocket
  client: RawClient
}

/** A server's side and a client's side of one connection. */
async function pair(t: Test, { WsSocket }: Transport): Promise<Pair> {
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

inBothWays(
  'frames, pings and the close come in the order they were written',
  async (t, transport) => {
    const { socket, client } = await pair(t, transport)
    socket.write(Buffer.concat([text('1'), text('2')]))
    socket.ping()
    socket.write(text('3'))
    socket.close(3001, 'shutdown')
    t.same(await client.closing(), { code: 3001, reason: 'shutdown' })
    const opcodes = client.frames.map(({ opcode }) => opcode)
    t.same(opcodes, [OPCODE.text, OPCODE.text, OPCODE.ping, OPCODE.text, OPCODE.close])
  },
)

inBothWays('no data and no ping follows a close', async (t, transport) => {
  const { socket, client, ws } = await pair(t, transport)
  socket.close(3001, 'shutdown')
  socket.write(text('late'))
  socket.ping()
  socket.close(3008, 'slow reader')
  await client.closing()
  client.send({ opcode: OPCODE.close, payload: Buffer.from([11, 185]) })
  await closed(ws)
  await until(() => client.ended)
  const opcodes = client.frames.map(({ opcode }) => opcode)
  t.same(opcodes, [OPCODE.close])
})

inBothWays('no call throws after the end, whichever side ended', async (t, transport) => {
  const ends: Record<string, (pair: Pair) => void> = {
    'the server ended it': ({ socket }) => socket.terminate(),
    'the client reset it': ({ client }) => client.socket.resetAndDestroy(),
    'the client closed': ({ client }) => client.send({ opcode: OPCODE.close }),
  }
  for (const [what, end] of Object.entries(ends)) {
    const both = await pair(t, transport)
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

inBothWays(
  'bytes that the client does not read are counted until it does',
  async (t, transport) => {
    const { socket, client } = await pair(t, transport)
    client.socket.pause()
    while (socket.bufferedBytes === 0) socket.write(serverFrame(2, Buffer.alloc(1_000_000)))
    t.ok(socket.bufferedBytes > 0)
    client.socket.resume()
    await until(() => socket.bufferedBytes === 0)
    t.pass('all taken')
  },
)

const BOUND = { limit: 'commandBytes', bytes: 100 } as const

test('[C182] a question comes back as the answer to it', async (t) => {
  const { ws, tcp, socket, client } = await pair(t, transport)
  const answers: unknown[] = []
  const connection = {
    alive: () => answers.push('alive'),
    answered: (question: number) => answers.push(question),
  } as unknown as Connection
  const onFault = () => undefined
  transport.listen(ws, connection, { onEnd: onFault, onFault }, BOUND)
  t.ok(tcp.writable && socket.ask(7))
  await until(() => client.frames.length === 1)
  const [{ opcode, payload }] = client.frames as [ParsedFrame]
  t.equal(opcode, OPCODE.ping)
  client.send({ opcode: OPCODE.pong, payload }, { opcode: OPCODE.pong })
  await until(() => answers.length === 2)
  t.same(answers, [7, 'alive'])
  ws.removeAllListeners('close')
})

inBothWays(
  'what waits is counted in bytes until it is taken, and keeps its order',
  async (t, way) => {
    const { socket, client } = await pair(t, way)
    const large = serverFrame(2, Buffer.alloc(8_000_000))
    client.socket.pause()
    socket.write(large)
    t.equal(socket.bufferedBytes, large.length, 'all of a write of which a part is taken')
    socket.write(text('1'))
    socket.ping()
    t.ok(socket.bufferedBytes > large.length + text('1').length)
    client.socket.resume()
    await until(() => socket.bufferedBytes === 0)
    socket.write(text('2'))
    t.equal(socket.bufferedBytes, 0)
    client.socket.pause()
    socket.write(large)
    socket.close(3008, 'slow reader')
    client.socket.resume()
    t.same(await client.closing(), { code: 3008, reason: 'slow reader' })
    const { binary, text: words, ping, close } = OPCODE
    const opcodes = client.frames.map(({ opcode }) => opcode)
    t.same(opcodes, [binary, words, ping, words, binary, close])
    t.equal(client.frames[0]?.payload.length, 8_000_000)
  },
)

inBothWays('what waits for a client that is gone is not counted any more', async (t, way) => {
  const { ws, tcp, socket, client } = await pair(t, way)
  client.socket.pause()
  socket.write(serverFrame(2, Buffer.alloc(8_000_000)))
  t.ok(socket.bufferedBytes > 0)
  const ended = closed(ws)
  client.socket.resetAndDestroy()
  await ended
  t.equal(tcp.destroyed, true)
  await until(() => socket.bufferedBytes === 0)
  t.equal(socket.bufferedBytes, 0)
})

inBothWays('a reason longer than a control frame carries is cut', async (t, transport) => {
  const { socket, client } = await pair(t, transport)
  socket.close(3001, 'x'.repeat(200))
  t.same(await client.closing(), { code: 3001, reason: 'x'.repeat(123) })
})

inBothWays('[C62] a client that has ended its half is ended at once', async (t, transport) => {
  const { socket, client, tcp } = await pair(t, transport)
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

inBothWays(
  'a connection hears messages, signs of life and its end, each once',
  async (t, transport) => {
    const { ws, client } = await pair(t, transport)
    const { seen, connection } = fakeConnection()
    const farewells: Farewell[] = []
    const onEnd = (_: Connection, farewell: Farewell) => farewells.push(farewell)
    transport.listen(ws, connection, { onEnd, onFault: () => t.fail('no fault') }, BOUND)
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
  },
)

inBothWays(
  'a fault against RFC 6455 ends with a reason, for the client and for the log',
  async (t, transport) => {
    const { ws, client } = await pair(t, transport)
    const { connection } = fakeConnection()
    const farewells: Farewell[] = []
    const onEnd = (_: Connection, farewell: Farewell) => farewells.push(farewell)
    transport.listen(ws, connection, { onEnd, onFault: () => t.fail('no fault') }, BOUND)
    const ended = closed(ws)
    client.send({ opcode: OPCODE.text, payload: Buffer.from([0xff]) })
    t.same(await client.closing(), { code: 1007, reason: 'invalid UTF-8' })
    client.socket.destroy()
    await ended
    t.match(farewells, [{ code: 1007, reason: /UTF-8/, byServer: true }])
  },
)

inBothWays(
  '[S38] a fault over a message is told, and ends that connection only',
  async (t, transport) => {
    const { ws, client } = await pair(t, transport)
    const fault = new Error('a fault that the test put in')
    const { seen, connection } = fakeConnection(() => {
      throw fault
    })
    const faults: unknown[] = []
    const onFault = (_: Connection, error: unknown) => faults.push(error)
    transport.listen(ws, connection, { onEnd: () => undefined, onFault }, BOUND)
    client.send({ opcode: OPCODE.text, payload: 'a' })
    await until(() => seen.length === 2)
    t.same(seen, ['text a', `close ${CLOSE.internal.code}`])
    t.same(faults, [fault])
  },
)

inBothWays(
  'the listener that came with the upgrade is not kept, nor is its request',
  async (t, transport) => {
    const { ws } = await pair(t, transport)
    const replaced = () => undefined
    ws.on('error', replaced)
    const ignore = () => undefined
    transport.listen(ws, fakeConnection().connection, { onEnd: ignore, onFault: ignore }, BOUND)
    t.notOk(ws.listeners('error').includes(replaced))
    t.equal(ws.listenerCount('error'), 1, 'and one is there, or an error would end the process')
  },
)
