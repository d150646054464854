// POST /emulation: commands for a connection whose client reads a stream, since it has no
// WebSocket.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { commandBytesOf } from '../src/protocol/limits.ts'
import { frameOf, JSON_TYPE, PROTOBUF_TYPE, readFrames } from './command-frames.ts'
import { changing, Done, OPEN_TO_ALL } from './schemas.ts'

/** In JSON the commands are a string, in which each quote and backslash takes two characters. */
const ESCAPED = 2
/** The ids, and what stands around all. */
const BESIDES_BYTES = 1_024

const schema = {
  summary: 'Send commands to a connection that has no WebSocket',
  description:
    'For the SDKs of the rich protocol, which read replies on a stream. The connection answers ' +
    'there; this says only whether it is open.',
  tags: ['rooms'],
  security: OPEN_TO_ALL,
  response: { 204: Done, ...changing(404, 429) },
}

const described = {
  ...schema,
  body: {
    content: {
      [JSON_TYPE]: {
        schema: Type.Object(
          { node: Type.String(), session: Type.String(), data: Type.String() },
          { examples: [{ node: '4f2k9x0q', session: '…', data: '{"id":2,"ping":{}}' }] },
        ),
      },
      [PROTOBUF_TYPE]: { schema: { type: 'string', format: 'binary', examples: ['…'] } },
    },
  },
}

export const emulationRoutes: FastifyPluginAsyncTypebox = async (app) => {
  readFrames(app, ESCAPED * commandBytesOf(app.usherContext.config.limits) + BESIDES_BYTES)

  const swaggerTransform = ({ url }: { url: string }) => ({ schema: described, url })
  // As frames of WebSockets, they have no lines in the log.
  const options = { schema, logLevel: 'warn', config: { swaggerTransform } } as const
  app.post('/emulation', options, async (request, reply) => {
    await app.sendUp(request, frameOf(request.body))
    return reply.code(204).send(null)
  })
}
