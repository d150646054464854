// The API that a host application gets: app.usher, and request.identity. These types and no others
// are added to Fastify's where the package is imported.
import type { FastifyRequest } from 'fastify'
import type { IssuedTicket } from '../../src/identity/ticket.ts'
import type { TicketWish } from '../../src/identity/ticket-request.ts'
import type { Identity, Revocation } from '../../src/protocol/identity.ts'
import type { Kind, Position } from '../../src/protocol/message.ts'

/** What to publish: a string is text, bytes are binary, anything else is JSON. */
export interface PublishOptions {
  kind?: Kind
  /** The sender; without it the message has none. */
  user?: string
  /** How people call the sender: at most 64 characters, without hidden ones. */
  name?: string
  /** Makes the publish take effect once: the same key and message again gives the first answer. */
  key?: string
}

export type Published = { room: string; time: number } & Partial<Position>

/** A user in a room, with what its newest connection shows. */
export interface UserInRoom {
  /** Null for all connections without a user together. */
  user: string | null
  name: string | null
  connections: number
  /** The `public` part of what travels with the user. */
  info: Record<string, unknown> | null
}

/** `members` is null where the rule tells counts only, or the room is too large. */
export interface UsersInRoom {
  members: UserInRoom[] | null
  connections: number
  users: number
}

export interface TicketOptions extends TicketWish {
  user: string
}

/**
 * A wrong call rejects with a Refusal, whose `reply` says what it would be over HTTP; a call that
 * may succeed on a retry rejects with EngineUnavailable.
 */
export interface Usher {
  /** Needs no permission of the rules or of `authorize`; the room must have a rule. */
  publish(room: string, data: unknown, options?: PublishOptions): Promise<Published>
  issueTicket(options: TicketOptions): Promise<IssuedTicket>
  /**
   * Closes the connections of a session, of a user, or of a user in one room, on every node. But
   * for a room it also voids the tickets of that session or user that are not used yet.
   */
  disconnect(who: Revocation): Promise<void>
  /**
   * Who is in a room, over all nodes. Rejects with `not_available` where the rule of the room has
   * no presence.
   */
  members(room: string): Promise<UsersInRoom>
  /**
   * Redacts all that a user has said up to now, in all rooms: it is not shown any more, and deleted
   * soon.
   */
  redactUser(user: string): Promise<void>
  /**
   * Deletes what a room keeps. Members are told as after a loss, and what is published from then on
   * has a new epoch.
   */
  deleteRoom(room: string): Promise<void>
  /**
   * The identity behind a request to one of the application's own routes, as Usher's routes see it.
   */
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
  interface FastifyRequest {
    /** Set by `app.usher.authenticate`, and in Usher's own routes; null or undefined before. */
    readonly identity: Identity | null
  }
}
