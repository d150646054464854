// The earlier messages of a room, for its members on this node. Members that return at the same
// time share one read: the newest messages are cached for as long as they are asked for.
import { EngineUnavailable } from '../engine/engine.ts'
import type { MessageLog, Page, Retention } from '../engine/message-log.ts'
import type { MessageEvent } from '../protocol/event.ts'
import type { Message, Position } from '../protocol/message.ts'
import { type Clock, sleep } from '../time/clock.ts'
import type { ReplyFormat, WireFormat } from '../wire/wire-format.ts'
import { JOIN_BYTES_MAX } from './fan-out/group.ts'
import type { Member } from './member.ts'

/** How many messages one read brings, and how many the cached tail has at most. */
export const PAGE_MESSAGES = 512
const TAIL_BYTES_MAX = 524_288
/** A tail that no member has used for so long is dropped. */
const TAIL_IDLE_MS = 30_000

/** The newest messages, without a hole, all after offset `after`. */
interface Tail {
  readonly epoch: string
  after: number
  messages: Message[]
  bytes: number
  usedAt: number
}

/** A tail that is being read. Once `#loading` is another one or null, its result is dropped. */
interface Loading {
  /** Messages that are published meanwhile. */
  readonly meanwhile: Message[]
  done: Promise<void>
}

const NO_WORDS = Buffer.alloc(0)
/** How long a joining member waits for a gap to be healed, as a publish waits for an engine. */
const HEALING_MS_MAX = 3_000

export interface HistoryParts {
  log: MessageLog
  clock: Clock
  room: string
  retention: Retention
}

export class History {
  readonly #parts: HistoryParts
  #tail: Tail | null = null
  #loading: Loading | null = null
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
    this.#tail = null
    this.#loading = null
    this.#encoded.clear()
  }

  /** Drops a tail that no member has used in a while. Called every few seconds. */
  sweep(elapsed: number): void {
    if (this.#tail && elapsed - this.#tail.usedAt > TAIL_IDLE_MS) this.forget()
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

  /** Messages after an offset, oldest first; there may be more than one page of them. */
  async after(offset: number): Promise<Page> {
    if (this.#healing !== null) await this.#whole()
    await this.#haveTail()
    const tail = this.#tail
    if (tail === null || offset < tail.after) {
      return this.#read({ after: offset, order: 'asc', limit: PAGE_MESSAGES })
    }
    tail.usedAt = this.#parts.clock.elapsed()
    return { head: headOf(tail), messages: this.#visible(tail, offset) }
  }

  /** The newest `count` messages, oldest first. */
  async last(count: number): Promise<Page> {
    if (this.#healing !== null) await this.#whole()
    const { head, messages } = await this.#read({ after: null, order: 'desc', limit: count })
    return { head, messages: messages.reverse() }
  }

  /** For healing a gap: messages after an offset, directly from the engine. */
  page(after: number): Promise<Page> {
    return this.#read({ after, order: 'asc', limit: PAGE_MESSAGES })
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
  *buffersFor(member: Member, messages: readonly Message[]): Iterable<Buffer> {
    let frames: Buffer[] = []
    let bytes = 0
    for (const message of messages) {
      if (!member.echo && message.origin === member.id) continue
      const frame = this.frameOf(member.format, message)
      if (frames.length > 0 && bytes + frame.length > JOIN_BYTES_MAX) {
        yield Buffer.concat(frames)
        frames = []
        bytes = 0
      }
      frames.push(frame)
      bytes += frame.length
    }
    if (frames.length > 0) yield Buffer.concat(frames)
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
    encoded.set(message, bytes)
    return bytes
  }

  #read(query: { after: number | null; order: 'asc' | 'desc'; limit: number }): Promise<Page> {
    const { log, room, retention } = this.#parts
    return log.read(room, { ...query, retention, before: null })
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

  async #haveTail(): Promise<void> {
    if (this.#tail !== null) return
    this.#loading ??= this.#load()
    await this.#loading.done
  }

  #load(): Loading {
    const loading: Loading = { meanwhile: [], done: Promise.resolve() }
    loading.done = this.#loadTail(loading).finally(() => {
      if (this.#loading === loading) this.#loading = null
    })
    return loading
  }

  async #loadTail(loading: Loading): Promise<void> {
    const { head, messages } = await this.last(PAGE_MESSAGES)
    if (this.#loading !== loading) return
    const tail: Tail = {
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

  /** Messages of the tail after an offset that the retention still keeps, without holes. */
  #visible(tail: Tail, offset: number): Message[] {
    const { clock, retention } = this.#parts
    const after = Math.max(offset, headOf(tail).offset - retention.messages)
    const messages = tail.messages.slice(after - tail.after)
    const since = retention.ageMs === null ? 0 : clock.now() - retention.ageMs
    const [first] = messages
    return first && first.time < since ? messages.filter(({ time }) => time >= since) : messages
  }
}

/** Whether something after `at` was published and is no longer kept. */
export function hasHole({ head, messages }: Page, at: number): boolean {
  if (messages.length === 0) return at < head.offset
  return messages.some(({ offset }, index) => offset !== at + 1 + index)
}

function headOf({ epoch, after, messages }: Tail): Position {
  return { epoch, offset: messages.at(-1)?.offset ?? after }
}

function shorten(tail: Tail): void {
  while (tail.messages.length > PAGE_MESSAGES || tail.bytes > TAIL_BYTES_MAX) {
    const gone = tail.messages.shift()
    if (gone === undefined) return
    tail.bytes -= gone.payload.length
    tail.after = gone.offset
  }
}
