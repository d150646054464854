// The answer where even the answer to an error fails, as with an `onSend` hook of the application
// that throws: Fastify would give the message of that error to the client (S52). Refusals come here
// from routes outside Usher's own.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { Refusal } from '../src/protocol/errors.ts'
import { bodyOf, unforeseen } from './answers/refusal-of.ts'
import { endWhenWritten } from './upgrade-timeout.ts'

/** Past Fastify, whose hooks have failed. The socket is not used again. */
function answerPast(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const refusal = error instanceof Refusal ? error : unforeseen()
  if (refusal !== error) request.log.error({ err: error }, 'an answer failed')
  reply.hijack()
  const { raw } = reply
  if (raw.headersSent) return void raw.destroy()
  const body = bodyOf(refusal)
  raw.once('finish', () => endWhenWritten(request.raw.socket))
  raw.writeHead(refusal.reply.status, {
    ...{ 'content-type': 'application/json; charset=utf-8', 'content-length': body.length },
    connection: 'close',
  })
  raw.end(body)
}

/** MUST be registered in a scope around the one whose error handler answers. */
async function lastResort(app: FastifyInstance): Promise<void> {
  app.setErrorHandler(answerPast)
}

export default fp(lastResort, { name: 'usher-last-resort', fastify: '5.x' })
