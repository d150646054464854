// app.rooms on the engine, and app.connections, which plugins/revocations.ts ends.
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { ConnectionRegistry } from '../src/connection/registry.ts'
import { EngineUnavailable } from '../src/engine/engine.ts'
import type { PresenceParts } from '../src/room/presence.ts'
import type { ReceiptSettings } from '../src/room/receipts.ts'
import { Rooms } from '../src/room/rooms.ts'
import { loggedAuthorize } from './embedding/authorize.ts'
import { observerOf } from './embedding/observer.ts'

declare module 'fastify' {
  interface FastifyInstance {
    rooms: Rooms
    connections: ConnectionRegistry
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

function receiptSettings({ engine, usherContext, log }: FastifyInstance): ReceiptSettings {
  return {
    store: engine.receipts,
    participantsMax: usherContext.config.limits.receiptParticipants,
    onFailure: (err) => log.error({ err }, 'receipts could not be read'),
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
    receipts: receiptSettings(app),
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
