// app.usher: rooms and users for the application's own code.
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { EngineUnavailable } from '../src/engine/engine.ts'
import { contentOfValue } from '../src/protocol/content-from-json.ts'
import { HOST_SESSION, isRoomName, isUserId } from '../src/protocol/names.ts'
import type { Sender } from '../src/room/publish.ts'
import { deletions } from './embedding/deletions.ts'
import { need } from './embedding/need.ts'
import { roomMembers } from './embedding/room-members.ts'
import type { Usher } from './embedding/usher-types.ts'

/** No rule and no rate binds the application itself. */
const APPLICATION: Sender = { identity: null, address: null }

function publishing(app: FastifyInstance): Usher['publish'] {
  return async (room, data, { kind, user = null, name = null, key = null } = {}) => {
    need(user === null || isUserId(user), 'A user id is 1 to 128 of the characters of ids.')
    need(name === null || typeof name === 'string', 'A name is a text.')
    const draft = { ...contentOfValue(data, kind), user, name, origin: null }
    const { position, time } = await app.rooms.publish(room, APPLICATION, draft, key)
    return { room, time, ...position }
  }
}

function disconnecting(app: FastifyInstance): Usher['disconnect'] {
  return async (who) => {
    if ('session' in who) {
      need(typeof who.session === 'string', 'A session is a text.')
      const { identity } = app.usherContext
      const session = identity === undefined ? who.session : HOST_SESSION + who.session
      return app.revokeAccess.endedByHost({ session })
    }
    const { user, room } = who
    need(isUserId(user), 'Name a user or a session.')
    need(
      room === undefined || isRoomName(room),
      'A room name is 1 to 128 of the characters of names.',
    )
    if (room === undefined) return app.revokeAccess.endedByHost({ user })
    return app.revokeAccess.sendOut(user, room)
  }
}

function identifying(app: FastifyInstance): Usher['identify'] {
  return async (request) => {
    await app.identify(request)
    return app.identityOf(request)
  }
}

function authenticating(app: FastifyInstance): Usher['authenticate'] {
  return async (request) => {
    await app.authenticate(request)
    if (request.server.hasRequestDecorator('identity')) return
    Object.assign(request, { identity: app.identityOf(request) })
  }
}

async function serverApi(app: FastifyInstance): Promise<void> {
  let isClosed = false
  app.addHook('onClose', async () => {
    isClosed = true
  })
  const whileOpen =
    <Args extends unknown[], Answer>(run: (...args: Args) => Promise<Answer>) =>
    async (...args: Args): Promise<Answer> => {
      if (isClosed) throw new EngineUnavailable('Usher is closed.')
      return run(...args)
    }
  const { redactUser, deleteRoom } = deletions(app)
  const usher: Usher = {
    publish: whileOpen(publishing(app)),
    issueTicket: whileOpen((options) => app.tickets.issueTo(null, options)),
    disconnect: whileOpen(disconnecting(app)),
    members: whileOpen(roomMembers(app)),
    redactUser: whileOpen(redactUser),
    deleteRoom: whileOpen(deleteRoom),
    identify: whileOpen(identifying(app)),
    authenticate: whileOpen(authenticating(app)),
  }
  app.decorate('usher', usher)
}

export default fp(serverApi, {
  name: 'usher-server-api',
  fastify: '5.x',
  dependencies: ['usher-auth', 'usher-rooms'],
})
