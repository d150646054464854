// POST /rooms/:room/messages: the body is the message, as it is.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import type { IdempotencyKey } from '../src/engine/message-log.ts'
import { REPLY, Refusal } from '../src/protocol/errors.ts'
import type { Identity } from '../src/protocol/identity.ts'
import type { Draft, Kind } from '../src/protocol/message.ts'
import { USER_ID_PATTERN } from '../src/protocol/names.ts'
import { isJson, isText } from '../src/protocol/payload.ts'
import type { Rule } from '../src/room/rule.ts'
import { failures, RoomParams } from './schemas.ts'

const KINDS: Readonly<Record<string, Kind>> = {
  'application/json': 'json',
  'text/plain': 'text',
  'application/octet-stream': 'binary',
}

const KEY = /^[!-~]{1,128}$/

const Query = Type.Object({
  /** With a server key: in whose name. */
  user: Type.Optional(Type.String({ pattern: USER_ID_PATTERN })),
})
type Query = Static<typeof Query>

const Accepted = Type.Object({
  room: Type.String(),
  epoch: Type.Optional(Type.String()),
  offset: Type.Optional(Type.Integer()),
  time: Type.Integer(),
})

const schema = {
  params: RoomParams,
  querystring: Query,
  response: {
    200: Accepted,
    201: Accepted,
    ...failures,
  },
}

export const messageRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    Object.keys(KINDS),
    { parseAs: 'buffer', bodyLimit: app.house.config.limits.messageBytes },
    (_request, body, done) => done(null, body),
  )

  const options = { schema, onRequest: app.authenticate }
  app.post('/rooms/:room/messages', options, async (request, reply) => {
    const { room } = request.params
    const identity = app.identityOf(request)
    const rule = await app.permitted(room, identity, 'publish')
    const draft = draftOf(request, identity, rule)
    checkBudget(identity, draft.payload.length)
    const key = keyOf(request, identity)
    const { position, time, repeated } = await app.rooms.publish(room, rule, { draft, key })
    return reply.code(repeated ? 200 : 201).send({ room, ...position, time })
  })

  function draftOf(request: FastifyRequest, identity: Identity, rule: Rule): Draft {
    const { user } = request.query as Query
    if (user !== undefined && identity.server === null) {
      throw new Refusal(REPLY.forbidden, 'Only a server key may publish in the name of a user.')
    }
    const kind = kindOf(request, rule)
    const payload = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
    if (kind === 'json' && !isJson(payload)) {
      throw new Refusal(REPLY.badRequest, 'The body is not JSON.')
    }
    if (kind === 'text' && !isText(payload)) {
      throw new Refusal(REPLY.badRequest, 'The body is not UTF-8: send application/octet-stream.')
    }
    return { kind, payload, user: user ?? identity.user, origin: null }
  }

  function checkBudget({ server, user }: Identity, bytes: number): void {
    if (server !== null || user === null) return
    const elapsed = app.house.clock.elapsed()
    if (app.connections.budgets.of(user, elapsed).take(bytes, elapsed)) return
    throw new Refusal(REPLY.tooManyRequests, 'Too many messages: wait a second and try again.', 1)
  }
}

/** Keys of one sender never meet another's, so a guessed key tells nothing. */
function keyOf(request: FastifyRequest, { user, server }: Identity): IdempotencyKey | null {
  const value = request.headers['idempotency-key']
  if (value === undefined) return null
  if (typeof value !== 'string' || !KEY.test(value)) {
    throw new Refusal(REPLY.badRequest, 'Idempotency-Key must be 1 to 128 visible characters.')
  }
  return { value, sender: server === null ? `user ${user}` : `server ${server}` }
}

function kindOf(request: FastifyRequest, rule: Rule): Kind {
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
  const kind = KINDS[type]
  if (kind !== undefined && (rule.payload !== 'json' || kind === 'json')) return kind
  const taken = rule.payload === 'json' ? 'application/json' : Object.keys(KINDS).join(', ')
  throw new Refusal(REPLY.unsupportedMediaType, `Send the message as ${taken}.`)
}
