// The earlier messages of a room, for its members on this node. Members that return at the same
// time share one read: the newest messages are cached for as long as they are asked for. What lies
// before them is read in small pages.
import { EngineUnavailable } from '../engine/engine.ts'
import type { MessageLog, Page, PageAsker, PageQuery, Retention } from '../engine/message-log.ts'
import { type Holder, Reached, type Share, type Shares } from '../engine/shares.ts'
import type { MessageEvent } from '../protocol/event.ts'
import type { Message, Position } from '../protocol/message.ts'
import { type Clock, sleep } from '../time/clock.ts'
import type { ReplyFormat, WireFormat } from '../wire/wire-format.ts'
import type { Member } from './member.ts'
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

const NO_WORDS = Buffer.alloc(0)
/** What a frame may have besides twice its payload, to be kept. */
const FRAME_BYTES_MAX = 1_024
/** How long a joining member waits for a gap to be healed, as a publish waits for an engine. */
const HEALING_MS_MAX = 3_000

export interface HistoryParts {
  log: MessageLog
  clock: Clock
  shares: Pick<Shares, 'take'>
  room: string
  retention: Retention
}

/** Messages without a hole, and the room as it was when they were read. */
export interface Stretch extends Present {
  readonly messages: Message[]
}

/** For whom a page is read, and of how many bytes of payload, if less than a page may have. */
interface Reader extends Omit<PageAsker, 'queue'> {
  readonly bytes?: number
}

/** Frames for one member, and the offset of the last message in them. */
export interface Frames {
  readonly bytes: Buffer
  readonly upTo: number
}

export class History {
  readonly #parts: HistoryParts
  #tail: Tail | null = null
  #loading: Loading | null = null
  #isClosed = false
  /** While a gap is being healed: a read would bring messages that members did not get yet. */
  #healing: Promise<unknown> | null = null
  /** Each message is encoded once per format, however many members ask for it. */
  #encoded = new Map<WireFormat | ReplyFormat, WeakMap<Message, Buffer>>()

  constructor(parts: HistoryParts) {
    this.#parts = parts
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
  suspend(healing: Promise<unknown>): void {
    this.forget()
    this.#healing = healing
    void healing.finally(() => {
      if (this.#healing === healing) this.#healing = null
    })
  }

  /** The room's newest position. Rejects with EngineUnavailable, as all reads here do. */
  async head(): Promise<Position> {
    if (this.#healing !== null) await this.#whole()
    return this.#tail === null ? this.#parts.log.head(this.#parts.room) : headOf(this.#tail)
  }

  async present(): Promise<Present> {
    if (this.#healing !== null) await this.#whole()
    const { log, room, retention } = this.#parts
    return this.#tail === null ? log.summary(room, retention) : presentOf(this.#tail)
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
    return this.#read({ after, order: 'asc', bytes: Math.min(bytes, PAGE_BYTES) }, reader)
  }

  /** A message in the bytes of a format. */
  frameOf(format: WireFormat, message: Message): Buffer {
    const event: MessageEvent = { type: 'message', room: this.#parts.room, message }
    return this.#once(format, message, () => format.encode(event) ?? NO_WORDS)
  }

  /** A message in the bytes that it has inside a reply. */
  itemOf(replies: ReplyFormat, message: Message): Buffer {
    return this.#once(replies, message, () => replies.item(message))
  }

  /** The frames of those messages that this member gets, joined into few buffers. */
  *buffersFor(member: Member, messages: readonly Message[], most: number): Iterable<Frames> {
    let frames: Buffer[] = []
    let bytes = 0
    let upTo = 0
    for (const message of messages) {
      if (!member.echo && message.origin === member.id) continue
      const frame = this.frameOf(member.format, message)
      if (frames.length > 0 && bytes + frame.length > most) {
        yield { bytes: joined(frames), upTo }
        frames = []
        bytes = 0
      }
      frames.push(frame)
      bytes += frame.length
      upTo = message.offset
    }
    if (frames.length > 0) yield { bytes: joined(frames), upTo }
  }

  #once(format: WireFormat | ReplyFormat, message: Message, encode: () => Buffer): Buffer {
    let encoded = this.#encoded.get(format)
    if (encoded === undefined) {
      encoded = new WeakMap()
      this.#encoded.set(format, encoded)
    }
    const known = encoded.get(message)
    if (known !== undefined) return known
    const bytes = encode()
    // Line ends and the like make some messages several times as large: those are not kept.
    const isLarge = bytes.length > 2 * message.payload.length + FRAME_BYTES_MAX
    if (!isLarge) encoded.set(message, bytes)
    return bytes
  }

  #read(
    query: Pick<PageQuery, 'after' | 'order' | 'bytes'>,
    reader: Omit<PageAsker, 'queue'>,
  ): Promise<Page> {
    const { log, room, retention } = this.#parts
    const asker = { queue: 'replays', ...reader } as const
    return log.read(room, { ...query, retention, before: null, limit: PAGE_MESSAGES, asker })
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
    const query = { after: null, order: 'desc', bytes: TAIL_BYTES_MAX } as const
    const { head, redactions, messages } = await this.#read(query, { holder })
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

function joined(frames: readonly Buffer[]): Buffer {
  const [first] = frames
  return frames.length === 1 && first !== undefined ? first : Buffer.concat(frames)
}

/** Whether something after `at` was published and is no longer kept, or `at` is not yet reached. */
export function hasHole({ head, messages }: Stretch, at: number): boolean {
  if (messages.length === 0) return at !== head.offset
  return messages.some(({ offset }, index) => offset !== at + 1 + index)
}
