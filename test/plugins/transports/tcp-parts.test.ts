// The private parts of Node that are used: whether this release has them, and where they are not
// used.
import { once } from 'node:events'
import { type AddressInfo, createServer, Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { test } from 'tap'
import {
  dropTimer,
  handleOf,
  takenOf,
  timerOf,
  waitingOf,
  writesAsExpected,
} from '../../../plugins/transports/tcp-parts.ts'
import { until } from '../../support/until.ts'

/** A stream that writes in another way, as those of another release may. */
function streamWith(write: (stream: Socket, chunk: Buffer) => void): () => Socket {
  return () => {
    const stream = new Socket()
    stream._write = (chunk, _encoding, done) => {
      write(stream, chunk)
      done()
    }
    return stream
  }
}

interface Inner {
  _handle: { writeBuffer(...parts: unknown[]): unknown }
}

const handleIn = (stream: Socket) => (stream as unknown as Inner)._handle

test('this release of Node is as expected; one that is not would be found out', (t) => {
  const found = writesAsExpected(() => new Socket())
  t.equal(found, true, 'or all is written to streams, more slowly')
  const elsewhere = streamWith(() => undefined)
  t.equal(writesAsExpected(elsewhere), false, 'it does not write to the handle')
  const hasty = streamWith((stream, chunk) => handleIn(stream).writeBuffer(null, chunk))
  t.equal(writesAsExpected(hasty), false, 'it does not wait for the handle')
  const older = streamWith((stream, chunk) => handleIn(stream).writeBuffer({}, chunk))
  t.equal(writesAsExpected(older), false, 'it brings an object for each write')
  const throwing = streamWith(() => {
    throw new Error('it has another handle')
  })
  t.equal(writesAsExpected(throwing), false)
  t.end()
})

test('only a plain TCP socket is written to past its stream', async (t) => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = new Socket().connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [tcp] = (await once(server, 'connection')) as [Socket]
  t.teardown(() => {
    client.destroy()
    tcp.destroy()
    server.close()
  })
  t.not(handleOf(tcp), null)
  t.equal(handleOf(new TLSSocket(tcp, { isServer: true })), null, 'TLS has to encrypt')
  t.equal(handleOf(new Duplex() as unknown as Socket), null, 'an application may bring any stream')
})

test('a handle that has ended takes nothing and does not throw', async (t) => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = new Socket().connect((server.address() as AddressInfo).port, '127.0.0.1')
  client.on('error', () => undefined)
  const [tcp] = (await once(server, 'connection')) as [Socket]
  const handle = handleOf(tcp)
  const bytes = Buffer.from('late')
  const ended = once(tcp, 'close')
  tcp.destroy()
  t.not(handle?.writeBuffer(null, bytes), 0, 'while it closes')
  await ended
  t.not(handle?.writeBuffer(null, bytes), 0, 'closed')
  await new Promise(setImmediate)
  t.not(handle?.writeBuffer(null, bytes), 0, 'gone')
  t.equal(waitingOf(tcp).length, 0)
  client.destroy()
  server.close()
})

test('the timer of a socket without a timeout is dropped, and no other', async (t) => {
  const tcp = new Socket()
  const timer = timerOf(tcp)
  t.not(timer, null, 'or a connection keeps its timer')
  const kept = () => (tcp as unknown as Record<symbol, unknown>)[timer as symbol]
  tcp.setTimeout(10_000)
  dropTimer(tcp)
  t.not(kept(), null, 'it has a timeout')
  tcp.setTimeout(0)
  dropTimer(tcp)
  t.equal(kept(), null)
  const elsewhere = Object.assign(new Socket(), { setTimeout: () => elsewhere })
  t.equal(timerOf(elsewhere), null, 'a release that keeps its timer elsewhere is found out')
})

test('[C181] of a write that waits the part is told that the system has taken', async (t) => {
  const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = new Socket().connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [[served]] = (await Promise.all([once(server, 'connection'), once(client, 'connect')])) as [
    [Socket],
    unknown,
  ]
  t.teardown(() => {
    for (const socket of [client, served]) socket.destroy()
    server.close()
  })
  const bytes = 20_000_000
  client.write(Buffer.alloc(bytes))
  const taken = takenOf(client)
  t.ok(taken < bytes, `${taken} bytes`)
  served.resume()
  await until(() => takenOf(client) > taken)
  t.ok(client.writableLength === bytes || takenOf(client) === bytes)
  await until(() => takenOf(client) === bytes)
  const untold = { bytesWritten: 7, writableLength: 2, _handle: {} } as unknown as Socket
  t.equal(takenOf(untold), 5, 'where Node does not tell, what has left the stream')
})
