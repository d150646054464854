// app.connectionLog: connections that join, are refused after the 101, fail or end, as lines of the
// audit log and as metrics. Fastify logs nothing after a 101.
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Connection } from '../src/connection/connection.ts'
import type { Farewell } from '../src/connection/farewell.ts'
import type { AuditEvent, AuditFacts } from '../src/identity/audit.ts'
import type { Refusal } from '../src/protocol/errors.ts'
import type { Identity } from '../src/protocol/identity.ts'
import { refusalOf } from './answers/refusal-of.ts'
import { EXEMPT, type Source } from './audit.ts'

declare module 'fastify' {
  interface FastifyInstance {
    connectionLog: ConnectionLog
  }
}

/**
 * A first message that was refused: its room, its user if one was proved, and where it came from.
 */
export interface RefusedFirstMessage {
  error: unknown
  room: string
  user: string | null
  source: Source
}

export class ConnectionLog {
  readonly #app: FastifyInstance

  constructor(app: FastifyInstance) {
    this.#app = app
  }

  /** MUST be called before the connection joins a room. */
  opened({ id, seat }: Connection, identity: Identity, facts: AuditFacts): void {
    const { user, server, session, proof } = identity
    const who = { connection: id, user, server, session, proof }
    this.#tell('connected', seat.address, { ...who, ...facts })
    this.#app.metrics.opened(proof)
  }

  /** A command was refused, perhaps the one that says who the client is. */
  commandRefused({ id, user, seat }: Connection, refusal: Refusal, room: string | null): void {
    const { metrics, audit } = this.#app
    metrics.commandRefused(refusal.reply.code)
    if (refusal.limit !== undefined) metrics.limitHit(refusal.limit)
    // A client that comes back shows a ticket again that it has used: no alarm [C177].
    audit.refused(refusal, seat.address ?? EXEMPT, { connection: id, room, user }, true)
  }

  /** Returns the refusal, for the close that follows. */
  refused(connection: Connection, { error, room, user, source }: RefusedFirstMessage) {
    const refusal = refusalOf(error)
    const { metrics, audit } = this.#app
    metrics.handshakeRefused(refusal.reply.error)
    if (refusal.limit !== undefined) metrics.limitHit(refusal.limit)
    if (refusal.reply.status === 500 && refusal !== error) this.onFault(connection, error)
    const facts = { connection: connection.id, room, user, ...source }
    audit.refused(refusal, connection.seat.address ?? EXEMPT, facts)
    return refusal
  }

  onEnd = (connection: Connection, farewell: Farewell): void => {
    const { code, reason, byServer, limit } = farewell
    this.#app.metrics.closed(farewell)
    const { id, user, messagesIn, openedAt, seat, identity } = connection
    const seconds = Math.round((this.#app.usherContext.clock.elapsed() - openedAt) / 1_000)
    const who = { connection: id, user, server: identity.server, proof: identity.proof }
    const how = { code, reason, limit: limit ?? undefined, byServer, seconds, messagesIn }
    this.#tell('disconnected', seat.address, { ...who, network: seat.address, ...how })
  }

  /** A stranger may open and end connections without end (S51). */
  #tell(event: AuditEvent, address: string | null, facts: AuditFacts): void {
    const { audit } = this.#app
    if (facts.proof === 'none') audit.tellOfStranger(event, address ?? EXEMPT, facts)
    else audit.tell(event, facts)
  }

  onFault = (connection: Connection, error: unknown): void => {
    this.#app.connections.onFault(connection, error)
  }
}

async function connectionLog(app: FastifyInstance): Promise<void> {
  app.decorate('connectionLog', new ConnectionLog(app))
}

export default fp(connectionLog, {
  name: 'usher-connection-log',
  fastify: '5.x',
  dependencies: ['usher-audit', 'usher-metrics'],
})
