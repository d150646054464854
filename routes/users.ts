// What a back end may do with users: close their connections, send them out of a room, ban them.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { USER_ID_PATTERN } from '../src/protocol/names.ts'
import { failures, RoomName } from './schemas.ts'

const UserId = Type.String({ pattern: USER_ID_PATTERN })
const response = { 204: Type.Null(), ...failures }
const byUser = { params: Type.Object({ user: UserId }), response }
const Revoke = Type.Object({ revoke: Type.Optional(Type.Enum(['', 'true', 'false'])) })

export const userRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const onRequest = app.authenticateServer
  const { engine } = app
  const now = () => app.house.clock.now()

  const disconnect = { schema: { ...byUser, querystring: Revoke }, onRequest }
  app.delete('/users/:user/connections', disconnect, async (request, reply) => {
    const { user } = request.params
    const { revoke = 'false' } = request.query
    if (revoke !== 'false') await engine.standings.revoke(user, now())
    await engine.revocations.revoke({ user })
    return reply.code(204).send(null)
  })

  app.put('/users/:user/ban', { schema: byUser, onRequest }, async (request, reply) => {
    const { user } = request.params
    await engine.standings.ban(user, now())
    await engine.revocations.revoke({ user })
    return reply.code(204).send(null)
  })

  app.delete('/users/:user/ban', { schema: byUser, onRequest }, async (request, reply) => {
    await engine.standings.unban(request.params.user)
    return reply.code(204).send(null)
  })

  const byMember = { params: Type.Object({ room: RoomName, user: UserId }), response }
  const sendOut = { schema: byMember, onRequest }
  app.delete('/rooms/:room/members/:user', sendOut, async (request, reply) => {
    const { room, user } = request.params
    await engine.revocations.revoke({ user, room })
    return reply.code(204).send(null)
  })
}
