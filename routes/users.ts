// Routes for back ends: closing a user's connections, sending a user out of a room, banning a user,
// redacting all that a user has said.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { changing, Done, FOR_SERVERS, RoomName, UserId } from './schemas.ts'

const forServers = {
  tags: ['users'],
  security: FOR_SERVERS,
  response: { 204: Done, ...changing(401) },
}
const byUser = { ...forServers, params: Type.Object({ user: UserId }) }
const byMember = { ...forServers, params: Type.Object({ room: RoomName, user: UserId }) }
const Revoke = Type.Object({
  revoke: Type.Optional(
    Type.Enum(['', 'true', 'false'], {
      description: 'Whether what was issued for the user before now is void too.',
      examples: ['true'],
    }),
  ),
})

const disconnection = {
  ...byUser,
  summary: 'Close the connections of a user',
  querystring: Revoke,
}
const ban = {
  ...byUser,
  summary: 'Ban a user',
  description: 'Closes the user’s connections, ends the sessions, and refuses that id from now on.',
}
const unban = { ...byUser, summary: 'Lift a ban' }
const sendingOut = {
  ...byMember,
  summary: 'Send a user out of a room',
  description: 'Closes the user’s connections there; it does not keep anybody from coming back.',
}

const silencing = {
  ...byUser,
  summary: 'Redact all that a user has said',
  description:
    'In all rooms, up to now: it is not shown any more, and deleted soon. Members are not told ' +
    'of each message; `redactions` of a room tells them when they return.',
}

export const userRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const onRequest = app.authenticateServer('rooms')
  const { revokeAccess } = app

  const disconnect = { schema: disconnection, onRequest }
  app.delete('/users/:user/connections', disconnect, async (request, reply) => {
    const { user } = request.params
    const { revoke = 'false' } = request.query
    if (revoke === 'false') await revokeAccess.disconnect({ user })
    else await revokeAccess.logOutEverywhere(user)
    return reply.code(204).send(null)
  })

  app.put('/users/:user/ban', { schema: ban, onRequest }, async (request, reply) => {
    await revokeAccess.ban(request.params.user)
    return reply.code(204).send(null)
  })

  app.delete('/users/:user/ban', { schema: unban, onRequest }, async (request, reply) => {
    await revokeAccess.unban(request.params.user)
    return reply.code(204).send(null)
  })

  const silence = { schema: silencing, onRequest: app.authenticateServer('users') }
  app.delete('/users/:user/messages', silence, async (request, reply) => {
    await app.rooms.redactUser(request.params.user)
    return reply.code(204).send(null)
  })

  const sendOut = { schema: sendingOut, onRequest }
  app.delete('/rooms/:room/members/:user', sendOut, async (request, reply) => {
    const { room, user } = request.params
    await revokeAccess.sendOut(user, room)
    return reply.code(204).send(null)
  })
}
