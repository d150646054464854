// Memberships by room. Most connections are in few rooms, and even an empty map is larger than a
// list of those few.
import type { Membership } from './membership.ts'

/** The longest list, since it is looked through; more are in a map. */
const FEW = 16

export type ByRoom = readonly Membership[] | Map<string, Membership>

export const NONE: ByRoom = []

export function sizeOf(all: ByRoom): number {
  return all instanceof Map ? all.size : all.length
}

export function inRoom(all: ByRoom, room: string): Membership | undefined {
  if (all instanceof Map) return all.get(room)
  return all.find(({ hold }) => hold.room.name === room)
}

/** What was given may be changed, and MUST NOT be used any more; here and in `without`. */
export function including(all: ByRoom, membership: Membership): ByRoom {
  const { name } = membership.hold.room
  if (all instanceof Map) return all.set(name, membership)
  // Unlike a push or a spread this leaves no room for more.
  if (all.length < FEW) return all.concat(membership)
  return new Map([...all, membership].map((one) => [one.hold.room.name, one]))
}

export function without(all: ByRoom, room: string): ByRoom {
  if (!(all instanceof Map)) return all.filter(({ hold }) => hold.room.name !== room)
  all.delete(room)
  return all
}

export function roomsOf(all: ByRoom): string[] {
  return [...all.values()].map(({ hold }) => hold.room.name)
}
