// Whatever goes wrong on an HTTP door is answered in one shape: {error, code, message}.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { EngineUnavailable } from '../src/engine/engine.ts'
import { Reached } from '../src/engine/shares.ts'
import { REPLY, Refusal, type ReplyCode } from '../src/protocol/errors.ts'

export const kRefusal: unique symbol = Symbol('usher.refusal')

declare module 'fastify' {
  interface FastifyInstance {
    /** The refusal to answer an error with. */
    refusalOf(error: unknown): Refusal
  }
  interface FastifyRequest {
    /** What it was refused with, for those who count; null while it was not. */
    [kRefusal]: Refusal | null
  }
}

/** Fastify's own refusals that have a row of their own; other 4xx are bad requests. */
const BY_STATUS: Readonly<Record<number, ReplyCode>> = {
  401: REPLY.unauthorized,
  403: REPLY.forbidden,
  404: REPLY.notFound,
  405: REPLY.methodNotAllowed,
  413: REPLY.tooLarge,
  415: REPLY.unsupportedMediaType,
  429: REPLY.tooManyRequests,
  503: REPLY.unavailable,
}

const SENTENCES: Readonly<Record<string, string>> = {
  FST_ERR_BAD_URL: 'The path is not a valid URL.',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'The body is empty: send JSON.',
  FST_ERR_CTP_INVALID_JSON_BODY: 'The body is not JSON.',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'This Content-Type is not taken here: see docs/protocol.md.',
  FST_ERR_CTP_BODY_TOO_LARGE: 'The body is too large.',
}

/** The refusal to answer an error with; what nobody foresaw is a 500 that says nothing. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  if (error instanceof EngineUnavailable) {
    const { full, message } = error
    if (full) return new Reached(full.limit, full.whose, full.retryAfter, message).refusal
    return new Refusal(REPLY.unavailable, 'The store is away: try again in a second.', 1)
  }
  const { statusCode = 500, code = '', message } = error as FastifyError
  if (statusCode < 400 || statusCode > 503) return unforeseen()
  if (statusCode >= 500 && statusCode !== 503) return unforeseen()
  return new Refusal(BY_STATUS[statusCode] ?? REPLY.badRequest, SENTENCES[code] ?? message)
}

function unforeseen(): Refusal {
  return new Refusal(REPLY.internal, 'Something went wrong here: try again, or ask the operator.')
}

export function sendRefusal(reply: FastifyReply, refusal: Refusal): FastifyReply {
  reply.request[kRefusal] = refusal
  const { error, code, status } = refusal.reply
  if (refusal.retryAfter !== undefined) reply.header('retry-after', refusal.retryAfter)
  if (status === 401) reply.header('www-authenticate', 'Bearer')
  return reply.code(status).send({ error, code, message: refusal.message })
}

function onError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const refusal = refusalOf(error)
  if (refusal.reply.status === 500) request.log.error({ err: error }, 'unforeseen error')
  return sendRefusal(reply, refusal)
}

function onNotFound(_request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return sendRefusal(reply, new Refusal(REPLY.notFound, 'There is nothing at this path.'))
}

/** Errors that Fastify meets before there is a route: a broken URL, for one. */
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
  return onError(error, request, reply)
}

/** What is not even HTTP: answered once, if anybody is still there, and ended. */
export function onClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const tooLarge = error.code === 'HPE_HEADER_OVERFLOW'
  const body = JSON.stringify({
    error: REPLY.badRequest.error,
    code: REPLY.badRequest.code,
    message: tooLarge ? 'The headers are too large.' : 'This is not a request we can read.',
  })
  const head = ['HTTP/1.1 400 Bad Request', 'Content-Type: application/json', 'Connection: close']
  socket.end(`${head.join('\r\n')}\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
}

/** Node answers `Expect: anything` by itself and without a body [C1]. */
export function onExpectation(_request: IncomingMessage, response: ServerResponse): void {
  const { error, code } = REPLY.badRequest
  const message = 'Nothing but 100-continue can be expected here.'
  const body = JSON.stringify({ error, code, message })
  const headers = { 'content-type': 'application/json', 'content-length': body.length }
  response.writeHead(REPLY.badRequest.status, headers).end(body)
}

export interface ErrorsOptions {
  /** Whether paths that lead nowhere are ours to answer; not where an application has its own. */
  unknownPaths?: boolean
}

async function errors(app: FastifyInstance, { unknownPaths = true }: ErrorsOptions): Promise<void> {
  app.decorateRequest(kRefusal, null)
  app.decorate('refusalOf', refusalOf)
  app.addHook('onResponse', app.metrics.onResponse)
  app.setErrorHandler((error, request: FastifyRequest, reply) => {
    request.server.auditRefusal(error, request)
    return onError(error, request, reply)
  })
  if (unknownPaths) app.setNotFoundHandler(onNotFound)
}

export default fp(errors, {
  name: 'usher-errors',
  fastify: '5.x',
  dependencies: ['usher-metrics', 'usher-audit'],
})
