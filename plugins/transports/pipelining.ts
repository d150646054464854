// Requests of one TCP connection are answered in the order in which they came, and begun in it too:
// one that a client sends ahead waits until the answer before it has left for the system (S42).
// While a request is alone, nothing is kept for it.
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { REPLY, Refusal } from '../../src/protocol/errors.ts'
import { REQUESTS_AHEAD_MAX } from '../../src/protocol/limits.ts'
import { dropFurtherRequests } from './parser-parts.ts'

/** How many requests wait on a TCP connection; missing where none ever has. */
const kWaiting: unique symbol = Symbol('usher.requests-ahead')

type Waited = Socket & { [kWaiting]?: number }

/** Whether the answer may be written now: Node gives a response its socket when it may. */
export function isItsTurn(response: ServerResponse): boolean {
  return response.socket !== null
}

/**
 * Calls `begin` when it is the turn of this response; at once with a refusal where too many wait
 * already. After that no further request of the TCP connection is heard, and it ends with the
 * answer. On a TCP connection that ends before, `begin` is never called.
 */
export function awaitTurn(
  tcp: Waited,
  response: ServerResponse,
  begin: (refusal?: Refusal) => void,
): void {
  const waiting = tcp[kWaiting] ?? 0
  if (waiting === REQUESTS_AHEAD_MAX) {
    dropFurtherRequests(tcp)
    response.setHeader('connection', 'close')
    return begin(tooFarAhead())
  }
  tcp[kWaiting] = waiting + 1
  response.once('socket', () => {
    tcp[kWaiting] = (tcp[kWaiting] ?? 1) - 1
    begin()
  })
}

function tooFarAhead(): Refusal {
  const sentence = 'Too many requests at once on one TCP connection: first read the answers.'
  return new Refusal(REPLY.tooManyRequests, sentence, 1, 'requestsAhead')
}
