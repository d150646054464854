// app.usher: what an application does with rooms and users from its own code.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { EngineUnavailable } from '../src/engine/engine.ts'
import { contentOfValue } from '../src/protocol/content.ts'
import { REPLY, Refusal } from '../src/protocol/errors.ts'
import type { Identity, Revocation } from '../src/protocol/identity.ts'
import type { Kind, Position } from '../src/protocol/message.ts'
import { HOST_SESSION, isRoomName, isUserId } from '../src/protocol/names.ts'
import type { Sender } from '../src/room/publish.ts'

/** What to publish: a string is text, bytes are binary, anything else is JSON. */
export interface PublishOptions {
  kind?: Kind
  /** In whose name; nobody's if not said. */
  user?: string
  /** Makes it take effect once: the same key and message again gives the first answer. */
  key?: string
}

export type Published = { room: string; time: number } & Partial<Position>

export interface TicketOptions {
  user: string
  rooms?: string[]
  /** What travels with the user. */
  info?: Record<string, unknown>
  /** Seconds, 1 to 30, and 30 if not said. */
  ttl?: number
  /** Seconds that connections of this ticket may last; a day if not said. */
  connectionTtl?: number
}

/**
 * What is wrong rejects with a Refusal, whose `reply` says what it would be over HTTP; what a
 * retry may cure rejects with EngineUnavailable.
 */
export interface Usher {
  /** Whatever the rules and `authorize` say of who may; the room must have a rule. */
  publish(room: string, data: unknown, options?: PublishOptions): Promise<Published>
  issueTicket(options: TicketOptions): Promise<{ ticket: string; expiresAt: number }>
  /** Closes the connections of a session, of a user, or of a user in one room, on every node. */
  disconnect(who: Revocation): Promise<void>
  /** Who sent a request to a route of the application's own, as Usher's routes would see it. */
  identify(request: FastifyRequest): Promise<Identity>
  /**
   * A hook (`onRequest`, `preHandler`) for routes of the application's own: refuses the anonymous
   * with 401, and sets `request.identity` where the application has no decorator of that name.
   */
  authenticate(request: FastifyRequest): Promise<void>
}

declare module 'fastify' {
  interface FastifyInstance {
    usher: Usher
  }
}

/** No rule and no rate binds the application itself. */
const APPLICATION: Sender = { identity: null }

function need(holds: boolean, sentence: string): void {
  if (!holds) throw new Refusal(REPLY.badRequest, sentence)
}

function publishing(app: FastifyInstance): Usher['publish'] {
  return async (room, data, { kind, user = null, key = null } = {}) => {
    need(user === null || isUserId(user), 'A user id is 1 to 128 of the characters of ids.')
    const draft = { ...contentOfValue(data, kind), user, origin: null }
    const { position, time } = await app.rooms.publish(room, APPLICATION, draft, key)
    return { room, time, ...position }
  }
}

function ticketing(app: FastifyInstance): Usher['issueTicket'] {
  return (options) => app.tickets.issueTo(null, options)
}

function disconnecting(app: FastifyInstance): Usher['disconnect'] {
  return async (who) => {
    if ('session' in who) {
      need(typeof who.session === 'string', 'A session is a text.')
      const { identity } = app.usherContext
      const session = identity === undefined ? who.session : HOST_SESSION + who.session
      return app.revokeAccess.disconnect({ session })
    }
    need(isUserId(who.user), 'Name a user or a session.')
    need(who.room === undefined || isRoomName(who.room), 'A room name is 1 to 128 characters.')
    return app.revokeAccess.disconnect(who)
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
    const { server } = request
    if (!server.hasRequestDecorator('identity')) {
      Object.assign(request, { identity: app.identityOf(request) })
    }
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
  app.decorate('usher', {
    publish: whileOpen(publishing(app)),
    issueTicket: whileOpen(ticketing(app)),
    disconnect: whileOpen(disconnecting(app)),
    identify: whileOpen(identifying(app)),
    authenticate: whileOpen(authenticating(app)),
  })
}

export default fp(serverApi, {
  name: 'usher-server-api',
  fastify: '5.x',
  dependencies: ['usher-auth', 'usher-rooms'],
})
