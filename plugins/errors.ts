// Every error of an HTTP route is answered in one shape: {error, code, message}.
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { EngineUnavailable } from '../src/engine/engine.ts'
import { Reached } from '../src/engine/shares.ts'
import { REPLY, Refusal, type ReplyCode } from '../src/protocol/errors.ts'
import { auditRefusal } from './audit.ts'

export const kRefusal: unique symbol = Symbol('usher.refusal')

declare module 'fastify' {
  interface FastifyInstance {
    /** The refusal to answer an error with. */
    refusalOf(error: unknown): Refusal
  }
  interface FastifyRequest {
    /** The refusal that the request was answered with, for the metrics; null without one. */
    [kRefusal]: Refusal | null
  }
}

/** Refusals of Fastify's own that have a code of their own; all other 4xx are bad requests. */
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

/** The refusal to answer an error with; an unforeseen error is a 500 without details. */
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

export function answerError(error: unknown, reply: FastifyReply): FastifyReply {
  const refusal = refusalOf(error)
  if (refusal.reply.status === 500) reply.log.error({ err: error }, 'unforeseen error')
  return sendRefusal(reply, refusal)
}

function onNotFound(_request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return sendRefusal(reply, new Refusal(REPLY.notFound, 'There is nothing at this path.'))
}

export interface ErrorsOptions {
  /** Whether Usher answers unknown paths, which at the root belong to the host application. */
  unknownPaths?: boolean
}

async function errors(app: FastifyInstance, { unknownPaths = true }: ErrorsOptions): Promise<void> {
  app.decorateRequest(kRefusal, null)
  app.decorate('refusalOf', refusalOf)
  app.setErrorHandler((error, request: FastifyRequest, reply) => {
    auditRefusal(error, request)
    return answerError(error, reply)
  })
  if (unknownPaths) app.setNotFoundHandler(onNotFound)
}

export default fp(errors, {
  name: 'usher-errors',
  fastify: '5.x',
  dependencies: ['usher-audit'],
})
