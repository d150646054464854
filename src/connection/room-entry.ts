// Entering a room, the same before the 101 and by first message: the rule, the room, the seat, and
// the ticket last, so that an earlier failure does not use it up.
import type { Claim } from '../identity/authenticator.ts'
import { CLOSE } from '../protocol/errors.ts'
import type { Identity } from '../protocol/identity.ts'
import type { RoomHold } from '../room/open-rooms.ts'
import type { Rooms } from '../room/rooms.ts'
import { admit } from './admission.ts'
import type { Connection } from './connection.ts'
import type { Seat } from './connection-limits.ts'

/** The right to join an open room: a connection joins with it, or the hold is released. */
export interface Entry {
  readonly identity: Identity
  readonly hold: RoomHold
}

export interface EntryRequest {
  room: string
  claim: Claim
  seat: Seat
}

/**
 * The room, open for an identity that may join it. Rejects with the Refusal to answer with. Nothing
 * of the claim is used up.
 */
export async function enterRoom(rooms: Rooms, identity: Identity, room: string): Promise<RoomHold> {
  const rule = await rooms.permitted(room, identity, 'join')
  return rooms.open(room, rule)
}

/** Admits a connection that is in one room from its start. The caller releases the seat. */
export async function enter(rooms: Rooms, { room, claim, seat }: EntryRequest): Promise<Entry> {
  const { identity } = claim
  const hold = await enterRoom(rooms, identity, room)
  try {
    await admit(claim, seat)
  } catch (error) {
    hold.release()
    throw error
  }
  return { identity, hold }
}

/**
 * Gives a connection the identity of its entry. False, and the hold released, when the connection
 * has ended meanwhile or its identity was revoked; then it is closing.
 */
export function takeUp(connection: Connection, { identity, hold }: Entry): boolean {
  if (!connection.isClosed && connection.identify(identity)) {
    if (!connection.wasSentOut(hold.room.name)) return true
    connection.close(CLOSE.forced)
  }
  hold.release()
  return false
}
