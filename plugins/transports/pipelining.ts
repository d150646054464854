// Requests of one TCP connection are answered in the order in which they came, and begun in it too:
// one that a client sends ahead waits until the answer before it has left for the system. In a turn
// of the event loop one is begun, so that a chunk of 2,000 requests delays no other client (S42).
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { REPLY, Refusal } from '../../src/protocol/errors.ts'
import { REQUESTS_AHEAD_MAX } from '../../src/protocol/limits.ts'
import { systemClock } from '../../src/time/system-clock.ts'
import { dropFurtherRequests } from './parser-parts.ts'

/** How many requests wait on a TCP connection; missing where none ever has. */
const kWaiting: unique symbol = Symbol('usher.requests-ahead')
/** The last of them; null when none waits. */
const kLastAhead: unique symbol = Symbol('usher.last-ahead')
/** The turn of the event loop in which its last request was begun. */
const kBegunIn: unique symbol = Symbol('usher.begun-in')

type Pipelined = Socket & {
  [kWaiting]?: number
  [kLastAhead]?: ServerResponse | null
  [kBegunIn]?: number
}

let turn = 0
let isCounted = false

function turnNow(): number {
  if (!isCounted) {
    isCounted = true
    systemClock.endOfTurn(countTurn)
  }
  return turn
}

function countTurn(): void {
  isCounted = false
  turn += 1
}

/**
 * Whether a request may begin; then it has begun. Node gives a response its socket when all answers
 * before it have left.
 */
export function mayBegin(tcp: Pipelined, response: ServerResponse): boolean {
  if (response.socket === null) return false
  const now = turnNow()
  if (tcp[kBegunIn] === now) return false
  tcp[kBegunIn] = now
  return true
}

/** Whether the client has sent other requests behind the one that has begun. */
export function hasAhead(tcp: Pipelined): boolean {
  return (tcp[kWaiting] ?? 0) > 0
}

/**
 * Calls `begin` when a request may begin, that may not now; at once with a refusal where too many
 * wait already. After that no further request of the TCP connection is heard, and it ends with the
 * answer. On a TCP connection that ends before, `begin` is never called.
 */
export function awaitTurn(
  tcp: Pipelined,
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
  tcp[kLastAhead] = response
  const look = (): void => {
    if (tcp.destroyed) return
    if (!mayBegin(tcp, response)) return systemClock.endOfTurn(look)
    tcp[kWaiting] = (tcp[kWaiting] ?? 1) - 1
    if (tcp[kLastAhead] === response) tcp[kLastAhead] = null
    begin()
  }
  if (response.socket === null) response.once('socket', look)
  else systemClock.endOfTurn(look)
}

/**
 * Calls `run` when nothing waits on a TCP connection any more but, at most, a request whose body
 * has not come whole, which then has begun. False where that is so already.
 */
export function afterThoseAhead(tcp: Pipelined, run: () => void): boolean {
  const last = tcp[kLastAhead] ?? null
  if (last === null) return false
  if (last.req.complete) last.once('close', run)
  else if (last.socket === null) last.once('socket', () => systemClock.endOfTurn(run))
  else systemClock.endOfTurn(run)
  return true
}

function tooFarAhead(): Refusal {
  const sentence = 'Too many requests at once on one TCP connection: first read the answers.'
  return new Refusal(REPLY.tooManyRequests, sentence, 1, 'requestsAhead')
}
