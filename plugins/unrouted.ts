// Answers to requests that never reach a route, in the same shape as all errors, for a server that
// has only Usher: a broken URL, bytes that are no HTTP, an expectation that cannot be met.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { REPLY, Refusal } from '../src/protocol/errors.ts'
import { bodyOf } from './answers/refusal-of.ts'
import { answerError } from './errors.ts'
import { answerAndEnd } from './transports/raw-answer.ts'

/** Answers errors that Fastify meets before there is a route, such as a broken URL. */
export function onFrameworkError(
  error: Error,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  // No hook runs here, and after an upgrade HTTP does not look after the socket any more.
  if (request.raw.headers.upgrade !== undefined) {
    reply.header('connection', 'close')
    reply.raw.once('finish', () => request.raw.socket.destroySoon())
  }
  return answerError(error, reply)
}

/** Answers what is no HTTP, or late, if the client still reads; and ends the TCP connection. */
export function onClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  answerAndEnd(socket, refusalOfClientError(error.code ?? ''))
}

function refusalOfClientError(code: string): Refusal {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new Refusal(REPLY.requestTimeout, 'The request took too long to come in.')
  }
  const tooLarge = code === 'HPE_HEADER_OVERFLOW'
  const sentence = tooLarge ? 'The headers are too large.' : 'This is not a request we can read.'
  return new Refusal(REPLY.badRequest, sentence)
}

/** Node answers `Expect: anything` by itself and without a body [C1]. */
function onExpectation(_request: IncomingMessage, response: ServerResponse): void {
  const sentence = 'Nothing but 100-continue can be expected here.'
  const body = bodyOf(new Refusal(REPLY.badRequest, sentence))
  const headers = { 'content-type': 'application/json', 'content-length': body.length }
  response.writeHead(REPLY.badRequest.status, headers).end(body)
}

async function unrouted(app: FastifyInstance): Promise<void> {
  app.server.on('checkExpectation', onExpectation)
}

export default fp(unrouted, { name: 'usher-unrouted', fastify: '5.x' })
