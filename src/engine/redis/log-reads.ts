// What is asked of Redis about a room: where it stands, and pages of its messages.
import { hash } from 'node:crypto'
import type { Message, Position } from '../../protocol/message.ts'
import type { Clock } from '../../time/clock.ts'
import type { PageQuery, Retention } from '../message-log.ts'
import type { Keys } from './keys.ts'
import type { RedisLink, Reply } from './link.ts'
import { messageIn, tombstoneIn } from './log-envelope.ts'
import { type RoomState, STATE_FIELDS, stateIn, type Told } from './log-state.ts'
import { receiptChannel } from './receipt-keys.ts'
import { script } from './scripts.ts'

const PAGE = script('page')
const VOUCH = script('vouch')

/** Epochs of rooms that do not exist change so often; a room is forgotten after twice as long. */
const UNBORN_MS = 15 * 24 * 3_600_000
/** Enough of a run id to tell runs apart; it is in each message that is told. */
const RUN_LENGTH = 12
const ALL: Retention = { messages: Number.MAX_SAFE_INTEGER, ageMs: null }

/** A message as it was accepted, and the number of the sender's redaction in its envelope. */
export type Numbered = readonly [message: Message, redaction: number]

export interface RoomPage {
  readonly state: RoomState
  /** The oldest offset that is shown. */
  readonly oldest: number
  readonly messages: readonly Numbered[]
}

/** Which messages of what a room keeps; see `PageQuery`. */
export type PageOf = Pick<PageQuery, 'retention' | 'after' | 'before' | 'limit' | 'bytes' | 'order'>

export interface LogReadsParts {
  link: RedisLink
  keys: Keys
  clock: Clock
}

export class LogReads {
  readonly #parts: LogReadsParts
  /** The last epoch of rooms that do not exist, and what it was made of. */
  #unborn = { of: '', epoch: '' }

  constructor(parts: LogReadsParts) {
    this.#parts = parts
  }

  /** Names the run of the primary that has the room. Throws EngineUnavailable while it is away. */
  runOf(room: string): string {
    const { link, keys } = this.#parts
    return link.runOf(keys.room(room, 'm')).slice(0, RUN_LENGTH)
  }

  /**
   * The epoch that a room has before its first message, the same on every node. A room of which
   * Redis lost everything, or that was forgotten, has another one by then.
   */
  unbornEpoch(run: string): string {
    const of = `${run} ${Math.floor(this.#parts.clock.now() / UNBORN_MS)}`
    if (this.#unborn.of !== of) {
      this.#unborn = { of, epoch: hash('sha256', of, 'hex').slice(0, 16) }
    }
    return this.#unborn.epoch
  }

  async state(room: string): Promise<RoomState> {
    const { link, keys } = this.#parts
    const key = keys.room(room, 'm')
    const run = this.runOf(room)
    const reply = await link.send(key, ['HMGET', key, ...STATE_FIELDS])
    return stateIn(reply, this.unbornEpoch(run), run)
  }

  /** Whether something is kept of a room: it has messages, or participants. */
  async isKept(room: string, { exists, offset }: RoomState): Promise<boolean> {
    if (!exists || offset > 0) return exists
    const { link, keys } = this.#parts
    const key = keys.room(room, 'm')
    return (await link.send(key, ['HEXISTS', key, 'participants'])) === 1
  }

  async page(room: string, query: PageOf): Promise<RoomPage> {
    const { link, keys } = this.#parts
    const { retention, after, before, limit, bytes, order } = query
    const run = this.runOf(room)
    const numbers = [retention.messages, retention.ageMs, after, before, limit, bytes]
    const reply = await link.run(
      PAGE,
      [keys.room(room, 'm'), keys.room(room, 's'), keys.room(room, 'x')],
      [...numbers.map((number) => (number === null ? '' : String(number))), order],
    )
    const state = stateIn(reply, this.unbornEpoch(run), run)
    const [oldest, list] = (reply as Reply[]).slice(STATE_FIELDS.length)
    return { state, oldest: Number(oldest), messages: messagesIn(list as Reply[], state) }
  }

  /** All that is kept after an offset, up to a number of bytes. */
  after(room: string, offset: number, limit: number): Promise<RoomPage> {
    const bounds = { after: offset, before: null, limit, bytes: AFTER_BYTES }
    return this.page(room, { retention: ALL, ...bounds, order: 'asc' })
  }

  /**
   * Says what this node was told: where less is in Redis, the answer has a new epoch.
   * So it has where one of the `former` epochs, which had ended, is there again.
   */
  async vouch(room: string, told: Told, former: readonly string[]): Promise<RoomState> {
    const { link, keys } = this.#parts
    const run = this.runOf(room)
    const reply = await link.run(
      VOUCH,
      [keys.room(room, 'm'), keys.room(room, 'c'), receiptChannel(keys, room)],
      [told.epoch, String(told.offset), told.run, run, ...former],
    )
    return stateIn(reply, this.unbornEpoch(run), run)
  }

  /**
   * The offsets of redactions by their numbers, from `first` to `last`: null for one of a message
   * that was hidden before, undefined for one that is not known any more.
   */
  async redactions(
    room: string,
    first: number,
    last: number,
  ): Promise<readonly (number | null | undefined)[]> {
    const { link, keys } = this.#parts
    const key = keys.room(room, 'x')
    const names = Array.from({ length: last - first + 1 }, (_, index) => `n${first + index}`)
    const reply = (await link.send(key, ['HMGET', key, ...names])) as (Buffer | null)[]
    return reply.map((value) => {
      if (value === null) return undefined
      const text = value.toString('latin1')
      return text.startsWith('u') ? null : Number(text)
    })
  }
}

const AFTER_BYTES = 1024 * 1024

function messagesIn(list: readonly Reply[], { epoch }: Position): Numbered[] {
  const messages: Numbered[] = []
  for (let at = 0; at < list.length; at += 4) {
    const where = { epoch, offset: Number(list[at]), time: Number(list[at + 1]) }
    const envelope = list[at + 3] as Buffer
    if (list[at + 2] === 1) messages.push([tombstoneIn(envelope, where), 0])
    else messages.push(messageIn(envelope, 0, where))
  }
  return messages
}
