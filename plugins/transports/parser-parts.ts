// The private part of Node's HTTP parser: what it calls for each request. Node parses all requests
// of a chunk of 64 KB in one go, some 2,400 of them; those of a client that sends too far ahead are
// dropped before anything is made for them. This is tried at boot; where this release of Node is
// not as expected, the TCP connection ends at once
// (docs/decisions/0010-private-parts-tried-at-boot.md).
import { createServer } from 'node:http'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'

interface Parts {
  parser?: { onIncoming?: () => number } | null
}

/** Tells the parser that this request has no body, and that no HTTP follows. */
const NOTHING_FOLLOWS = 2
const dropRest = (): number => NOTHING_FOLLOWS

const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'

const IS_AS_EXPECTED = dropsAsExpected(stopParsing)
const DROPS_ALONE = dropsAsExpected(dropIncoming)

/** No further request of this TCP connection reaches the server. */
export function dropFurtherRequests(tcp: Socket): void {
  if (IS_AS_EXPECTED) stopParsing(tcp)
  else tcp.destroy()
}

/**
 * The same on a TCP connection whose last answer is being written, and whose end is still to be
 * seen. Where this release of Node is not as expected, some requests wait there for nothing.
 */
export function dropRequestsBehind(tcp: Socket): void {
  if (DROPS_ALONE) dropIncoming(tcp)
}

function dropIncoming(tcp: Socket): void {
  const { parser } = tcp as Parts
  // Node takes the parser away from a connection that has ended.
  if (parser) parser.onIncoming = dropRest
}

function stopParsing(tcp: Socket): void {
  dropIncoming(tcp)
  tcp.pause()
}

/** Whether of three requests in one chunk only the first is heard of, where it stops the others. */
export function dropsAsExpected(stop: (tcp: Socket) => void): boolean {
  const server = createServer()
  const tcp = new Duplex({ read: () => undefined, write: (_bytes, _encoding, done) => done() })
  let heard = 0
  server.on('clientError', () => (heard += 1))
  server.on('request', ({ socket }) => {
    heard += 1
    stop(socket)
  })
  try {
    server.emit('connection', tcp)
    tcp.emit('data', Buffer.from(REQUEST.repeat(3)))
    return heard === 1
  } catch {
    return false
  } finally {
    tcp.destroy()
  }
}
