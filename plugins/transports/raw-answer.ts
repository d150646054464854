// A refusal as bytes, for TCP connections on which Node has no response to write it with.
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Refusal } from '../../src/protocol/errors.ts'
import { bodyOf } from '../answers/refusal-of.ts'

/** How long a client may take to read the refusal and to end its side. */
const LINGER_MS = 1_000

/** Writes the refusal and ends the TCP connection. MUST NOT be called while an answer is owed. */
export function answerAndEnd(tcp: Socket, refusal: Refusal): void {
  const { status } = refusal.reply
  const { retryAfter } = refusal
  const body = bodyOf(refusal)
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/json',
    'Connection: close',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(retryAfter === undefined ? [] : [`Retry-After: ${retryAfter}`]),
  ]
  endSoon(tcp, `${head.join('\r\n')}\r\n\r\n${body}`)
}

/** Ends the TCP connection after what was written, in a bounded time. */
export function endSoon(tcp: Socket, bytes = ''): void {
  tcp.setTimeout(LINGER_MS, () => tcp.destroy())
  tcp.end(bytes)
}
