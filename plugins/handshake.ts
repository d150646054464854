// From an upgrade request to a connection in a room: everything that can refuse, before the 101;
// then one synchronous step, so that nothing that the client sends can be missed.
import type { ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { WebSocket } from 'ws'
import { Connection, type Farewell } from '../src/connection/connection.ts'
import type { Seat } from '../src/connection/connection-limits.ts'
import { readFirstMessage } from '../src/connection/first-message.ts'
import { type Entry, enter } from '../src/connection/room-entry.ts'
import { CLOSE, type CloseCode, REPLY, Refusal } from '../src/protocol/errors.ts'
import type { Start } from '../src/room/resume.ts'
import { formatNamed } from '../src/wire/formats.ts'
import type { InboundFrame } from '../src/wire/wire-format.ts'
import { type Source, sourceOf } from './audit.ts'
import { kIdentity } from './auth.ts'
import { refusalOf } from './errors.ts'
import { credentialOfUpgrade } from './tokens/credential.ts'
import { type Listeners, listen, WsSocket } from './transports/websocket-socket.ts'
import { unboundSilence } from './upgrade-timeout.ts'

export const kHandshake: unique symbol = Symbol('usher.handshake')

declare module 'fastify' {
  interface FastifyInstance {
    /** Settles who comes and whether they may; throws the Refusal to answer with. */
    settleHandshake(request: FastifyRequest, reply: FastifyReply, room: string): Promise<void>
    /** Makes the connection. MUST be called in the turn of the 101. */
    openConnection(ws: WebSocket, request: FastifyRequest, opening: Opening): void
  }
  interface FastifyRequest {
    /** What a handshake has taken so far; null before and after it. */
    [kHandshake]: Handshake | null
  }
}

/** Given back when the client goes away before the 101, whenever that is. */
export class Handshake {
  readonly seat: Seat
  readonly response: ServerResponse
  /** Null while the first message is to decide. */
  entry: Entry | null = null
  #abandoned = false

  constructor(seat: Seat, response: ServerResponse) {
    this.seat = seat
    this.response = response
  }

  get abandoned(): boolean {
    return this.#abandoned
  }

  abandon = (): void => {
    this.#abandoned = true
    this.entry?.hold.release()
    this.seat.release()
  }
}

async function settleHandshake(
  request: FastifyRequest,
  reply: FastifyReply,
  room: string,
): Promise<void> {
  const { connections, rooms, prove, logIns, networkOf } = request.server
  const elapsed = connections.clock.elapsed()
  const seat = connections.connectionLimits.take(networkOf(request), elapsed)
  const handshake = new Handshake(seat, reply.raw)
  request.raw.socket.once('close', handshake.abandon)
  request[kHandshake] = handshake
  // An application's own hook may have taken its time, and the client its leave.
  if (request.raw.socket.destroyed) handshake.abandon()
  try {
    const credential = credentialOfUpgrade(request, logIns)
    if (credential === null) return handshake.seat.markPending()
    const claim = await prove(request, credential)
    request[kIdentity] = claim.identity
    handshake.entry = await enter(rooms, { room, claim, seat: handshake.seat })
    if (handshake.abandoned) handshake.abandon()
  } catch (error) {
    // A request that asked for a stream may be followed by others on the same socket.
    request.raw.socket.removeListener('close', handshake.abandon)
    handshake.abandon()
    throw error
  }
}

/** What the handshake took is now the connection's to give back. */
export function takeHandshake(request: FastifyRequest): Handshake {
  const handshake = request[kHandshake]
  if (!handshake) throw new Error('a connection was opened without its handshake')
  request.raw.socket.removeListener('close', handshake.abandon)
  request[kHandshake] = null
  return handshake
}

export interface Opening {
  room: string
  /** A name from the list of wire formats. */
  format: string
  echo: boolean | null
  /** Where it begins to listen; null for what is said from now on. */
  start: Start | null
}

interface HeardOpening extends Opening {
  listeners: Listeners
  /** Where it comes from, for the audit log. */
  source: Source
}

/** Keeps nothing of the request. */
function openConnection(ws: WebSocket, request: FastifyRequest, opening: HeardOpening): void {
  const { server: app } = request
  const tcp = request.raw.socket
  const { seat, entry, response } = takeHandshake(request)
  // The socket would hold the response, and with it the whole request, for as long as it lives.
  response.detachSocket(tcp)
  unboundSilence(tcp)
  const { source, echo, start } = opening
  const { connections } = app
  const socket = new WsSocket(ws, tcp)
  // Where an application keeps a list of sockets to close, it is not for ours [C65].
  app.websocketServer.clients?.delete(ws)
  const format = formatNamed(opening.format)
  const connection = new Connection({ connections, socket, seat, format, echo, start })
  listen(ws, connection, opening.listeners)
  if (entry) join(app, connection, { entry, source })
  else connection.awaitFirstMessage(decider(app, connection, opening))
}

/** What is needed to let somebody in. */
export interface Joining {
  entry: Entry
  source: Source
}

export function join(
  app: FastifyInstance,
  connection: Connection,
  { entry, source }: Joining,
): void {
  const { user, server, session, proof } = entry.identity
  const who = { connection: connection.id, user, server, session, proof }
  app.audit.tell('connected', { ...who, room: entry.hold.room.name, ...source })
  app.metrics.opened(proof)
  connection.join(entry)
}

/** Judges a first message the way a credential is judged before the 101. */
function decider(app: FastifyInstance, connection: Connection, opening: HeardOpening) {
  const { room, listeners, source } = opening
  let user: string | null = null
  const turnAway = (error: unknown): void => {
    const refusal = refusalOf(error)
    app.metrics.handshakeRefused(refusal.reply.error)
    if (refusal.limit !== undefined) app.metrics.limitHit(refusal.limit)
    if (refusal.reply.status === 500) listeners.onFault(connection, error)
    const facts = { connection: connection.id, room, user, ...source }
    app.audit.refused(refusal, connection.seat.address, facts)
    connection.close(closeCodeOf(refusal))
  }
  return (first: InboundFrame): void => {
    const credential = readFirstMessage(first)
    if (!credential) return turnAway(new Refusal(REPLY.unauthorized, 'It is no credential.'))
    app.authenticator
      .prove(credential)
      .then((claim) => {
        user = claim.identity.user
        return enter(app.rooms, { room, claim, seat: connection.seat })
      })
      .then((entry) => join(app, connection, { entry, source }))
      .catch(turnAway)
  }
}

function closeCodeOf({ reply }: Refusal): CloseCode {
  switch (reply.status) {
    case 401:
      return CLOSE.invalidCredentials
    case 403:
      return CLOSE.forbidden
    case 429:
      return CLOSE.connectionLimit
    case 500:
    case 503:
      return CLOSE.internal
    default:
      return CLOSE.badRequest
  }
}

/** One line for every connection that ends, since Fastify logs nothing after a 101. */
export function logListeners(app: FastifyInstance): Listeners {
  const onEnd = (connection: Connection, farewell: Farewell): void => {
    const { code, reason, byServer, limit } = farewell
    app.metrics.closed(farewell)
    const { id, user, messagesIn, openedAt, seat, identity } = connection
    const seconds = Math.round((app.usherContext.clock.elapsed() - openedAt) / 1_000)
    const who = { connection: id, user, server: identity.server, proof: identity.proof }
    const how = { code, reason, limit: limit ?? undefined, byServer, seconds, messagesIn }
    app.audit.tell('disconnected', { ...who, network: seat.address, ...how })
  }
  const onFault = ({ id }: Connection, error: unknown): void => {
    app.log.error({ connection: id, err: error }, 'a fault over what a client sent')
  }
  return { onEnd, onFault }
}

async function handshakes(app: FastifyInstance): Promise<void> {
  const listeners = logListeners(app)
  app.decorateRequest(kHandshake, null)
  app.decorate('settleHandshake', settleHandshake)
  app.decorate('openConnection', (ws: WebSocket, request: FastifyRequest, opening: Opening) =>
    openConnection(ws, request, { ...opening, listeners, source: sourceOf(request) }),
  )
}

export default fp(handshakes, {
  name: 'usher-handshake',
  fastify: '5.x',
  dependencies: ['usher-guard', 'usher-auth', 'usher-audit'],
})
