// The earlier messages of a room, for its members on this node. Members that return at the same
// time share one read: the newest messages are cached for as long as they are asked for. What lies
// before them is read in small pages.
import { EngineUnavailable } from '../engine/engine.ts'
import type { MessageLog, PageAsker, Retention } from '../engine/message-log.ts'
import { type Holder, Reached, type Share, type Shares } from '../engine/shares.ts'
import type { Message, Position } from '../protocol/message.ts'
import { type Clock, sleep } from '../time/clock.ts'
import type { ReplyFormat } from '../wire/wire-format.ts'
import { EncodedMessages, type Frames } from './encoded-messages.ts'
import { HistoryReads } from './history-reads.ts'
import type { Member } from './member.ts'
import type { Stretch } from './stretch.ts'
import {
  dropBefore,
  dropOld,
  headOf,
  PAGE_MESSAGES,
  type Present,
  presentOf,
  shorten,
  TAIL_BYTES_MAX,
  type Tail,
} from './tail.ts'

/** Bytes of payload in a page for one member: about what it gets without a pause. */
const PAGE_BYTES = 131_072
/** What a tail may take with its encoded messages. */
const TAIL_COST = 2 * TAIL_BYTES_MAX
/** A tail that no member has used for so long is dropped. */
const TAIL_IDLE_MS = 30_000

/** A tail that is being read. Once `#loading` is another one or null, its result is dropped. */
interface Loading {
  /** Messages that are published meanwhile. */
  readonly meanwhile: Message[]
  readonly share: Share
  done: Promise<void>
}

/** How long a joining member waits for a gap to be healed, as a publish waits for an engine. */
const HEALING_MS_MAX = 3_000

export interface HistoryParts {
  log: MessageLog
  clock: Clock
  shares: Pick<Shares, 'take'>
  room: string
  retention: Retention
}

/** For whom a page is read, and of how many bytes of payload, if less than a page may have. */
interface Reader extends Omit<PageAsker, 'queue'> {
  readonly bytes?: number
}

export class History {
  readonly #parts: HistoryParts
  #tail: Tail | null = null
  #loading: Loading | null = null
  #isClosed = false
  /** While a gap is being healed: a read would bring messages that members did not get yet. */
  #healing: Promise<unknown> | null = null
  readonly #reads: HistoryReads
  #redactions = 0
  readonly #encoded: EncodedMessages

  constructor(parts: HistoryParts) {
    this.#parts = parts
    this.#reads = new HistoryReads(parts)
    this.#encoded = new EncodedMessages(parts.room)
  }

  /** How often messages were redacted while the room was open; for comparisons alone. */
  get redactionsSeen(): number {
    return this.#redactions
  }

  /** A message was published. MUST be called for each, in order. */
  push(message: Message): void {
    if (message.epoch === null) return
    this.#loading?.meanwhile.push(message)
    if (this.#tail !== null) this.#extend(this.#tail, message)
  }

  /** Drops the cached tail and a read that is under way: they are no longer true. */
  forget(): void {
    this.#tail?.share.release()
    this.#tail = null
    this.#loading = null
    this.#encoded.clear()
  }

  /** The message at this offset is a tombstone now. */
  redacted(offset: number): void {
    this.#redactions += 1
    this.#reads.redacted(offset)
    this.forget()
  }

  /** All messages of this user are tombstones now; a tail with none of them stays. */
  userRedacted(user: string): void {
    this.#redactions += 1
    this.#reads.userRedacted(user)
    const isIn = this.#tail?.messages.some((message) => message.user === user) ?? false
    if (isIn || this.#loading !== null) this.forget()
  }

  /** More messages than one are gone: pages that are being read are read again. */
  voidAll(): void {
    this.#redactions += 1
    this.#reads.voidAll()
    this.forget()
  }

  /** The room has closed: nothing is kept from now on. */
  close(): void {
    this.#isClosed = true
    this.forget()
  }

  /** Drops a tail that no member has used in a while. Called every few seconds. */
  sweep(elapsed: number): void {
    if (this.#tail && elapsed - this.#tail.usedAt > TAIL_IDLE_MS) this.forget()
    if (this.#tail) this.#dropOld(this.#tail)
  }

  /** Messages before this offset are not shown any more. */
  hide(before: number): void {
    // A read that is under way may bring them.
    this.#loading = null
    if (this.#tail === null) return
    // Of a room of which nothing is left even the epoch may be another one soon.
    if (before > headOf(this.#tail).offset) this.forget()
    else dropBefore(this.#tail, before)
  }

  /** What is kept here is no longer true, and reads wait until the gap is healed. */
  suspend(heal: () => Promise<unknown>): void {
    this.voidAll()
    const healing = heal()
    this.#healing = healing
    void healing.finally(() => {
      if (this.#healing === healing) this.#healing = null
    })
  }

  /** A client that knows more than this node has heard it on another one: the log is asked. */
  async reach(known: Position): Promise<void> {
    const { log, room } = this.#parts
    if (this.#tail !== null && isBehind(headOf(this.#tail), known)) await log.head(room)
  }

  /** Covers no message that members were not told. Rejects with EngineUnavailable, as all reads. */
  async present(): Promise<Present> {
    const { log, room, retention } = this.#parts
    for (;;) {
      if (this.#healing !== null) await this.#whole()
      if (this.#tail !== null) return presentOf(this.#tail)
      const present = await log.summary(room, retention)
      // A gap that began meanwhile is healed first: what is in it is shown already.
      if (this.#healing === null) return present
    }
  }

  /** Messages after an offset, oldest first; there may be more of them than one read brings. */
  async after(offset: number, reader: Reader): Promise<Stretch> {
    if (this.#healing !== null) await this.#whole()
    await this.#haveTail(reader.holder)
    const tail = this.#tail
    if (tail === null || offset < tail.after) return this.page(offset, reader)
    tail.usedAt = this.#parts.clock.elapsed()
    this.#dropOld(tail)
    return { ...presentOf(tail), messages: tail.messages.slice(Math.max(0, offset - tail.after)) }
  }

  /** The position after which the newest `count` messages come, or all that are kept. */
  async beforeLast(count: number): Promise<Position> {
    if (this.#healing !== null) await this.#whole()
    const { log, room, retention } = this.#parts
    const { head, oldest } = await log.summary(room, retention)
    return { ...head, offset: Math.max(head.offset - count, oldest - 1) }
  }

  /** Messages after an offset, directly from the engine. */
  page(after: number, { bytes = PAGE_BYTES, ...reader }: Reader): Promise<Stretch> {
    const most = { bytes: Math.min(bytes, PAGE_BYTES), limit: PAGE_MESSAGES }
    return this.#reads.page({ after, order: 'asc', ...most }, reader)
  }

  /** See `EncodedMessages`. */
  buffersFor(member: Member, messages: readonly Message[], most: number): Iterable<Frames> {
    return this.#encoded.buffersFor(member, messages, most)
  }

  itemOf(replies: ReplyFormat, message: Message): Buffer {
    return this.#encoded.itemOf(replies, message)
  }

  /** Rejects where the engine is away for longer: the client returns later. */
  async #whole(): Promise<void> {
    const { clock } = this.#parts
    const deadline = clock.elapsed() + HEALING_MS_MAX
    while (this.#healing !== null) {
      await Promise.race([this.#healing, sleep(clock, deadline - clock.elapsed())])
      if (this.#healing !== null && clock.elapsed() >= deadline) {
        throw new EngineUnavailable('What the room missed cannot be read yet.')
      }
    }
  }

  /** Where the holder's part of all tails is used up, there is none, and members read pages. */
  async #haveTail(holder: Holder): Promise<void> {
    if (this.#tail !== null) return
    this.#loading ??= this.#load(holder)
    await this.#loading?.done
  }

  #load(holder: Holder): Loading | null {
    if (this.#isClosed) return null
    const share = this.#parts.shares.take('tails', holder, TAIL_COST)
    if (share instanceof Reached) return null
    const loading: Loading = { share, meanwhile: [], done: Promise.resolve() }
    loading.done = this.#loadTail(loading, holder).finally(() => {
      if (this.#loading === loading) this.#loading = null
      if (this.#tail?.share !== share) share.release()
    })
    return loading
  }

  async #loadTail(loading: Loading, holder: Holder): Promise<void> {
    const bounds = { bytes: TAIL_BYTES_MAX, limit: PAGE_MESSAGES } as const
    const query = { after: null, order: 'desc', ...bounds } as const
    const { head, redactions, messages } = await this.#reads.page(query, { holder })
    messages.reverse()
    if (this.#loading !== loading) return
    const tail: Tail = {
      share: loading.share,
      redactions,
      epoch: head.epoch,
      after: (messages[0]?.offset ?? head.offset + 1) - 1,
      messages,
      bytes: messages.reduce((sum, { payload }) => sum + payload.length, 0),
      usedAt: this.#parts.clock.elapsed(),
    }
    this.#tail = tail
    for (const message of loading.meanwhile) {
      if (message.offset > head.offset) this.#extend(tail, message)
    }
    shorten(tail)
  }

  #extend(tail: Tail, message: Message): void {
    const follows = message.epoch === tail.epoch && message.offset === headOf(tail).offset + 1
    if (!follows) return this.forget()
    // A payload may be a part of a large buffer: without a copy the tail would keep all of that.
    tail.messages.push({ ...message, payload: Buffer.from(message.payload) })
    tail.bytes += message.payload.length
    shorten(tail)
  }

  #dropOld(tail: Tail): void {
    const { clock, retention } = this.#parts
    dropOld(tail, retention, clock.now())
  }
}

function isBehind(head: Position, { epoch, offset }: Position): boolean {
  return head.epoch === epoch && head.offset < offset
}
