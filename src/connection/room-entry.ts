// The way into a room, the same before the 101 and by first message: rule, place, room, and the
// ticket last, so that nothing that fails earlier burns it.
import type { Claim } from '../identity/authenticator.ts'
import { REPLY, Refusal } from '../protocol/errors.ts'
import type { Identity } from '../protocol/identity.ts'
import type { RoomHold, Rooms } from '../room/rooms.ts'
import type { Action, Rule } from '../room/rule.ts'
import type { Seat } from './connection-limits.ts'

/** Someone whose way is clear: join the room with it, or release both. */
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
 * The rule of a room for someone who wants that of it. 401 without a credential, else 403, in the
 * same words whether or not the room has a rule at all (S32).
 */
export async function permitted(
  rooms: Rooms,
  room: string,
  identity: Identity,
  action: Action,
): Promise<Rule> {
  const rule = rooms.ruleOf(room)
  if (rule && (await rooms.permits(identity, action, room))) return rule
  if (identity.proof === 'none') {
    throw new Refusal(REPLY.unauthorized, 'Log in, or show a token or a ticket.')
  }
  throw new Refusal(REPLY.forbidden, 'You may not do that in this room.')
}

/** Rejects with the Refusal to answer with. The slot stays the caller's to release. */
export async function enter(rooms: Rooms, { room, claim, seat }: EntryRequest): Promise<Entry> {
  const { identity } = claim
  const rule = await permitted(rooms, room, identity, 'join')
  seat.assign(identity.user)
  const hold = await rooms.open(room, rule)
  try {
    await claim.settle()
  } catch (error) {
    hold.release()
    throw error
  }
  return { identity, hold }
}
