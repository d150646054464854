// The share that a TCP connection has of the sockets of its address: from its first moment until it
// ends, or becomes a WebSocket or an event stream, which have shares of their own (S45).
import type { Socket } from 'node:net'
import type { Share } from '../../src/engine/shares.ts'
import { beneathTls } from './tcp-parts.ts'

const kShare: unique symbol = Symbol('usher.socket-share')

type Counted = Socket & { [kShare]?: Share | null }

/** One listener for all, so that a connection keeps none of its own. */
function onClose(this: Counted): void {
  release(this)
}

export function holdUntilClose(tcp: Counted, share: Share): void {
  tcp[kShare] = share
  tcp.on('close', onClose)
}

/** For the socket of a request; on TLS the TCP connection beneath it has the share. */
export function releaseSocket(socket: Socket): void {
  const tcp: Counted | null = beneathTls(socket)
  if (tcp === null || !tcp[kShare]) return
  tcp.removeListener('close', onClose)
  release(tcp)
}

function release(tcp: Counted): void {
  tcp[kShare]?.release()
  tcp[kShare] = null
}
