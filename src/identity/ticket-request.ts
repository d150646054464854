// What a ticket may be ordered for: by a user for the same user, or by a back end for its users.

import type { TicketRecord } from '../engine/identity-store.ts'
import { jsonOf } from '../protocol/content-from-json.ts'
import { REPLY, Refusal } from '../protocol/errors.ts'
import type { Identity } from '../protocol/identity.ts'
import { TICKET } from '../protocol/limits.ts'
import { isRoomName, isUserId, nameIn } from '../protocol/names.ts'

/** What a ticket is issued for; its hash and its times come with the ticket itself. */
export interface TicketOrder extends Omit<TicketRecord, 'hash' | 'issuedAt' | 'expiresAt'> {
  seconds: number
}

/** A ticket as it is asked for. Times are in seconds. */
export interface TicketWish {
  user?: string | undefined
  /** The rooms that the ticket is narrowed to. */
  rooms?: readonly string[] | undefined
  /** Data that travels with the user; its `name` or `username` is the name on messages. */
  info?: Record<string, unknown> | undefined
  /** How long the ticket itself is good, 30 if not said. */
  ttl?: number | undefined
  /** How long connections of this ticket may last, a day if not said. */
  connectionTtl?: number | undefined
}

/**
 * The order of a user for a ticket of the same identity, or of a server key or the application
 * (null) for a user of theirs. `now` is in milliseconds since 1970. Throws a Refusal for a wish
 * that cannot be met, or that this identity may not have.
 */
export function ticketOrder(identity: Identity | null, wish: TicketWish, now: number): TicketOrder {
  const { rooms, ttl = TICKET.secondsMax } = wish
  need(rooms === undefined || areRooms(rooms), ROOMS)
  need(isCount(ttl, TICKET.secondsMax), `ttl is 1 to ${TICKET.secondsMax} whole seconds.`)
  const order = { rooms: rooms ? [...rooms] : null, seconds: ttl }
  const isForOthers = identity === null || identity.server !== null
  return { ...order, ...(isForOthers ? forUser(wish, now) : forSelf(identity, wish, now)) }
}

type Whose = Omit<TicketOrder, 'rooms' | 'seconds'>

function forSelf(identity: Identity, wish: TicketWish, now: number): Whose {
  const { user, info, connectionTtl } = wish
  if (user !== undefined || info !== undefined || connectionTtl !== undefined) {
    throw new Refusal(REPLY.forbidden, 'Only a server key may name a user, info or connectionTtl.')
  }
  return {
    user: identity.user ?? '',
    session: identity.session,
    name: identity.name,
    info: identity.info,
    // An application may not say when its session ends: no connection lasts for ever (S48).
    connectionExpiresAt: identity.expiresAt ?? now + TICKET.connectionSeconds * 1_000,
  }
}

function forUser(wish: TicketWish, now: number): Whose {
  const { user, info, connectionTtl = TICKET.connectionSeconds } = wish
  const max = TICKET.connectionSecondsMax
  need(isCount(connectionTtl, max), `connectionTtl is 1 to ${max} whole seconds.`)
  if (!isUserId(user)) {
    throw new Refusal(REPLY.badRequest, 'Name the user that the ticket is for, by its id.')
  }
  const connectionExpiresAt = now + connectionTtl * 1_000
  return {
    user,
    session: null,
    ...(info === undefined
      ? { name: null, info: null }
      : { info: infoOf(info), name: nameIn(info) }),
    connectionExpiresAt,
  }
}

function infoOf(info: unknown): string {
  need(typeof info === 'object' && info !== null, 'What travels with a user is an object.')
  const text = jsonOf(info)
  const max = TICKET.infoCharactersMax
  need(text.length <= max, `Keep info within ${max} characters of JSON: it travels with the user.`)
  return text
}

const ROOMS = `A ticket names 1 to ${TICKET.roomsMax} rooms, or leaves them out.`

function areRooms(rooms: unknown): boolean {
  const isList = Array.isArray(rooms) && rooms.length > 0 && rooms.length <= TICKET.roomsMax
  return isList && rooms.every(isRoomName)
}

function isCount(seconds: number, max: number): boolean {
  return Number.isInteger(seconds) && seconds >= TICKET.secondsMin && seconds <= max
}

function need(holds: boolean, sentence: string): void {
  if (!holds) throw new Refusal(REPLY.badRequest, sentence)
}
