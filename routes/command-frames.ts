// Bodies of requests that carry commands: they are read as bytes, and their type says whether they
// are JSON or Protobuf.
import type { FastifyInstance } from 'fastify'
import type { InboundFrame } from '../src/wire/wire-format.ts'

export const JSON_TYPE = 'application/json'
export const PROTOBUF_TYPE = 'application/octet-stream'

/** Makes the body of each request in this scope a frame. */
export function readFrames(app: FastifyInstance, bytesMax: number): void {
  app.removeAllContentTypeParsers()
  for (const type of [JSON_TYPE, PROTOBUF_TYPE]) {
    const binary = type === PROTOBUF_TYPE
    const parser = app.bodyParser(bytesMax, (_request, payload, done) => {
      done(null, { payload, binary })
    })
    app.addContentTypeParser(type, parser)
  }
}

/** Of a request without a body it is empty. */
export function frameOf(body: unknown): InboundFrame {
  return (body as InboundFrame | undefined) ?? { payload: Buffer.alloc(0), binary: false }
}
