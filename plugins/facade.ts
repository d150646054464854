// app.usher: what an application does with rooms from its own code.
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { REPLY, Refusal } from '../src/protocol/errors.ts'
import type { Revocation } from '../src/protocol/identity.ts'
import { TICKET } from '../src/protocol/limits.ts'
import type { Kind, Position } from '../src/protocol/message.ts'
import { ROOM_NAME_PATTERN } from '../src/protocol/names.ts'

/** What to publish: a string is text, a Buffer is binary, anything else is JSON. */
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
  info?: Record<string, unknown>
  /** Seconds. */
  ttl?: number
  /** Seconds. */
  connectionTtl?: number
}

export interface Usher {
  /**
   * Whatever the rules say of who may. Rejects with a Refusal when no rule is for the room, and
   * with EngineUnavailable when a retry may succeed.
   */
  publish(room: string, data: unknown, options?: PublishOptions): Promise<Published>
  issueTicket(options: TicketOptions): Promise<{ ticket: string; expiresAt: number }>
  /** Closes the connections of a session, of a user, or of a user in one room. */
  disconnect(who: Revocation): Promise<void>
}

declare module 'fastify' {
  interface FastifyInstance {
    usher: Usher
  }
}

const ROOM_NAME = new RegExp(ROOM_NAME_PATTERN)

function payloadOf(data: unknown, kind: Kind | undefined): { kind: Kind; payload: Buffer } {
  if (Buffer.isBuffer(data)) return { kind: kind ?? 'binary', payload: data }
  if (typeof data === 'string' && kind !== 'json') {
    return { kind: kind ?? 'text', payload: Buffer.from(data) }
  }
  return { kind: 'json', payload: Buffer.from(JSON.stringify(data)) }
}

function facadeOf(app: FastifyInstance): Usher {
  return {
    async publish(room, data, { kind, user, key } = {}) {
      const rule = ROOM_NAME.test(room) ? app.rooms.ruleOf(room) : null
      if (rule === null) throw new Refusal(REPLY.forbidden, `No rule is for a room like ${room}.`)
      const draft = { ...payloadOf(data, kind), user: user ?? null, origin: null }
      if (rule.payload === 'json' && draft.kind !== 'json') {
        throw new Refusal(REPLY.unsupportedMediaType, `The room ${room} takes JSON alone.`)
      }
      const keyed = key === undefined ? null : { value: key, sender: 'application' }
      const { position, time } = await app.rooms.publish(room, rule, { draft, key: keyed })
      return { room, time, ...position }
    },
    issueTicket({ user, rooms, info, ttl, connectionTtl }) {
      const connectionMs = (connectionTtl ?? TICKET.connectionSeconds) * 1_000
      return app.tickets.issue({
        user,
        session: null,
        rooms: rooms ?? null,
        info: info === undefined ? null : JSON.stringify(info),
        connectionExpiresAt: app.house.clock.now() + connectionMs,
        seconds: ttl ?? TICKET.secondsMax,
      })
    },
    disconnect: (who) => app.engine.revocations.revoke(who),
  }
}

async function facade(app: FastifyInstance): Promise<void> {
  app.decorate('usher', facadeOf(app))
}

export default fp(facade, { name: 'usher-facade', fastify: '5.x', dependencies: ['usher-auth'] })
