// A room whose log a test keeps: it says when an answer comes, and what happens meanwhile.
import type {
  Follower,
  MessageLog,
  Page,
  PageQuery,
  Retention,
} from '../../src/engine/message-log.ts'
import { NO_HOLDER, type Shares } from '../../src/engine/shares.ts'
import type { Limits } from '../../src/protocol/limits.ts'
import type { Message, Position } from '../../src/protocol/message.ts'
import type { JoinBuffer } from '../../src/room/join-buffer.ts'
import type { Start } from '../../src/room/resume.ts'
import type { Room } from '../../src/room/room.ts'
import { Rooms } from '../../src/room/rooms.ts'
import { RULE_DEFAULTS } from '../../src/room/rule.ts'
import { sse } from '../../src/wire/sse.ts'
import { FakeMember } from './fake-member.ts'
import { ManualClock } from './manual-clock.ts'
import { sharesWithin } from './memory-shares.ts'
import { OFFSETS } from './replies.ts'

/** What a test that recovers a member asks for, besides the position. */
export const RECOVERING = { holder: NO_HOLDER, replies: OFFSETS }

export const turns = async () => {
  for (let i = 0; i < 20; i += 1) await new Promise(setImmediate)
}

/** A room whose log answers when the test says so, and else at once. */
export class RoomByHand {
  readonly clock = new ManualClock()
  readonly #shares: Shares
  readonly #rooms: Rooms
  readonly #rule
  #kept: Message[] = []
  #epoch = 'e1'
  #redactions = 0
  #waiting: (() => void)[] | null = null
  #follower!: Follower
  room!: Room

  constructor(retention: Retention, limits: Partial<Limits> = {}) {
    this.#rule = { ...RULE_DEFAULTS, match: '*', history: retention }
    const { clock } = this
    this.#shares = sharesWithin(limits, clock)
    const parts = { clock, shares: this.#shares, rules: [this.#rule] }
    this.#rooms = new Rooms({ log: this.#log, ...parts })
  }

  async open(): Promise<this> {
    this.room = (await this.#rooms.open('chat:a', this.#rule)).room
    this.#rooms.stop()
    return this
  }

  get head(): Position {
    return { epoch: this.#epoch, offset: this.#kept.at(-1)?.offset ?? 0 }
  }

  say(count: number, bytes = 1): void {
    for (let i = 0; i < count; i += 1) {
      const said = { kind: 'text', user: null, name: null, origin: null } as const
      const place = { ...this.head, offset: this.head.offset + 1, time: this.clock.now() }
      const message = { ...said, ...place, payload: Buffer.alloc(bytes, 'x') }
      this.#kept.push(message)
      this.#follower.onMessage(message)
    }
  }

  beginAgain(): void {
    this.#kept = []
    this.#epoch = 'e2'
  }

  redact(offset: number): void {
    this.#redactions += 1
    const payload = Buffer.alloc(0)
    this.#kept = this.#kept.map((one) =>
      one.offset === offset ? { ...one, payload, name: null, redacted: true } : one,
    )
    this.#follower.onRedacted(offset)
  }

  get follower(): Follower {
    return this.#follower
  }

  /** What the log is asked from now on waits. */
  wait(): void {
    this.#waiting = []
  }

  /**
   * Answers what waits: the first of it, or all and what is asked from now on. `meanwhile` comes
   * after the answer was given and before it is heard.
   */
  async goOn(some: number | null = null, meanwhile = () => {}): Promise<void> {
    await turns()
    const waiting = this.#waiting ?? []
    for (const answer of waiting.splice(0, some ?? waiting.length)) answer()
    if (some === null) this.#waiting = null
    meanwhile()
    await turns()
  }

  /** Members read pages of their own from now on. */
  useUpTails(): void {
    while ('release' in this.#shares.take('tails', NO_HOLDER, 500_000));
  }

  recover(buffer: JoinBuffer, offset: number, epoch = 'e1') {
    return this.room.recover(buffer, { from: { epoch, offset }, ...RECOVERING })
  }

  join(start: Start, mayJoin = () => true): FakeMember {
    const member = new FakeMember({ format: sse })
    this.room.join(member, { start, mayJoin })
    return member
  }

  /** What an engine does that trims. */
  hideBefore(offset: number): void {
    this.#kept = this.#kept.filter((one) => one.offset >= offset)
  }

  #answer<Result>(look: () => Result): Promise<Result> {
    const line = this.#waiting
    if (line === null) return Promise.resolve(look())
    return new Promise((resolve) => line.push(() => resolve(look())))
  }

  #page({ after, order, limit }: PageQuery): Page {
    const found = this.#kept.filter(({ offset }) => offset > (after ?? 0))
    const messages = (order === 'asc' ? found : found.toReversed()).slice(0, limit)
    return { ...this.#summary, messages }
  }

  get #summary(): Omit<Page, 'messages'> {
    const oldest = this.#kept[0]?.offset ?? 1
    return { head: this.head, oldest, redactions: this.#redactions, userRedactions: 0 }
  }

  readonly #log = {
    follow: async (_: string, follower: Follower) => {
      this.#follower = follower
      return { stop: () => undefined }
    },
    head: () => this.#answer(() => this.head),
    summary: () => this.#answer(() => this.#summary),
    read: (_: string, query: PageQuery) => this.#answer(() => this.#page(query)),
  } as unknown as MessageLog
}
