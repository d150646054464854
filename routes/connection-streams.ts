// POST /connection/http_stream and GET /connection/sse: what GET /connection/websocket does, where
// something on the way lets no WebSocket through. Commands then come to POST /emulation.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { commandBytesOf } from '../src/protocol/limits.ts'
import { frameOf, JSON_TYPE, PROTOBUF_TYPE, readFrames } from './command-frames.ts'
import { changing, reading } from './schemas.ts'

const shared = {
  tags: ['rooms'],
  security: [{ session: [] }, { bearer: [] }, {}],
}

const REPLY = '{"id":1,"connect":{…}}'

function repliesAs(examples: Readonly<Record<string, string>>) {
  const content = Object.entries(examples).map(([type, example]) => {
    return [type, { schema: Type.String(), example }]
  })
  const description = 'Replies and events, until the connection ends.'
  return { description, content: Object.fromEntries(content) }
}

const streaming = {
  ...shared,
  summary: 'Connect without a WebSocket, by a stream of replies',
  description:
    'For the SDKs of the rich protocol: the body is the connect command, and the answer does not ' +
    'end. Refusals that stay are told in it; the status says only that there is no room now.',
  response: {
    200: repliesAs({ 'application/x-ndjson': `${REPLY}\n`, [PROTOBUF_TYPE]: '…' }),
    ...changing(429),
  },
}

const events = {
  ...shared,
  summary: 'Connect without a WebSocket, by server-sent events',
  description:
    'As the stream of replies, in JSON, with the connect command in the URL: its token may only ' +
    'be a ticket.',
  response: { 200: repliesAs({ 'text/event-stream': `data: ${REPLY}\n\n` }), ...reading(429) },
}

/** Only for the description: what is wrong is told in the answer. */
const eventsDescribed = {
  ...events,
  querystring: Type.Object({
    cf_connect: Type.String({
      description: 'The connect command.',
      examples: ['{"id":1,"connect":{"token":"ut_…"}}'],
    }),
  }),
}

const streamingDescribed = {
  ...streaming,
  body: {
    content: {
      [JSON_TYPE]: { schema: { examples: [{ id: 1, connect: { token: 'ut_…' } }] } },
      [PROTOBUF_TYPE]: { schema: { type: 'string', format: 'binary', examples: ['…'] } },
    },
  },
}

export const connectionStreamRoutes: FastifyPluginAsyncTypebox = async (app) => {
  readFrames(app, commandBytesOf(app.usherContext.config.limits))
  const hooks = {
    onRequest: app.admitReplyStream,
    preHandler: (request: FastifyRequest, reply: FastifyReply) => app.settleConnect(request, reply),
  }
  const shownAs = (schema: object) => ({
    swaggerTransform: ({ url }: { url: string }) => ({ schema, url }),
  })

  app.route({
    ...hooks,
    method: 'POST',
    url: '/connection/http_stream',
    schema: streaming,
    config: shownAs(streamingDescribed),
    handler: async (request, reply) => {
      const frame = frameOf(request.body)
      const encoding = frame.binary ? 'protobuf' : 'json'
      app.openReplyStream(request, reply, { carrier: 'stream', encoding, frame, isInUrl: false })
      return reply
    },
  })

  app.route({
    ...hooks,
    method: 'GET',
    url: '/connection/sse',
    exposeHeadRoute: false,
    schema: events,
    config: shownAs(eventsDescribed),
    handler: async (request, reply) => {
      const { cf_connect: command } = request.query as { cf_connect?: unknown }
      const payload = Buffer.from(typeof command === 'string' ? command : '')
      const frame = { payload, binary: false }
      app.openReplyStream(request, reply, {
        carrier: 'sse',
        encoding: 'json',
        frame,
        isInUrl: true,
      })
      return reply
    },
  })
}
