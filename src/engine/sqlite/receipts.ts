// The receipts on SQLite's threads. Moves that come while others are being kept go together, and
// with the messages that wait: none has a sync of its own.
import type { Clock } from '../../time/clock.ts'
import type { Bounds } from '../bounds.ts'
import { EngineUnavailable } from '../engine.ts'
import type { ReceiptWatches } from '../memory/receipt-watches.ts'
import { overQuota } from '../quota-refusals.ts'
import {
  byTime,
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
} from '../receipt-store.ts'
import { type Holder, Reached, type Share, type Shares } from '../shares.ts'
import { DAY_MS, quotaHolderOf } from './daily-use.ts'
import { Gathered } from './gathered.ts'
import { type MoveAnswers, type MovesToMake, NOT_MOVED, packMoves } from './packed-moves.ts'
import type { ReadQueues } from './read-queues.ts'
import type { ReceiptReads, Slice } from './receipt-reads.ts'
import type { ReceiptWrites, SeenUser } from './receipt-writes.ts'
import type { StoreSpace } from './store-space.ts'
import type { SqliteThread } from './thread.ts'

/** Moves that are made in one call, and rooms in which users are seen: some 20 ms each. */
const MOVES_AT_ONCE = 2_048
/** Calls that say who is connected and may wait; a later one says it again. */
const SEEN_MAX = 10_000
/** What one move is in the bound `waitingReceipts`, in bytes. */
const MOVE_BYTES = 64
/** Rooms from which a user is removed in one transaction. */
const REMOVED_AT_ONCE = 500

interface WaitingMoves extends MovesToMake {
  /** Null for a call without moves. */
  readonly share: Share | null
  resolve(results: (Receipt | Error)[]): void
  reject(error: Error): void
}

interface WaitingSeen extends SeenUser {
  resolve(): void
  reject(error: Error): void
}

export interface SqliteReceiptsParts {
  writer: SqliteThread<ReceiptWrites>
  reader: SqliteThread<ReceiptReads>
  clock: Clock
  bounds: Bounds
  space: Pick<StoreSpace, 'refusal'>
  shares: Shares
  queues: ReadQueues
  watches: ReceiptWatches
}

export class SqliteReceipts implements ReceiptStore {
  readonly #parts: SqliteReceiptsParts
  readonly #moves: Gathered<WaitingMoves>
  readonly #seen: Gathered<WaitingSeen>

  constructor(parts: SqliteReceiptsParts) {
    this.#parts = parts
    this.#moves = new Gathered({
      most: MOVES_AT_ONCE,
      sizeOf: ({ moves }) => moves.length,
      begin: (calls) => {
        for (const { share } of calls) share?.release()
      },
      send: (calls) => this.#send(calls),
    })
    this.#seen = new Gathered({
      most: MOVES_AT_ONCE,
      sizeOf: ({ rooms }) => rooms.length,
      begin: () => {},
      send: (calls) => this.#sendSeen(calls),
    })
  }

  /** Calls that were not sent yet. */
  get waiting(): number {
    return this.#moves.waiting + this.#seen.waiting
  }

  /** Resolves when all that was accepted so far has its answer. */
  async settled(): Promise<void> {
    await this.#moves.settled()
    await this.#seen.settled()
  }

  /** As `SqliteLog.giveUp`. */
  giveUp(reason: string): void {
    this.#moves.giveUp(reason)
    this.#seen.giveUp(reason)
  }

  move(owner: Owner, moves: readonly Move[], holder: Holder): Promise<(Receipt | Error)[]> {
    const { writer, shares } = this.#parts
    if (moves.length === 0) return Promise.resolve([])
    if (writer.away !== null) return Promise.reject(new EngineUnavailable(writer.away))
    const share = shares.take('waitingReceipts', holder, MOVE_BYTES * moves.length)
    if (share instanceof Reached) {
      return Promise.reject(new EngineUnavailable(share.sentence, share))
    }
    return new Promise((resolve, reject) => {
      this.#moves.add({ owner, moves, holder: quotaHolderOf(holder), share, resolve, reject })
    })
  }

  async add(room: string, owner: Owner, holder: Holder): Promise<void> {
    const none = { room, delivered: null, read: null, isPrivate: false }
    const [result] = await this.move(owner, [none], holder)
    if (result instanceof Error) throw result
  }

  async remove(room: string, user: string): Promise<boolean> {
    const { writer, watches } = this.#parts
    await this.#movesAreSent()
    const wasOne = await writer.call('removeParticipant', { room, user })
    if (wasOne) watches.tell(room)
    return wasOne
  }

  async removeUser(user: string): Promise<void> {
    const { writer, watches } = this.#parts
    await this.#movesAreSent()
    for (let more = true; more; ) {
      const some = await writer.call('removeFromRooms', { user, limit: REMOVED_AT_ONCE })
      for (const room of some.rooms) watches.tell(room)
      more = some.more
    }
  }

  /** A move that waits, and was made before a removal, must not bring the user back after it. */
  async #movesAreSent(): Promise<void> {
    if (this.#moves.waiting === 0) return
    const owner = { user: '', name: null }
    await new Promise((resolve, reject) => {
      this.#moves.add({ owner, moves: [], holder: null, share: null, resolve, reject })
    })
  }

  seen(user: string, rooms: readonly string[]): Promise<void> {
    const { writer } = this.#parts
    const isFull = this.#seen.waiting >= SEEN_MAX
    const reason = isFull ? 'Too many connections are noted at once.' : writer.away
    if (reason !== null) return Promise.reject(new EngineUnavailable(reason))
    return new Promise((resolve, reject) => {
      this.#seen.add({ user, rooms, resolve, reject })
    })
  }

  own(room: string, user: string): Promise<Receipt | null> {
    return this.#parts.reader.call('ownReceipt', { room, user })
  }

  sums(room: string, most: number): Promise<ReceiptSums> {
    return this.#parts.reader.call('receiptSums', { room, most, now: this.#parts.clock.now() })
  }

  participants(room: string, most: number): Promise<readonly Participant[] | null> {
    const args = { room, most, now: this.#parts.clock.now() }
    return this.#parts.reader.callAlone('participantsIn', args)
  }

  rooms({ holder, user, before, limit }: ParticipantQuery): Promise<ParticipantRoom[]> {
    return this.#parts.queues.pages.run(holder, async () => {
      let found: ParticipantRoom[] = []
      let after: number | null = 0
      while (after !== null) {
        const { rooms, next }: Slice = await this.#parts.reader.callAlone('roomsOfUser', {
          ...{ user, after, before, limit },
        })
        found = [...found, ...rooms].sort(byTime).slice(0, limit)
        after = next
      }
      return found
    })
  }

  async watch(room: string, onChanged: OnReceipts): Promise<ReceiptWatch> {
    return this.#parts.watches.watch(room, onChanged)
  }

  async #send(calls: readonly WaitingMoves[]): Promise<void> {
    const { writer, space, clock, watches } = this.#parts
    const full = space.refusal
    const time = clock.now()
    const packed = packMoves(calls, { mayGrow: full === null, time })
    const answers = await writer.call('moveReceipts', packed)
    for (const at of answers.changed) watches.tell(packed.rooms[at] ?? '')
    let first = 0
    for (const { moves, resolve } of calls) {
      resolve(moves.map((_, index) => this.#resultOf(answers, first + index, { time, full })))
      first += moves.length
    }
  }

  #resultOf(
    { delivered, read }: MoveAnswers,
    index: number,
    { time, full }: { time: number; full: EngineUnavailable | null },
  ): Receipt | Error {
    const offset = delivered[index] ?? 0
    if (offset >= 0) return { delivered: offset, read: read[index] ?? 0 }
    if (offset === NOT_MOVED.storeFull && full !== null) return full
    const quota = offset === NOT_MOVED.newRooms ? 'newRooms' : 'storedBytes'
    return overQuota(quota, this.#parts.bounds, DAY_MS - (time % DAY_MS))
  }

  async #sendSeen(seen: readonly WaitingSeen[]): Promise<void> {
    const args = seen.map(({ user, rooms }) => ({ user, rooms: [...rooms] }))
    await this.#parts.writer.call('noteSeen', { seen: args, now: this.#parts.clock.now() })
    for (const { resolve } of seen) resolve()
  }
}
