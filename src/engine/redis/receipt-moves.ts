// Moves on Redis: one script for the moves of a user in a room. One who is no participant yet is
// counted first, as what a message keeps is.
import { EngineUnavailable } from '../engine.ts'
import { PARTICIPANT_BYTES } from '../quotas.ts'
import type { Move, Owner, Receipt } from '../receipt-store.ts'
import { type Holder, Reached, type Shares } from '../shares.ts'
import type { Argument } from './link.ts'
import { isRefusal, type Kept, type Permit, type Quotas } from './permit.ts'
import { changeKeys } from './receipt-keys.ts'
import type { ReceiptRooms, ReceiptRoomsParts } from './receipt-rooms.ts'
import { packedName } from './receipt-row.ts'
import type { RoomList } from './room-list.ts'
import { script } from './scripts.ts'

const MOVE_RECEIPTS = script('move-receipts')
/** What one move is in the bound `waitingReceipts`, in bytes. */
const MOVE_BYTES = 64

export interface ReceiptMovesParts extends ReceiptRoomsParts {
  shares: Shares
  quotas: Quotas
  /** All rooms. */
  list: RoomList
  /** Those of each user. */
  rooms: ReceiptRooms
}

/** What came of the moves of a user in one room. */
interface Made extends Kept {
  readonly receipts: Receipt[]
}

interface InRoom {
  readonly room: string
  readonly owner: Owner
  readonly moves: Omit<Move, 'room'>[]
}

export class ReceiptMoves {
  readonly #parts: ReceiptMovesParts

  constructor(parts: ReceiptMovesParts) {
    this.#parts = parts
  }

  /** See `ReceiptStore.move`. */
  async move(owner: Owner, moves: readonly Move[], holder: Holder): Promise<(Receipt | Error)[]> {
    if (moves.length === 0) return []
    const bytes = MOVE_BYTES * moves.length
    const share = this.#parts.shares.take('waitingReceipts', holder, bytes)
    if (share instanceof Reached) throw new EngineUnavailable(share.sentence, share)
    try {
      return await this.#moveIn(byRoom(owner, moves), moves, holder)
    } finally {
      share.release()
    }
  }

  async #moveIn(
    rooms: ReadonlyMap<string, InRoom>,
    moves: readonly Move[],
    holder: Holder,
  ): Promise<(Receipt | Error)[]> {
    const made = new Map<string, Made | EngineUnavailable | null>()
    const all = [...rooms.values()]
    const known = all.map((one) => this.#run(one, 'known').catch(unavailable))
    for (const [at, result] of (await Promise.all(known)).entries()) {
      made.set(all[at]?.room ?? '', result)
    }
    // In their order, since a quota may be enough for some.
    for (const one of all) {
      if (made.get(one.room) !== null) continue
      made.set(one.room, await this.#come(one, holder).catch(unavailable))
    }
    const results = [...made.values()]
    const away = results.find((each) => each instanceof EngineUnavailable && each.full === null)
    if (away instanceof Error && results.every((each) => each instanceof Error)) throw away
    return moves.map(({ room }) => {
      const result = made.get(room) as Made | EngineUnavailable
      return result instanceof Error ? result : (result.receipts.shift() as Receipt)
    })
  }

  async #come(one: InRoom, holder: Holder): Promise<Made> {
    const { quotas, rooms, list } = this.#parts
    const { room, owner } = one
    let isEntered = false
    const wish = { room, holder, bytes: PARTICIPANT_BYTES, hasKey: false }
    try {
      const made = await quotas.within(wish, async (permit) => {
        if (permit === 'repeat') return null
        await rooms.enter(owner.user, room)
        isEntered = true
        return this.#run(one, permit)
      })
      await rooms.enter(owner.user, room)
      if (made.position !== null) await list.add(room).catch(() => {})
      return made
    } catch (error) {
      if (isEntered && isRefusal(error)) await rooms.drop(owner.user, [room]).catch(() => {})
      throw error
    }
  }

  async #run({ room, owner, moves }: InRoom, permit: Permit | 'known'): Promise<Made | null> {
    const { link, keys, reads } = this.#parts
    const run = reads.runOf(room)
    const args: Argument[] = [run, reads.unbornEpoch(run), permit]
    args.push(owner.user, packedName(owner.name))
    for (const { delivered, read, isPrivate } of moves) {
      args.push(textOf(delivered), textOf(read), isPrivate ? '1' : '0')
    }
    const reply = await link.run(MOVE_RECEIPTS, changeKeys(keys, room), args)
    if (reply === null) return null
    const [what, ...offsets] = reply as number[]
    const receipts = moves.map((_, index) => ({
      delivered: offsets[2 * index] ?? 0,
      read: offsets[2 * index + 1] ?? 0,
    }))
    // A room that began counts as one that began with a message.
    return { receipts, repeated: what === 0, position: what === 2 ? { offset: 1 } : null }
  }
}

function byRoom(owner: Owner, moves: readonly Move[]): Map<string, InRoom> {
  const rooms = new Map<string, InRoom>()
  for (const { room, ...move } of moves) {
    const known = rooms.get(room)
    if (known === undefined) rooms.set(room, { room, owner, moves: [move] })
    else known.moves.push(move)
  }
  return rooms
}

function unavailable(error: unknown): EngineUnavailable {
  if (error instanceof EngineUnavailable) return error
  throw error
}

function textOf(offset: number | null): string {
  return offset === null ? '' : String(offset)
}
