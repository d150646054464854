// Every error of an HTTP route is answered in one shape: {error, code, message}.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Refusal } from '../src/protocol/errors.ts'
import { bodyOf, refusalOf } from './answers/refusal-of.ts'
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

export function sendRefusal(reply: FastifyReply, refusal: Refusal): FastifyReply {
  reply.request[kRefusal] = refusal
  const { status } = refusal.reply
  if (refusal.retryAfter !== undefined) reply.header('retry-after', refusal.retryAfter)
  if (status === 401) reply.header('www-authenticate', 'Bearer')
  // As text: a `preSerialization` hook of the application does not run for it, and where that is
  // what has failed, Fastify would answer with its message (S52).
  reply.type('application/json; charset=utf-8')
  return reply.code(status).send(bodyOf(refusal))
}

export function answerError(error: unknown, reply: FastifyReply): FastifyReply {
  const refusal = refusalOf(error)
  // A refusal was made with care: its cause is in the log already.
  if (refusal.reply.status === 500 && refusal !== error)
    reply.log.error({ err: error }, 'unforeseen error')
  return sendRefusal(reply, refusal)
}

async function errors(app: FastifyInstance): Promise<void> {
  app.decorateRequest(kRefusal, null)
  app.decorate('refusalOf', refusalOf)
  app.setErrorHandler((error, request: FastifyRequest, reply) => {
    auditRefusal(error, request)
    return answerError(error, reply)
  })
}

export default fp(errors, {
  name: 'usher-errors',
  fastify: '5.x',
  dependencies: ['usher-audit'],
})
