// The log of rooms with history on SQLite's threads. Drafts that come in while a commit is under
// way are kept together by the next one, and delivered in its order when it is on disk.
import type { Draft, Position } from '../../protocol/message.ts'
import type { Clock } from '../../time/clock.ts'
import type { Bounds } from '../bounds.ts'
import { EngineUnavailable } from '../engine.ts'
import type { Followers } from '../memory/followers.ts'
import type { ReceiptWatches } from '../memory/receipt-watches.ts'
import type {
  Appended,
  KeptRoom,
  Page,
  PageQuery,
  Retention,
  RoomQuery,
  RoomSummary,
  StoredDraft,
} from '../message-log.ts'
import { Reached, type Share, type Shares } from '../shares.ts'
import { quotaHolderOf } from './daily-use.ts'
import { draftRefusal } from './draft-refusals.ts'
import { type KeptArgs, keptMessage, type MessageReads, messageFrom } from './message-reads.ts'
import type { MessageWrites } from './message-writes.ts'
import { COMMIT_DRAFTS_MAX, type OffsetsUnderway } from './offsets-underway.ts'
import { type DraftToKeep, NOT_KEPT, type PackedAnswers, pack } from './packed-drafts.ts'
import type { ReadQueues } from './read-queues.ts'
import type { RoomListReads } from './room-list.ts'
import type { StoredLog } from './split-log.ts'
import type { StoreSpace } from './store-space.ts'
import type { SqliteThread } from './thread.ts'

/** As COMMIT_DRAFTS_MAX: further drafts wait for the next commit, so that none takes long. */
const COMMIT_BYTES_MAX = 4 * 1024 * 1024
/** Changes of more than one message that may wait: further ones are refused at once. */
const CHANGES_MAX = 1_000
/** Changes in one transaction: all rooms of a node are told of each, in one turn. */
const CHANGES_AT_ONCE = 16
/** Bytes that are delivered in one turn: a reader's outbox holds a few times as much. */
const TURN_BYTES = 262_144

interface Waiting extends DraftToKeep, Draft {
  /** Its share of the bound `waitingForDisk`, given back when its commit begins. */
  readonly share: Share
  resolve(appended: Appended): void
  reject(error: Error): void
}

/** A change of more than one message. */
interface Change {
  /** Resolves when its followers were told, or when it was refused. */
  run(): Promise<void>
  reject(error: Error): void
}

export interface SqliteLogParts {
  writer: SqliteThread<MessageWrites>
  /** Shared with the writer. */
  offsets: OffsetsUnderway
  reader: SqliteThread<MessageReads & RoomListReads>
  clock: Clock
  bounds: Bounds
  space: StoreSpace
  followers: Followers
  shares: Shares
  queues: ReadQueues
  watches: ReceiptWatches
}

export class SqliteLog implements StoredLog {
  readonly #parts: SqliteLogParts
  #waiting: Waiting[] = []
  /** Drafts that are being committed, until their followers were told, and their rooms. */
  #underway: readonly Waiting[] = []
  #rooms: readonly string[] = []
  /** Reads that show something of that commit, and wait for its answer. */
  #reads: Pick<Waiting, 'reject'>[] = []
  #committing: Promise<void> | null = null
  /** They come between two commits, and are told before the next. */
  readonly #changes: Change[] = []
  #changing: readonly Change[] = []

  constructor(parts: SqliteLogParts) {
    this.#parts = parts
  }

  /** Drafts that have no answer yet. */
  get waiting(): number {
    return this.#waiting.length
  }

  append({ room, draft, retention, key, holder, author = null }: StoredDraft): Promise<Appended> {
    const { writer, space } = this.#parts
    if (writer.away !== null) return Promise.reject(new EngineUnavailable(writer.away))
    if (space.refusal !== null) return Promise.reject(space.refusal)
    const share = this.#parts.shares.take('waitingForDisk', holder, draft.payload.length)
    if (share instanceof Reached) {
      return Promise.reject(new EngineUnavailable(share.sentence, share))
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({
        ...draft,
        ...{ room, retention, share, author, resolve, reject },
        key: key === null ? null : JSON.stringify([room, key.sender, key.value]),
        holder: quotaHolderOf(holder),
        keyAddress: key === null ? null : holder.address,
        time: this.#parts.clock.now(),
      })
      this.#next()
    })
  }

  async head(room: string): Promise<Position> {
    const head = await this.#parts.reader.call('headOf', { room })
    await this.#told(room, head.offset)
    return head
  }

  async summary(room: string, retention: Retention): Promise<RoomSummary> {
    const summary = await this.#parts.reader.call('summaryOf', this.#keptArgs(room, retention))
    await this.#told(room, summary.head.offset)
    return summary
  }

  async read(room: string, { retention, asker, ...query }: PageQuery): Promise<Page> {
    const args = { ...query, ...this.#keptArgs(room, retention) }
    const { messages, ...summary } = await this.#parts.queues[asker.queue].run(asker.holder, () => {
      if (asker.isWanted?.() === false) throw new EngineUnavailable('The page is not wanted.')
      return this.#parts.reader.callAlone('readMessages', args)
    })
    await this.#told(room, summary.head.offset)
    const { epoch } = summary.head
    return { ...summary, messages: messages.map((row) => messageFrom(row, epoch)) }
  }

  #keptArgs(room: string, retention: Retention): KeptArgs {
    return { room, now: this.#parts.clock.now(), retention }
  }

  async list({ holder, ...query }: RoomQuery): Promise<KeptRoom[]> {
    const { queues, reader } = this.#parts
    return queues.pages.run(holder, () => reader.callAlone('listRooms', query))
  }

  deleteRoom(room: string): Promise<boolean> {
    const { writer, followers } = this.#parts
    return this.#betweenCommits(async () => {
      const end = await writer.call('deleteRoom', { room })
      if (end !== null) followers.of(room)?.onGap(end)
      return end !== null
    })
  }

  redactUser(user: string): Promise<void> {
    const { writer, followers } = this.#parts
    return this.#betweenCommits(async () => {
      await writer.call('redactUser', { user })
      for (const follower of followers.all()) follower.onUserRedacted(user)
    })
  }

  #betweenCommits<Result>(change: () => Promise<Result>): Promise<Result> {
    const isFull = this.#changes.length >= CHANGES_MAX
    const reason = isFull ? 'Too many changes wait for the store.' : this.#parts.writer.away
    if (reason !== null) return Promise.reject(new EngineUnavailable(reason))
    return new Promise((resolve, reject) => {
      this.#changes.push({ run: () => change().then(resolve, reject), reject })
      this.#next()
    })
  }

  /** Resolves when every draft that was appended so far has its answer. */
  async settled(): Promise<void> {
    while (this.#committing !== null) await this.#committing
  }

  async redact(room: string, offset: number, epoch?: string): Promise<boolean> {
    const { writer, clock, followers } = this.#parts
    const target = { room, offset, epoch, now: clock.now() }
    if (!(await writer.call('redactMessage', target))) return false
    await this.#told(room, offset).catch(() => this.#committing)
    followers.of(room)?.onRedacted(offset)
    return true
  }

  /**
   * The store does not answer: refuses drafts and changes that wait, of which none is kept, and
   * drafts that are being committed, of which that is unknown. If they are kept, their followers
   * are told of them when the commit ends, so that a member has no gap.
   */
  giveUp(reason: string): void {
    const waiting = this.#waiting.splice(0)
    for (const { share } of waiting) share.release()
    refuse(waiting, new EngineUnavailable(reason))
    refuse(this.#changes.splice(0), new EngineUnavailable(reason))
    refuse(this.#reads.splice(0), new EngineUnavailable(reason))
    refuse([...this.#underway, ...this.#changing], new EngineUnavailable(reason, null, 'unknown'))
  }

  /**
   * Waits for the commit under way where a read with this newest offset shows something of it: the
   * reader sees a commit before the writer's answer is here. By then the room's follower was told
   * all that the read shows. Any other read goes on, however long the disk takes.
   */
  async #told(room: string, newest: number): Promise<void> {
    const first = this.#parts.offsets[this.#rooms.indexOf(room)] ?? 0
    if (first === 0 || first > newest) return
    await new Promise<void>((resolve, reject) => {
      this.#reads.push({ reject })
      void this.#committing?.then(resolve)
    })
  }

  /** Changes and commits take turns: neither waits for more than one transaction of the other. */
  #next(): void {
    if (this.#committing !== null) return
    const isDraftsTurn = this.#changing.length > 0 && this.#waiting.length > 0
    this.#changing = isDraftsTurn ? [] : this.#changes.splice(0, CHANGES_AT_ONCE)
    if (this.#changing.length > 0) this.#run(this.#change())
    else if (this.#waiting.length > 0) this.#run(this.#commit())
  }

  async #change(): Promise<void> {
    await Promise.all(this.#changing.map(({ run }) => run()))
  }

  #commit(): Promise<void> {
    const drafts = this.#take()
    const packed = pack(drafts)
    this.#underway = drafts
    this.#rooms = packed.rooms
    this.#parts.offsets.fill(0, 0, packed.rooms.length)
    return this.#parts.writer
      .call('keepMessages', packed, [packed.bytes.buffer as ArrayBuffer])
      .then((answers) => {
        for (const room of answers.moved) this.#parts.watches.tell(packed.rooms[room] ?? '')
        return this.#settle(drafts, answers)
      })
      .catch((error) => refuse(drafts, error))
  }

  /** One at a time; it MUST NOT reject. */
  #run(work: Promise<void>): void {
    this.#committing = work.finally(() => {
      this.#underway = []
      this.#rooms = []
      this.#reads = []
      this.#committing = null
      this.#next()
    })
  }

  #take(): Waiting[] {
    let bytes = 0
    let count = 0
    for (const { payload, share } of this.#waiting) {
      if (count === COMMIT_DRAFTS_MAX || (count > 0 && bytes > COMMIT_BYTES_MAX)) break
      share.release()
      bytes += payload.length
      count += 1
    }
    return this.#waiting.splice(0, count)
  }

  /** Delivers and answers in the order of the log, in one turn not more than a socket takes. */
  async #settle(drafts: readonly Waiting[], answers: PackedAnswers): Promise<void> {
    const { epochs, offset, repeats } = answers
    let bytes = 0
    const epochOf = new Map(
      [...new Set(drafts.map(({ room }) => room))].map((room, index) => [
        room,
        epochs[index] ?? '',
      ]),
    )
    for (const [index, draft] of drafts.entries()) {
      bytes += draft.payload.length
      if (bytes > TURN_BYTES) {
        await new Promise<void>((resolve) => this.#parts.clock.endOfTurn(resolve))
        bytes = draft.payload.length
      }
      const at = offset[index] ?? NOT_KEPT.otherBody
      if (at <= NOT_KEPT.otherBody) {
        draft.reject(draftRefusal(at, this.#parts.bounds, this.#parts.clock.now()))
        continue
      }
      const first = repeats.get(index)
      const epoch = first?.epoch ?? epochOf.get(draft.room) ?? ''
      const position = { epoch, offset: at }
      if (first !== undefined) draft.resolve({ position, time: first.time, repeated: true })
      else {
        this.#parts.followers.of(draft.room)?.onMessage(keptMessage(draft, position))
        draft.resolve({ position, time: draft.time, repeated: false })
      }
    }
  }
}

function refuse(calls: readonly Pick<Waiting, 'reject'>[], error: Error): void {
  for (const { reject } of calls) reject(error)
}
