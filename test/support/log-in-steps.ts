// A log of many rooms in memory whose answers wait until a test gives them, or refuses them. It
// loses sight of messages, takes them back and deletes rooms when the test says so.
import { EngineUnavailable } from '../../src/engine/engine.ts'
import type {
  Appended,
  AppendOptions,
  Follower,
  MessageLog,
  Page,
  PageQuery,
  RoomSummary,
} from '../../src/engine/message-log.ts'
import { type Draft, type Message, tombstoneOf } from '../../src/protocol/message.ts'

interface Kept {
  epoch: number
  /** From offset 1 on; what is older than `kept` is not shown. */
  messages: Message[]
  redactions: number
  /** The position of the newest message that the follower was told. */
  told: { epoch: string; offset: number }
}

interface Call {
  /** Does what was asked; the answer is given later. */
  look(): void
  settle(fails: boolean): void
}

export class LogInSteps implements MessageLog {
  readonly #kept: number
  readonly #rooms = new Map<string, Kept>()
  /** What was in rooms that were deleted, by room and epoch. */
  readonly #former = new Map<string, Message[]>()
  readonly #followers = new Map<string, Follower>()
  readonly #calls: Call[] = []

  /** Rooms show their newest `kept` messages. */
  constructor(kept: number) {
    this.#kept = kept
  }

  /** Answers one call, chosen by a number. False where none waits. */
  answer(which: number, fails = false): boolean {
    const [call] = this.#calls.splice(which % Math.max(1, this.#calls.length), 1)
    call?.settle(fails)
    return call !== undefined
  }

  /** Does what one call asks, which is answered later: other things may happen between the two. */
  look(which: number): void {
    this.#calls[which % Math.max(1, this.#calls.length)]?.look()
  }

  /** The message at a position, as it is now; of a former epoch, as it was. */
  at(room: string, epoch: string, offset: number): Message | undefined {
    const { messages } = this.#of(room)
    const of = epoch === this.epochOf(room) ? messages : this.#former.get(`${room} ${epoch}`)
    return of?.[offset - 1]
  }

  epochOf(room: string): string {
    return `e${this.#of(room).epoch}`
  }

  headOf(room: string) {
    return { epoch: this.epochOf(room), offset: this.#of(room).messages.length }
  }

  /** Keeps drafts that the follower is not told of, but for the gap. */
  miss(room: string, drafts: readonly Draft[]): void {
    for (const draft of drafts) this.#keep(room, draft)
    this.#followers.get(room)?.onGap(this.#of(room).told)
  }

  append(room: string, draft: Draft, { retention }: AppendOptions): Appended | Promise<Appended> {
    if (retention === null) {
      this.#followers.get(room)?.onMessage({ ...draft, epoch: null, offset: 0, time: 0 })
      return { position: null, time: 0, repeated: false }
    }
    return this.#later(() => {
      const message = this.#keep(room, draft)
      const { offset } = message
      const position = { epoch: this.epochOf(room), offset }
      this.#of(room).told = position
      this.#followers.get(room)?.onMessage(message)
      return { position, time: 0, repeated: false }
    })
  }

  async follow(room: string, follower: Follower) {
    this.#followers.set(room, follower)
    this.#of(room).told = this.headOf(room)
    const stop = (): void => {
      if (this.#followers.get(room) === follower) this.#followers.delete(room)
    }
    return { stop }
  }

  read(room: string, query: PageQuery): Promise<Page> {
    return this.#later(() => this.#page(room, query))
  }

  head(room: string) {
    return this.#later(() => this.headOf(room))
  }

  summary(room: string): Promise<RoomSummary> {
    return this.#later(() => this.#summary(room))
  }

  async redact(room: string, offset: number): Promise<boolean> {
    const kept = this.#of(room)
    const message = kept.messages[offset - 1]
    if (message === undefined || message.redacted) return false
    kept.messages[offset - 1] = tombstoneOf(message)
    kept.redactions += 1
    this.#followers.get(room)?.onRedacted(offset)
    return true
  }

  async deleteRoom(room: string): Promise<boolean> {
    const kept = this.#of(room)
    if (kept.messages.length === 0) return false
    const { told } = kept
    this.#former.set(`${room} ${this.epochOf(room)}`, kept.messages)
    const now = { epoch: `e${kept.epoch + 1}`, offset: 0 }
    this.#rooms.set(room, { epoch: kept.epoch + 1, messages: [], redactions: 0, told: now })
    this.#followers.get(room)?.onGap(told)
    return true
  }

  async redactUser(): Promise<void> {}

  async list() {
    return []
  }

  #of(room: string): Kept {
    const known = this.#rooms.get(room)
    if (known !== undefined) return known
    const told = { epoch: 'e1', offset: 0 }
    const made = { epoch: 1, messages: [], redactions: 0, told }
    this.#rooms.set(room, made)
    return made
  }

  #keep(room: string, draft: Draft): Message {
    const { messages } = this.#of(room)
    const place = { epoch: this.epochOf(room), offset: messages.length + 1, time: 0 }
    const message = { ...draft, ...place }
    messages.push(message)
    return message
  }

  #summary(room: string): RoomSummary {
    const head = this.headOf(room)
    const { redactions } = this.#of(room)
    return {
      head,
      redactions,
      oldest: Math.max(1, head.offset - this.#kept + 1),
      userRedactions: 0,
    }
  }

  #page(room: string, { after, before, order, limit }: PageQuery): Page {
    const summary = this.#summary(room)
    const from = Math.max(after ?? 0, summary.oldest - 1)
    const found = this.#of(room).messages.slice(from, before === null ? undefined : before - 1)
    const inOrder = order === 'asc' ? found : found.reverse()
    return { ...summary, messages: inOrder.slice(0, limit) }
  }

  #later<Result>(answer: () => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      let looked: { result: Result } | null = null
      const look = (): void => {
        looked ??= { result: answer() }
      }
      const settle = (fails: boolean): void => {
        if (fails && looked === null) return reject(new EngineUnavailable('The store is away.'))
        looked ??= { result: answer() }
        resolve(looked.result)
      }
      this.#calls.push({ look, settle })
    })
  }
}
