// Accepting messages: one script for each that is kept or has a key, a plain command for the rest.
import type { Draft } from '../../protocol/message.ts'
import type { Clock } from '../../time/clock.ts'
import { EngineUnavailable } from '../engine.ts'
import { fingerprintOf, KEY_WINDOW_MS, keyName } from '../memory/idempotency-keys.ts'
import {
  type Appended,
  type AppendOptions,
  type IdempotencyKey,
  KeyConflict,
  type Retention,
} from '../message-log.ts'
import { Reached, type Share, type Shares } from '../shares.ts'
import type { Keys } from './keys.ts'
import type { Argument, RedisLink, Reply } from './link.ts'
import { envelopeOf } from './log-envelope.ts'
import type { FollowedRooms } from './log-followed-rooms.ts'
import type { LogReads } from './log-reads.ts'
import type { UserRedactions } from './log-user-redactions.ts'
import type { Permit, Quotas } from './permit.ts'
import { authorKeys, receiptChannel } from './receipt-keys.ts'
import type { RoomList } from './room-list.ts'
import { script } from './scripts.ts'

const APPEND = script('append')
const SHARE = script('share')
const TRIM = script('trim')

/** In rooms with history a key holds for a day, in others as on one node. */
const KEPT_KEY_WINDOW_MS = 24 * 3_600_000
/** Old messages are deleted after so many new ones. */
const TRIM_EVERY = 64

export interface LogAppendParts {
  link: RedisLink
  keys: Keys
  clock: Clock
  shares: Shares
  quotas: Quotas
  reads: LogReads
  followed: FollowedRooms
  redactions: UserRedactions
  rooms: RoomList
  /** Whether no answered write is ever lost, by a restart or a failover. */
  isLossless(): boolean
}

/** A draft on its way. */
interface Sending {
  readonly room: string
  readonly draft: Draft
  readonly retention: Retention | null
  readonly key: IdempotencyKey | null
  readonly author: string | null
}

export class LogAppend {
  readonly #parts: LogAppendParts

  constructor(parts: LogAppendParts) {
    this.#parts = parts
  }

  /** See `MessageLog.append`. */
  append(room: string, draft: Draft, options: AppendOptions): Promise<Appended> {
    const { retention, key, holder, author = null } = options
    if (retention === null && key === null) {
      const redaction = this.#parts.redactions.underWay(draft.user)
      if (redaction === null) return this.#shareOnce(room, draft)
      return redaction.then(() => this.#shareOnce(room, draft))
    }
    const share =
      retention === null
        ? null
        : this.#parts.shares.take('waitingForDisk', holder, draft.payload.length)
    if (share instanceof Reached) {
      return Promise.reject(new EngineUnavailable(share.sentence, share))
    }
    const sending = { room, draft, retention, key, author }
    const isKept = retention !== null
    const answer = this.#parts.quotas.within(
      {
        room: isKept ? room : null,
        holder,
        bytes: isKept ? draft.payload.length : 0,
        hasKey: key !== null,
      },
      (permit) => this.#afterRedaction(sending, permit),
    )
    return released(answer, share)
  }

  /** What waits for nothing is sent in this very turn, so that the order of calls stays. */
  #afterRedaction(sending: Sending, permit: Permit): Promise<Appended | null> {
    const redaction = this.#parts.redactions.underWay(sending.draft.user)
    if (redaction === null) return this.#send(sending, permit)
    return redaction.then(() => this.#send(sending, permit))
  }

  #send(sending: Sending, permit: Permit): Promise<Appended | null> {
    const { retention } = sending
    try {
      return retention === null
        ? this.#share(sending, permit)
        : this.#keep(sending, retention, permit)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #keep(
    { room, draft, key, author }: Sending,
    retention: Retention,
    permit: Permit,
  ): Promise<Appended | null> {
    const { link, keys, reads, followed, redactions, isLossless } = this.#parts
    const run = reads.runOf(room)
    const told = followed.of(room)?.known ?? null
    const names: [string, ...string[]] = [
      keys.room(room, 'm'),
      keys.room(room, 's'),
      keys.room(room, 'x'),
      keys.room(room, 'c'),
    ]
    const args: Argument[] = [
      run,
      told?.epoch ?? '',
      String(told?.offset ?? 0),
      reads.unbornEpoch(run),
      isLossless() ? '1' : '0',
      String(retention.messages),
      retention.ageMs === null ? '' : String(retention.ageMs),
      envelopeOf(draft, redactions.last),
      permit,
      told?.isWitnessed ? '1' : '0',
      author ?? '',
    ]
    if (author !== null) names.push(...authorKeys(keys, room))
    if (key !== null) {
      names.push(keys.room(room, `k:${keyName(room, key)}`))
      args.push(fingerprintOf(draft), String(KEPT_KEY_WINDOW_MS))
    }
    return link
      .run(APPEND, names, args)
      .then((reply) => this.#kept({ room, run }, retention, reply))
  }

  #kept(
    { room, run }: { room: string; run: string },
    retention: Retention,
    reply: Reply,
  ): Appended | null | Promise<Appended> {
    if (reply === null) return null
    if (!Array.isArray(reply)) throw new KeyConflict()
    const [epoch, at, time, what] = reply
    const offset = Number(at)
    const position = { epoch: String(epoch), offset }
    const appended = { position, time: Number(time), repeated: what === 1 }
    if (appended.repeated) return appended
    this.#parts.followed.of(room)?.answers.add(position, run)
    if (what === 2) this.#tellOfEpoch(room)
    if (offset % TRIM_EVERY === 0) this.#trim(room, retention)
    // A power of two: a name that was not written then is written later.
    if ((offset & (offset - 1)) !== 0) return appended
    const added = this.#parts.rooms.add(room).catch(() => {})
    return offset === 1 ? added.then(() => appended) : appended
  }

  #trim(room: string, { ageMs }: Retention): void {
    const { link, keys } = this.#parts
    const names: [string, ...string[]] = [
      keys.room(room, 'm'),
      keys.room(room, 's'),
      keys.room(room, 'x'),
    ]
    link.run(TRIM, names, [ageMs === null ? '' : String(ageMs)]).catch(() => {})
  }

  /** What the receipts of a room come to has its epoch. */
  #tellOfEpoch(room: string): void {
    const { link, keys } = this.#parts
    const channel = receiptChannel(keys, room)
    link.send(channel, ['SPUBLISH', channel, 'r']).catch(() => {})
  }

  /** A message that is not kept and has no key. */
  async #shareOnce(room: string, draft: Draft): Promise<Appended> {
    const { link, keys, clock, redactions } = this.#parts
    const time = clock.now()
    const channel = keys.room(room, 'c')
    const news = Buffer.concat([Buffer.from(`e${time}\n`), envelopeOf(draft, redactions.last)])
    await link.send(channel, ['SPUBLISH', channel, news])
    return { position: null, time, repeated: false }
  }

  async #share({ room, draft, key }: Sending, permit: Permit): Promise<Appended | null> {
    const { link, keys, redactions } = this.#parts
    if (key === null) return this.#shareOnce(room, draft)
    const names: [string, ...string[]] = [
      keys.room(room, 'c'),
      keys.room(room, `e:${keyName(room, key)}`),
      keys.room(room, 'g'),
    ]
    const envelope = envelopeOf(draft, redactions.last)
    const args = [fingerprintOf(draft), String(KEY_WINDOW_MS), envelope, permit]
    const reply = await link.run(SHARE, names, args)
    if (reply === null) return null
    if (!Array.isArray(reply)) throw new KeyConflict()
    return { position: null, time: Number(reply[0]), repeated: reply[1] === 1 }
  }
}

function released(answer: Promise<Appended>, share: Share | null): Promise<Appended> {
  if (share === null) return answer
  return answer.then(
    (appended) => {
      share.release()
      return appended
    },
    (error) => {
      share.release()
      throw error
    },
  )
}
