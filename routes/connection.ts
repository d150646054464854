// GET /connection/websocket: commands for many rooms over one connection, in the Centrifugal client
// protocol.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { REPLY, Refusal } from '../src/protocol/errors.ts'
import { failures } from './schemas.ts'

const schema = {
  summary: 'Connect, and join many rooms',
  description:
    'A WebSocket handshake for the Centrifugal client protocol, as its SDKs do it: JSON, or ' +
    'Protobuf with the subprotocol `centrifuge-protobuf` or `?format=protobuf`. The credential ' +
    'is the token of the connect command, else the one of the handshake (docs/protocol.md).',
  tags: ['rooms'],
  security: [{ session: [] }, { bearer: [] }, {}],
  response: {
    101: Type.Null({ description: 'The connection waits for its connect command.' }),
    ...failures(400, 403, 429, 500, 503),
  },
}

export const connectionRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.route({
    method: 'GET',
    url: '/connection/websocket',
    schema,
    preHandler: async (request, reply) => {
      if (!request.ws) throw new Refusal(REPLY.badRequest, 'Open this path as a WebSocket.')
      await app.settleConnect(request, reply)
    },
    handler: async (_, reply) => reply,
    wsHandler: (socket, request) => app.openRichWebSocket(socket, request as FastifyRequest),
  })
}
