// Who belongs to a room and how far they have got, on Redis: a hash of participants for each room,
// and sorted sets of those who are not away, whose first two are all that watermarks need.
//
// An epoch that ends because messages were lost goes on with the offsets that are left, and so do
// receipts, which are lost with them: no offset ever begins again while a room has participants.
import type { Clock } from '../../time/clock.ts'
import {
  AWAY_AFTER_MS,
  type Move,
  type OnReceipts,
  type Owner,
  type Participant,
  type ParticipantQuery,
  type ParticipantRoom,
  type Receipt,
  type ReceiptStore,
  type ReceiptSums,
  type ReceiptWatch,
  type Smallest,
} from '../receipt-store.ts'
import { SharedWork } from '../shared-work.ts'
import type { Holder, Shares } from '../shares.ts'
import type { Keys } from './keys.ts'
import type { RedisLink, Reply } from './link.ts'
import { LogReads } from './log-reads.ts'
import { stateIn } from './log-state.ts'
import type { Quotas } from './permit.ts'
import { changeKeys, participantsKey, receiptKeys } from './receipt-keys.ts'
import { ReceiptMoves } from './receipt-moves.ts'
import { ReceiptRooms } from './receipt-rooms.ts'
import { rowIn } from './receipt-row.ts'
import { RedisReceiptWatches } from './receipt-watches.ts'
import { RoomList } from './room-list.ts'
import { script } from './scripts.ts'

const REMOVE = script('remove-participant')
const NOTE_SEEN = script('note-seen')
const SUMS = script('receipt-sums')
const LIST = script('list-participants')
/** Lists of a user's rooms that are read at once: each asks about all of them. */
const LISTS_AT_ONCE = 4

export interface RedisReceiptsParts {
  link: RedisLink
  keys: Keys
  clock: Clock
  shares: Shares
  quotas: Quotas
}

export class RedisReceipts implements ReceiptStore {
  readonly #parts: RedisReceiptsParts
  readonly #reads: LogReads
  readonly #rooms: ReceiptRooms
  readonly #moves: ReceiptMoves
  readonly #watches: RedisReceiptWatches
  readonly #lists: SharedWork

  constructor(parts: RedisReceiptsParts) {
    const reads = new LogReads(parts)
    const rooms = new ReceiptRooms({ ...parts, reads })
    const list = new RoomList({ ...parts, reads })
    this.#parts = parts
    this.#reads = reads
    this.#rooms = rooms
    this.#moves = new ReceiptMoves({ ...parts, reads, rooms, list })
    this.#watches = new RedisReceiptWatches(parts)
    this.#lists = new SharedWork(parts.shares, 'pages', LISTS_AT_ONCE)
  }

  /** The link stays open. */
  close(): void {
    this.#watches.close()
  }

  move(owner: Owner, moves: readonly Move[], holder: Holder): Promise<(Receipt | Error)[]> {
    return this.#moves.move(owner, moves, holder)
  }

  async add(room: string, owner: Owner, holder: Holder): Promise<void> {
    const none = { room, delivered: null, read: null, isPrivate: false }
    const [result] = await this.#moves.move(owner, [none], holder)
    if (result instanceof Error) throw result
  }

  async remove(room: string, user: string): Promise<boolean> {
    const wasOne = await this.#remove(room, user)
    await this.#rooms.drop(user, [room])
    return wasOne
  }

  async removeUser(user: string): Promise<void> {
    for await (const rooms of this.#rooms.names(user)) {
      await Promise.all(rooms.map((room) => this.#remove(room, user)))
      await this.#rooms.drop(user, rooms)
    }
  }

  async seen(user: string, rooms: readonly string[]): Promise<void> {
    const { link, keys } = this.#parts
    await Promise.all(
      rooms.map(async (room) => {
        const names = [participantsKey(keys, room), keys.room(room, 'rs')] as const
        const isNoted = (await link.run(NOTE_SEEN, [...names], [user])) === 1
        // It may have been lost where the list of the user's rooms is.
        if (isNoted) await this.#rooms.enter(user, room)
      }),
    )
  }

  async own(room: string, user: string): Promise<Receipt | null> {
    const { link, keys } = this.#parts
    const key = participantsKey(keys, room)
    const row = (await link.send(key, ['HGET', key, user])) as Buffer | null
    if (row === null) return null
    const { ownDelivered: delivered, ownRead: read } = rowIn(row)
    return { delivered, read }
  }

  async sums(room: string, most: number): Promise<ReceiptSums> {
    const { link, keys } = this.#parts
    for (;;) {
      const run = this.#reads.runOf(room)
      const reply = await link.run(SUMS, receiptKeys(keys, room), [String(most)])
      const [at = null, count, joined, delivered, read] = reply as Reply[]
      // Many went away: the rest of them is taken out.
      if (joined === 0) continue
      const { epoch } = stateIn([at], this.#reads.unbornEpoch(run), run)
      const sums = { joined: smallest(joined), delivered: smallest(delivered) }
      return { epoch, participants: Number(count), ...sums, read: smallest(read) }
    }
  }

  async participants(room: string, most: number): Promise<readonly Participant[] | null> {
    const { link, keys } = this.#parts
    const reply = await link.run(LIST, [participantsKey(keys, room)], [String(most)])
    if (reply === null) return null
    const [time, list] = reply as [number, Buffer[]]
    return participantsIn(list, time)
  }

  rooms({ holder, ...query }: ParticipantQuery): Promise<ParticipantRoom[]> {
    return this.#lists.run(holder, () => this.#rooms.list(query))
  }

  watch(room: string, onChanged: OnReceipts): Promise<ReceiptWatch> {
    return this.#watches.watch(room, onChanged)
  }

  async #remove(room: string, user: string): Promise<boolean> {
    const { link, keys } = this.#parts
    return (await link.run(REMOVE, changeKeys(keys, room), [user])) === 1
  }
}

/** Users and their offsets, one after the other. */
function smallest(reply: Reply | undefined): Smallest | null {
  if (reply === undefined) return null
  return (reply as Reply[]).filter((_, at) => at % 2 === 1).map(Number)
}

/** Users and what is kept of them, one after the other; by user, by code points. */
function participantsIn(list: readonly Buffer[], now: number): Participant[] {
  const found: { bytes: Buffer; participant: Participant }[] = []
  for (let at = 0; at + 1 < list.length; at += 2) {
    const bytes = list[at] as Buffer
    const { name, joined, delivered, read, ...rest } = rowIn(list[at + 1] as Buffer)
    const isAway = rest.seenAt <= now - AWAY_AFTER_MS
    const readsPrivately = rest.readsPrivately === 1
    const shown = { name, joined, delivered, read, readsPrivately, isAway }
    found.push({ bytes, participant: { user: String(bytes), ...shown } })
  }
  return found
    .sort((one, other) => Buffer.compare(one.bytes, other.bytes))
    .map(({ participant }) => participant)
}
