// Moves of receipts on their way to the thread that keeps them: columns, because a structured clone
// of many small objects costs more than the commit.
import type { Move, Owner } from '../receipt-store.ts'

/** Moves of one owner. A move without any offset only makes the owner a participant. */
export interface MovesToMake {
  owner: Owner
  /** Whose quotas of the day a new participation counts for; null for none. */
  holder: string | null
  moves: readonly Move[]
}

/** The same in columns: entry `i` of the last five belongs to move `i`. */
export interface PackedMoves {
  rooms: string[]
  owners: Owner[]
  holders: (string | null)[]
  /** Whether users may become participants: not where the store is full. */
  mayGrow: boolean
  time: number
  /** Which of `owners` and `holders`. */
  owner: number[]
  /** Which of `rooms`. */
  room: number[]
  delivered: (number | null)[]
  read: (number | null)[]
  isPrivate: boolean[]
}

/** Stands in place of an offset: why a move was not made. */
export const NOT_MOVED = { storedBytes: -2, newRooms: -3, storeFull: -4 } as const

export interface MoveAnswers {
  /** The user's own pair after each move, or a value of NOT_MOVED and 0. */
  delivered: number[]
  read: number[]
  /** Rooms whose sums may be others now, as numbers of `rooms`. */
  changed: number[]
}

export function packMoves(
  calls: readonly MovesToMake[],
  rest: Pick<PackedMoves, 'mayGrow' | 'time'>,
): PackedMoves {
  const rooms = new Map<string, number>()
  const columns = {
    owner: [] as number[],
    room: [] as number[],
    delivered: [] as (number | null)[],
    read: [] as (number | null)[],
    isPrivate: [] as boolean[],
  }
  for (const [index, { moves }] of calls.entries()) {
    for (const { room, delivered, read, isPrivate } of moves) {
      const known = rooms.get(room) ?? rooms.size
      rooms.set(room, known)
      columns.owner.push(index)
      columns.room.push(known)
      columns.delivered.push(delivered)
      columns.read.push(read)
      columns.isPrivate.push(isPrivate)
    }
  }
  const owners = calls.map(({ owner: { user, name } }) => ({ user, name }))
  return { ...columns, ...rest, rooms: [...rooms.keys()], owners, holders: calls.map(holderIn) }
}

function holderIn({ holder }: MovesToMake): string | null {
  return holder
}
