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
import { type Holder, Reached, type Share, type Shares } from '../shares.ts'
import type { Keys } from './keys.ts'
import type { Argument, RedisLink, Reply } from './link.ts'
import { envelopeOf } from './log-envelope.ts'
import type { FollowedRooms } from './log-followed-rooms.ts'
import type { LogReads } from './log-reads.ts'
import type { UserRedactions } from './log-user-redactions.ts'
import type { RoomList } from './room-list.ts'
import { script } from './scripts.ts'

const APPEND = script('append')
const SHARE = script('share')
const TRIM = script('trim')

/** In rooms with history a key holds for a day, in others as on one node. */
const KEPT_KEY_WINDOW_MS = 24 * 3_600_000
/** Old messages are deleted after so many new ones. */
const TRIM_EVERY = 64

/** What a draft would use of the quotas of a day. */
export interface UseOfDay {
  readonly room: string
  readonly holder: Holder
  /** Bytes of payload that would be kept; 0 where it is not kept. */
  readonly bytes: number
  readonly hasKey: boolean
  /** Whether nothing of the room is kept yet. */
  isNewRoom(): Promise<boolean>
}

/** The quotas of a day, which all nodes count together. */
export interface DayQuotas {
  /** Counts the use, or counts nothing and gives why. */
  take(use: UseOfDay): Error | null | Promise<Error | null>
  /** What was taken for was not kept. */
  giveBack(use: UseOfDay): void
}

export const NO_QUOTAS: DayQuotas = { take: () => null, giveBack: () => {} }

export interface LogAppendParts {
  link: RedisLink
  keys: Keys
  clock: Clock
  shares: Shares
  quotas: DayQuotas
  reads: LogReads
  followed: FollowedRooms
  redactions: UserRedactions
  rooms: RoomList
  /** Whether no answered write is ever lost, by a restart or a failover. */
  isLossless: boolean
}

/** A draft on its way. */
interface Sending {
  readonly room: string
  readonly draft: Draft
  readonly retention: Retention | null
  readonly key: IdempotencyKey | null
  /** Null where it counts for no quota. */
  readonly use: UseOfDay | null
}

export class LogAppend {
  readonly #parts: LogAppendParts

  constructor(parts: LogAppendParts) {
    this.#parts = parts
  }

  /** See `MessageLog.append`. */
  append(room: string, draft: Draft, options: AppendOptions): Promise<Appended> {
    const { retention, key, holder } = options
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
    const use = this.#useOf(room, draft, options)
    const sending = { room, draft, retention, key, use }
    return released(this.#permitted(sending), share)
  }

  #useOf(room: string, draft: Draft, { retention, key, holder }: AppendOptions): UseOfDay | null {
    const { quotas, reads, followed } = this.#parts
    if (quotas === NO_QUOTAS) return null
    const bytes = retention === null ? 0 : draft.payload.length
    const isNewRoom = async (): Promise<boolean> => {
      if (retention === null || (followed.of(room)?.told?.offset ?? 0) > 0) return false
      const { exists, offset } = await reads.state(room)
      return !exists || offset === 0
    }
    return { room, holder, bytes, hasKey: key !== null, isNewRoom }
  }

  /** What waits for nothing is sent in this very turn, so that the order of calls stays. */
  #permitted(sending: Sending): Promise<Appended> {
    const { quotas, redactions } = this.#parts
    const refusal = sending.use === null ? null : quotas.take(sending.use)
    if (refusal instanceof Promise) {
      return refusal.then((error) => {
        if (error !== null) throw error
        return this.#afterRedaction(sending, redactions.underWay(sending.draft.user))
      })
    }
    if (refusal !== null) return Promise.reject(refusal)
    return this.#afterRedaction(sending, redactions.underWay(sending.draft.user))
  }

  #afterRedaction(sending: Sending, redaction: Promise<unknown> | null): Promise<Appended> {
    return redaction === null ? this.#send(sending) : redaction.then(() => this.#send(sending))
  }

  #send(sending: Sending): Promise<Appended> {
    const { retention } = sending
    try {
      const answer = retention === null ? this.#share(sending) : this.#keep(sending, retention)
      return sending.use === null ? answer : this.#settled(answer, sending.use)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** What was not kept, or is not known to be kept, is not counted. */
  #settled(answer: Promise<Appended>, use: UseOfDay): Promise<Appended> {
    const { quotas } = this.#parts
    return answer.then(
      (appended) => {
        if (appended.repeated) quotas.giveBack(use)
        return appended
      },
      (error) => {
        quotas.giveBack(use)
        throw error
      },
    )
  }

  #keep({ room, draft, key }: Sending, retention: Retention): Promise<Appended> {
    const { link, keys, reads, followed, redactions, isLossless } = this.#parts
    const run = reads.runOf(room)
    const told = followed.of(room)?.told ?? null
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
      isLossless ? '1' : '0',
      String(retention.messages),
      retention.ageMs === null ? '' : String(retention.ageMs),
      envelopeOf(draft, redactions.last),
    ]
    if (key !== null) {
      names.push(keys.room(room, `k:${keyName(room, key)}`), keys.room(room, 'g'))
      args.push(fingerprintOf(draft), String(KEPT_KEY_WINDOW_MS))
    }
    return link.run(APPEND, names, args).then((reply) => this.#kept(room, retention, reply))
  }

  #kept(room: string, retention: Retention, reply: Reply): Appended | Promise<Appended> {
    if (!Array.isArray(reply)) throw new KeyConflict()
    const [epoch, at, time, repeated] = reply
    const offset = Number(at)
    const position = { epoch: String(epoch), offset }
    const appended = { position, time: Number(time), repeated: repeated === 1 }
    if (appended.repeated) return appended
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

  /** A message that is not kept and has no key. */
  async #shareOnce(room: string, draft: Draft): Promise<Appended> {
    const { link, keys, clock, redactions } = this.#parts
    const time = clock.now()
    const channel = keys.room(room, 'c')
    const news = Buffer.concat([Buffer.from(`e${time}\n`), envelopeOf(draft, redactions.last)])
    await link.send(channel, ['SPUBLISH', channel, news])
    return { position: null, time, repeated: false }
  }

  async #share({ room, draft, key }: Sending): Promise<Appended> {
    const { link, keys, redactions } = this.#parts
    if (key === null) return this.#shareOnce(room, draft)
    const names: [string, ...string[]] = [
      keys.room(room, 'c'),
      keys.room(room, `e:${keyName(room, key)}`),
      keys.room(room, 'g'),
    ]
    const args = [fingerprintOf(draft), String(KEY_WINDOW_MS), envelopeOf(draft, redactions.last)]
    const reply = await link.run(SHARE, names, args)
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
