// app.rooms on the engine, and app.connections, which plugins/revocations.ts ends.
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { ConnectionRegistry } from '../src/connection/registry.ts'
import { EngineUnavailable } from '../src/engine/engine.ts'
import type { Member } from '../src/room/member.ts'
import type { RoomObserver } from '../src/room/observer.ts'
import type { PresenceParts } from '../src/room/presence.ts'
import { Rooms } from '../src/room/rooms.ts'
import { loggedAuthorize } from './embedding/authorize.ts'
import type { UsherHooks } from './embedding/host-types.ts'

declare module 'fastify' {
  interface FastifyInstance {
    rooms: Rooms
    connections: ConnectionRegistry
  }
}

/** Calls the application's hooks; one that fails is logged, and no member notices. */
function observerOf(app: FastifyInstance, hooks: UsherHooks): RoomObserver {
  const failed = (hook: string) => (err: unknown) =>
    app.log.error({ err, hook }, 'a hook of the application failed')
  const safely = (hook: keyof UsherHooks, run: () => unknown): void => {
    try {
      const running = run()
      if (running instanceof Promise) running.catch(failed(hook))
    } catch (error) {
      failed(hook)(error)
    }
  }
  const memberOf = (room: string, { id, user }: Member) => ({ room, connection: id, user })
  return {
    joined: (room, member) => safely('joined', () => hooks.joined?.(memberOf(room, member))),
    left: (room, member) => safely('left', () => hooks.left?.(memberOf(room, member))),
    published: (room, { user, name, kind, payload }, { position, time }) =>
      safely('published', () =>
        hooks.published?.({ room, user, name, kind, payload, time, ...position }),
      ),
  }
}

/** The engine's health tells operators when the store is away; any other failure is a fault. */
function presenceParts({ engine, usherContext, log }: FastifyInstance): PresenceParts {
  return {
    store: engine.presence,
    isOurs: ownConnections(engine),
    membersMax: usherContext.config.limits.presenceMembers,
    onFailure: (err) => {
      if (!(err instanceof EngineUnavailable)) log.error({ err }, 'presence could not be stored')
    },
  }
}

/** By their ids, which begin with the id that this node had when they came. */
function ownConnections(engine: FastifyInstance['engine']): PresenceParts['isOurs'] {
  const former: string[] = []
  engine.onRenewed((id) => former.push(id))
  const isOf = (id: string, connection: string): boolean => connection.startsWith(id)
  return (connection) => isOf(engine.node, connection) || former.some((id) => isOf(id, connection))
}

async function roomsAndConnections(app: FastifyInstance): Promise<void> {
  const { config, clock, authorize, hooks } = app.usherContext
  const { engine } = app
  const observer = hooks && observerOf(app, hooks)
  const rooms = new Rooms({
    ...{ log: engine.log, shares: engine.shares, clock, rules: config.rules, observer },
    authorize: authorize && loggedAuthorize(authorize, app.log),
    onFlush: app.metrics.onFlush,
    messageBytes: config.limits.messageBytes,
    presence: presenceParts(app),
  })
  const { scheduler } = rooms
  const connections = new ConnectionRegistry({
    ...{ ...config, clock, scheduler, shares: engine.shares },
    node: () => engine.node,
    onFault: ({ id }, error) =>
      app.log.error({ connection: id, err: error }, 'a fault over what a client sent'),
  })
  app.decorate('rooms', rooms)
  app.decorate('connections', connections)
  app.addHook('onClose', async () => {
    connections.stop()
    app.rooms.stop()
  })
}

export default fp(roomsAndConnections, {
  name: 'usher-rooms',
  fastify: '5.x',
  dependencies: ['usher-engine', 'usher-metrics'],
})
