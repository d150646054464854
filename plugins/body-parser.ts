// app.bodyParser: how Usher reads bodies. Most stand there before any credential is looked at, so
// what an address has in those that are not whole is within its share (S43).
import type { FastifyContentTypeParser, FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { BodyReader } from './transports/body-reader.ts'

/** Makes of the bytes what the route gets as its body. */
export type ReadBody = (
  request: FastifyRequest,
  bytes: Buffer,
  done: (error: Error | null, body?: unknown) => void,
) => void

declare module 'fastify' {
  interface FastifyInstance {
    /** A parser for bodies of at most so many bytes: 413 for more, 429 or 503 over the share. */
    bodyParser(bytesMax: number, read: ReadBody): FastifyContentTypeParser
    /** The same for JSON. */
    jsonParser(bytesMax: number): FastifyContentTypeParser
  }
}

async function bodyParsers(app: FastifyInstance): Promise<void> {
  const { shares } = app.engine
  app.decorate('bodyParser', (bytesMax: number, read: ReadBody): FastifyContentTypeParser => {
    return (request, payload, done) => {
      const take = (bytes: number) => shares.take('bodies', app.newcomerOf(request), bytes)
      const reader = new BodyReader(payload, request, { bytesMax, take }, (error, bytes) => {
        if (bytes === null) done(error)
        else read(request, bytes, done)
      })
      reader.read()
    }
  })

  const parse = app.getDefaultJsonParser('error', 'error')
  app.decorate('jsonParser', (bytesMax: number) =>
    app.bodyParser(bytesMax, (request, bytes, done) => parse(request, bytes.toString(), done)),
  )
}

export default fp(bodyParsers, {
  name: 'usher-body-parser',
  fastify: '5.x',
  dependencies: ['usher-engine', 'usher-holder'],
})
