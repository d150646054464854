// How far all others have got in a room, and which of them have got to a message.
import type { Participant } from '../engine/receipt-store.ts'

export interface Watermarks {
  /** Null where there are no others to count, as the next one is. */
  deliveredToAll: number | null
  readByAll: number | null
}

/** Over all participants but the asker, without those who are away. */
export function watermarks(participants: readonly Participant[], asker: string | null): Watermarks {
  const counted = participants.filter(({ user, isAway }) => user !== asker && !isAway)
  const reading = counted.filter(({ readsPrivately }) => !readsPrivately)
  return {
    deliveredToAll: smallest(counted.map(({ delivered }) => delivered)),
    readByAll: smallest(reading.map(({ read }) => read)),
  }
}

/** The others who belonged to the room when the message was published. */
export interface Reached {
  deliveredTo: string[]
  readBy: string[]
}

export function reachedBy(
  participants: readonly Participant[],
  offset: number,
  asker: string | null,
): Reached {
  const counted = participants.filter(({ user, joined }) => user !== asker && joined < offset)
  const has = (reached: readonly Participant[]): string[] => reached.map(({ user }) => user)
  return {
    deliveredTo: has(counted.filter(({ delivered }) => delivered >= offset)),
    readBy: has(counted.filter(({ read, readsPrivately }) => !readsPrivately && read >= offset)),
  }
}

function smallest(offsets: readonly number[]): number | null {
  return offsets.length === 0 ? null : Math.min(...offsets)
}
