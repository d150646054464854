// app.rooms on the engine, and app.connections, which the engine's revocations reach.
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { Connections } from '../src/connection/connections.ts'
import { permitted } from '../src/connection/entry.ts'
import type { Identity } from '../src/protocol/identity.ts'
import type { RoomObserver } from '../src/room/observer.ts'
import { Rooms } from '../src/room/rooms.ts'
import type { Action, Rule } from '../src/room/rule.ts'

declare module 'fastify' {
  interface FastifyInstance {
    rooms: Rooms
    connections: Connections
    /** The rule of a room for who may do that there; throws 401 or 403 for who may not. */
    permitted(room: string, identity: Identity, action: Action): Promise<Rule>
  }
}

/** An application's hooks, which may fail without anybody in a room noticing. */
function observerOf(app: FastifyInstance, hooks: Partial<RoomObserver>): RoomObserver {
  const safely = (name: string, run: () => void): void => {
    try {
      run()
    } catch (err) {
      app.log.error({ err, hook: name }, 'a hook of the application failed')
    }
  }
  return {
    joined: (...told) => safely('joined', () => hooks.joined?.(...told)),
    left: (...told) => safely('left', () => hooks.left?.(...told)),
    published: (...told) => safely('published', () => hooks.published?.(...told)),
  }
}

async function rooms(app: FastifyInstance): Promise<void> {
  const { config, clock, authorize, hooks } = app.house
  const observer = hooks && observerOf(app, hooks)
  const connections = new Connections({ ...config, clock })
  app.decorate(
    'rooms',
    new Rooms({ log: app.engine.log, clock, rules: config.rules, authorize, observer }),
  )
  app.decorate('connections', connections)
  app.decorate('permitted', (room: string, identity: Identity, action: Action) =>
    permitted(app.rooms, room, identity, action),
  )
  const unfollow = app.engine.revocations.follow((revocation) => connections.revoke(revocation))
  app.addHook('onClose', async () => {
    unfollow()
    connections.stop()
  })
}

export default fp(rooms, { name: 'usher-rooms', fastify: '5.x', dependencies: ['usher-engine'] })
