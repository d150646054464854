// Answers to requests that never reach a route, in the same shape as all errors, for a server that
// has only Usher: a broken URL, bytes that are no HTTP, an expectation that cannot be met.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { REPLY, Refusal } from '../src/protocol/errors.ts'
import { bodyOf } from './answers/refusal-of.ts'
import { answerError } from './errors.ts'
import { answerUnderWay, tooLate } from './transports/http-sockets.ts'
import { afterThoseAhead, awaitTurn, mayBegin } from './transports/pipelining.ts'
import { answerAndEnd, endSoon } from './transports/raw-answer.ts'
import { onEveryServer } from './transports/servers.ts'
import { endWhenWritten } from './upgrade-timeout.ts'

/** Answers errors that Fastify meets before there is a route, such as a broken URL. */
export function onFrameworkError(error: Error, request: FastifyRequest, reply: FastifyReply): void {
  // No hook runs here, and after an upgrade HTTP does not look after the socket any more.
  if (request.raw.headers.upgrade !== undefined) {
    reply.header('connection', 'close')
    reply.raw.once('finish', () => endWhenWritten(request.raw.socket))
  }
  const answer = (refusal?: Refusal): void => void answerError(refusal ?? error, reply)
  if (mayBegin(request.raw.socket, reply.raw)) answer()
  else awaitTurn(request.raw.socket, reply.raw, answer)
}

/** Answers what is no HTTP, or late, if the client still reads; and ends the TCP connection. */
export function onClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const again = (): void => onClientError(error, socket)
  // A client takes the first answer for that to its first request, whichever was broken.
  if (afterThoseAhead(socket, again)) return void socket.pause()
  const earlier = answerUnderWay(socket)
  if (earlier?.req.complete) return answerAfter(earlier, again, socket)
  if (earlier?.writableEnded) return endSoon(socket)
  if (earlier?.headersSent) return void socket.destroy()
  answerAndEnd(socket, refusalOfClientError(error.code ?? ''))
}

function answerAfter(earlier: ServerResponse, answer: () => void, socket: Socket): void {
  socket.pause()
  earlier.once('close', answer)
}

function refusalOfClientError(code: string): Refusal {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return tooLate()
  const tooLarge = code === 'HPE_HEADER_OVERFLOW'
  const sentence = tooLarge ? 'The headers are too large.' : 'This is not a request we can read.'
  return new Refusal(REPLY.badRequest, sentence)
}

/** Node answers `Expect: anything` by itself and without a body [C1]. */
function onExpectation({ socket }: IncomingMessage, response: ServerResponse): void {
  const answer = (refusal: Refusal = NOT_EXPECTED): void => {
    const body = bodyOf(refusal)
    const headers = { 'content-type': 'application/json', 'content-length': body.length }
    response.writeHead(refusal.reply.status, headers).end(body)
  }
  if (mayBegin(socket, response)) answer()
  else awaitTurn(socket, response, answer)
}

const NOT_EXPECTED = new Refusal(REPLY.badRequest, 'Nothing but 100-continue can be expected here.')

async function unrouted(app: FastifyInstance): Promise<void> {
  onEveryServer(app, (server) => server.on('checkExpectation', onExpectation))
}

export default fp(unrouted, { name: 'usher-unrouted', fastify: '5.x' })
