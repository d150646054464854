// The log on Redis: every node accepts messages, and every node tells its followers of all.
import type { Draft, Position } from '../../protocol/message.ts'
import { tombstoneOf } from '../../protocol/message.ts'
import type { Clock } from '../../time/clock.ts'
import { EngineUnavailable } from '../engine.ts'
import type {
  Appended,
  AppendOptions,
  Follow,
  Follower,
  KeptRoom,
  MessageLog,
  Page,
  PageQuery,
  Retention,
  RoomQuery,
  RoomSummary,
} from '../message-log.ts'
import { SharedWork } from '../shared-work.ts'
import type { Shares } from '../shares.ts'
import type { Keys } from './keys.ts'
import type { RedisLink } from './link.ts'
import { LogAppend } from './log-append.ts'
import { FollowedRooms } from './log-followed-rooms.ts'
import { HiddenJob } from './log-hidden-job.ts'
import { LogReads, type Numbered, type PageOf } from './log-reads.ts'
import { UserRedactions } from './log-user-redactions.ts'
import { NO_QUOTAS, type Quotas } from './permit.ts'
import { keptReceipts, receiptChannel } from './receipt-keys.ts'
import { RoomList } from './room-list.ts'
import { script } from './scripts.ts'

const REDACT = script('redact')
const DELETE_ROOM = script('delete-room')

/** Redis reads them one by one; more only take memory in this process. */
const PAGES_AT_ONCE = 16

export interface RedisLogParts {
  link: RedisLink
  keys: Keys
  clock: Clock
  shares: Shares
  /** Whether no answered write is ever lost, by a restart or a failover. */
  isLossless(): boolean
  quotas?: Quotas
}

export class RedisLog implements MessageLog {
  readonly #parts: RedisLogParts
  readonly #reads: LogReads
  readonly #followed: FollowedRooms
  readonly #redactions: UserRedactions
  readonly #rooms: RoomList
  readonly #append: LogAppend
  readonly #job: HiddenJob
  readonly #queues: Readonly<Record<PageQuery['asker']['queue'], SharedWork>>

  constructor(parts: RedisLogParts) {
    const { shares, quotas = NO_QUOTAS } = parts
    this.#parts = parts
    this.#reads = new LogReads(parts)
    this.#redactions = new UserRedactions({ ...parts, onRedacted: (user) => this.#hide(user) })
    const reads = this.#reads
    this.#followed = new FollowedRooms({ ...parts, reads, hidden: this.#redactions })
    this.#rooms = new RoomList({ ...parts, reads })
    const [followed, redactions, rooms] = [this.#followed, this.#redactions, this.#rooms]
    this.#append = new LogAppend({ ...parts, quotas, reads, followed, redactions, rooms })
    this.#job = new HiddenJob({ ...parts, redactions, rooms })
    this.#queues = {
      pages: new SharedWork(shares, 'pages', PAGES_AT_ONCE),
      replays: new SharedWork(shares, 'replays', PAGES_AT_ONCE),
    }
  }

  /** MUST have resolved before anything else is called. */
  async open(): Promise<void> {
    await this.#redactions.open()
  }

  /** The link stays open. */
  close(): void {
    this.#job.close()
    this.#redactions.close()
    this.#followed.close()
  }

  append(room: string, draft: Draft, options: AppendOptions): Promise<Appended> {
    return this.#append.append(room, draft, options)
  }

  follow(room: string, follower: Follower): Promise<Follow> {
    return this.#followed.follow(room, follower)
  }

  async head(room: string): Promise<Position> {
    const { epoch, offset } = await this.#reads.state(room)
    await this.#followed.of(room)?.reach({ epoch, offset })
    return { epoch, offset }
  }

  async summary(room: string, retention: Retention): Promise<RoomSummary> {
    const { messages: _, ...summary } = await this.#page(room, { ...SUMMARY, retention })
    return summary
  }

  read(room: string, { asker, ...query }: PageQuery): Promise<Page> {
    return this.#queues[asker.queue].run(asker.holder, () => {
      if (asker.isWanted?.() === false) throw new EngineUnavailable('The page is not wanted.')
      return this.#page(room, query)
    })
  }

  async redact(room: string, offset: number, epoch = ''): Promise<boolean> {
    const { link, keys, isLossless } = this.#parts
    const names: [string, ...string[]] = [keys.room(room, 'm'), keys.room(room, 's')]
    names.push(keys.room(room, 'x'), keys.room(room, 'c'), receiptChannel(keys, room))
    const told = this.#followed.of(room)?.known ?? null
    const args = [String(offset), epoch, this.#reads.runOf(room)]
    args.push(told?.epoch ?? '', String(told?.offset ?? 0), told?.isWitnessed ? '1' : '0')
    return (await link.run(REDACT, names, [...args, isLossless() ? '1' : '0'])) === 1
  }

  redactUser(user: string): Promise<void> {
    return this.#redactions.redact(user)
  }

  list({ holder, ...query }: RoomQuery): Promise<KeptRoom[]> {
    return this.#queues.pages.run(holder, () => this.#rooms.list(query))
  }

  async deleteRoom(room: string): Promise<boolean> {
    const { link, keys } = this.#parts
    const names: [string, ...string[]] = [keys.room(room, 'm'), keys.room(room, 's')]
    names.push(keys.room(room, 'x'), keys.room(room, 'g'), keys.room(room, 'c'))
    names.push(receiptChannel(keys, room), ...keptReceipts(keys, room))
    const wasKept = (await link.run(DELETE_ROOM, names, [this.#reads.runOf(room)])) === 1
    if (wasKept) await this.#rooms.remove(room).catch(() => {})
    return wasKept
  }

  async #page(room: string, query: PageOf): Promise<Page> {
    const [page, userRedactions] = await Promise.all([
      this.#reads.page(room, query),
      this.#redactions.number(),
    ])
    const { state, oldest, messages } = page
    const { epoch, offset, redactions } = state
    const head = { epoch, offset }
    await this.#followed.of(room)?.reach(head)
    const shown = messages.map((message) => this.#shown(message))
    return { head, oldest, redactions, userRedactions, messages: shown }
  }

  #shown([message, redaction]: Numbered) {
    const { user, unechoed: _, ...rest } = message
    const isHidden = user !== null && this.#redactions.hides(user, redaction)
    const shown = { ...rest, user, origin: null }
    return isHidden ? tombstoneOf(shown) : shown
  }

  #hide(user: string): void {
    for (const follower of this.#followed.followers()) follower.onUserRedacted(user)
  }
}

const SUMMARY = { after: null, before: null, limit: 0, bytes: 0, order: 'asc' } as const
