// One room that this node follows: what it was told, and how it gets to know what it missed. What
// comes while that is looked up waits in a queue, in its order.
import { type Position, tombstoneOf } from '../../protocol/message.ts'
import type { Follower } from '../message-log.ts'
import { LogAnswers } from './log-answers.ts'
import { messageIn, type News, newsIn } from './log-envelope.ts'
import type { LogReads, Numbered, RoomPage } from './log-reads.ts'
import { compare, isWitnessed, type RoomState, redactionsKept, type Told } from './log-state.ts'
import type { HiddenUsers } from './log-user-redactions.ts'

/** Where more waits, it is dropped, and read from the stream instead. */
const QUEUE_BYTES_MAX = 1024 * 1024
const READ_AT_ONCE = 512
/** With more redactions that were missed, the room is read again. */
const REDACTIONS_MAX = 1_000
/** How many former epochs are remembered: more do not end while Redis begins again once. */
const EPOCHS_MAX = 8

export interface FollowedRoomParts {
  room: string
  reads: LogReads
  hidden: HiddenUsers
  /** Called when Redis was away: `heal` MUST be called again. MUST NOT throw. */
  onDoubt(room: FollowedRoom): void
}

export class FollowedRoom {
  readonly name: string
  /** What this node had accepted. */
  readonly answers = new LogAnswers()
  readonly #parts: FollowedRoomParts
  /** Null while no follower is there: the subscription lingers. */
  follower: Follower | null = null
  /** Whether the channel said something since this was set to false. */
  wasHeard = false
  #told: Told | null = null
  /** Epochs that have ended, the last one first: what still comes of them was told or is lost. */
  #formerEpochs: readonly string[] = []
  #formerRun = ''
  /** Whether something may be missing: then what comes waits. */
  #isBehind = true
  #healing: Promise<void> | null = null
  #queue: Buffer[] = []
  #queueBytes = 0
  #isQueueCut = false

  constructor(parts: FollowedRoomParts) {
    this.name = parts.room
    this.#parts = parts
  }

  /** What was told, or answered and not told yet. Null until it is known where the room stands. */
  get known(): Told | null {
    return this.#told && this.answers.with(this.#told)
  }

  /** What the channel of the room says. */
  hear(bytes: Buffer): void {
    this.wasHeard = true
    if (this.#isBehind) this.#wait(bytes)
    else this.#take(bytes)
  }

  /**
   * Tells the follower all that Redis has beyond what it was told, or of a gap. Rejects with
   * EngineUnavailable.
   */
  heal(): Promise<void> {
    this.#isBehind = true
    this.#healing ??= this.#heal()
    return this.#healing
  }

  /** Resolves when the follower was told all up to this position, which was read in Redis. */
  async reach(position: Position): Promise<void> {
    if (this.#told === null || this.#hasReached(position)) return
    // What is under way may have been asked before.
    if (this.#healing !== null) await this.#healing
    if (!this.#hasReached(position)) await this.heal()
  }

  /** Says to Redis what is known: it gives the room a new epoch where it has less. */
  vouch(known: Told): Promise<RoomState> {
    return this.#parts.reads.vouch(this.name, known, this.#formerEpochs)
  }

  /** `told` is what was known when `state` was asked for. Resolves when what it shows is healed. */
  async confirm(told: Told, state: RoomState): Promise<void> {
    const now = this.#told
    if (now === null) return
    const isSame = compare(told, state) === 'same' && now.epoch === told.epoch
    const redactions = redactionsKept(now, state)
    const isAhead = state.offset > now.offset || state.redactions > redactions
    if (this.#isBehind || !isSame || isAhead) return this.heal()
    const { epoch, run } = state
    const isNews = now.run !== run || now.epoch !== epoch
    const news = { epoch, run, redactions, isWitnessed: isWitnessed(now, state) }
    if (isNews && now.run === told.run) this.#goOn({ ...now, ...news })
  }

  /** Messages may have been missed; where none is kept, there is no other sign of it. */
  missed(): void {
    if (this.#told?.offset === 0) this.follower?.onGap(positionOf(this.#told))
  }

  async #heal(): Promise<void> {
    try {
      while (!(await this.#readOn())) {
        // There is more.
      }
    } catch (error) {
      this.#healing = null
      this.#parts.onDoubt(this)
      throw error
    }
    this.#healing = null
    this.#isBehind = false
    this.#takeQueue()
  }

  /** Returns whether nothing is missing now. */
  async #readOn(): Promise<boolean> {
    const told = this.#told && { ...this.#told }
    if (told === null || this.follower === null) return this.#jump(this.known)
    const known = this.answers.with(told)
    const page = await this.#parts.reads.after(this.name, told.offset, READ_AT_ONCE)
    const verdict = compare(known, page.state, this.#formerEpochs)
    if (verdict === 'same') return this.#tellPage(told, page)
    if (verdict === 'other') this.#gap(page.state)
    else await this.vouch(known)
    return verdict === 'other'
  }

  /** Without a follower nothing is missed. */
  async #jump(told: Told | null): Promise<boolean> {
    const state = await this.#parts.reads.state(this.name)
    if (told !== null) {
      // A follower that came meanwhile is told what came since.
      if (this.follower !== null) return false
      if (compare(told, state, this.#formerEpochs) === 'lost') {
        await this.vouch(told)
        return false
      }
    }
    this.#goOn(state)
    return true
  }

  async #tellPage(told: Told, { state, messages }: RoomPage): Promise<boolean> {
    const { epoch, run } = state
    const redactions = redactionsKept(told, state)
    const first = messages[0]?.[0].offset ?? state.offset + 1
    if (first > told.offset + 1) return this.#gap(state)
    this.#goOn({ ...told, epoch, run, redactions, isWitnessed: isWitnessed(told, state) })
    for (const message of messages) {
      if (message[0].offset !== (this.#told?.offset ?? 0) + 1) return this.#gap(state)
      this.#tell(message)
    }
    if ((this.#told?.offset ?? 0) < state.offset) return false
    if (redactions >= state.redactions) return true
    return await this.#tellRedactions(redactions, state)
  }

  async #tellRedactions(told: number, state: RoomState): Promise<boolean> {
    if (state.redactions - told > REDACTIONS_MAX) return this.#gap(state)
    const missed = await this.#parts.reads.redactions(this.name, told + 1, state.redactions)
    if (missed.includes(undefined)) return this.#gap(state)
    if (this.#told !== null) this.#told.redactions = state.redactions
    for (const offset of missed) {
      if (typeof offset === 'number') this.follower?.onRedacted(offset)
    }
    if (missed.includes(null)) this.follower?.onRecounted()
    return true
  }

  /** Deliveries go on from `state`; what is between is read by the follower. */
  #gap(state: RoomState | Told): true {
    const after = this.#told && positionOf(this.#told)
    this.#goOn(state)
    if (after !== null) this.follower?.onGap(after)
    return true
  }

  #goOn({ epoch, offset, run, redactions, isWitnessed }: Told): void {
    const former = this.#told
    if (former !== null && former.epoch !== epoch) {
      this.#formerEpochs = [former.epoch, ...this.#formerEpochs].slice(0, EPOCHS_MAX)
    }
    if (former !== null && former.run !== run) this.#formerRun = former.run
    this.#told = { epoch, offset, run, redactions, isWitnessed }
  }

  #hasReached({ epoch, offset }: Position): boolean {
    return this.#told?.epoch === epoch && this.#told.offset >= offset
  }

  #wait(bytes: Buffer): void {
    this.#queueBytes += bytes.length
    if (this.#queueBytes <= QUEUE_BYTES_MAX) this.#queue.push(bytes)
    else {
      this.#queue = []
      this.#isQueueCut = true
    }
  }

  #takeQueue(): void {
    const queue = this.#queue
    const isCut = this.#isQueueCut
    this.#queue = []
    this.#queueBytes = 0
    this.#isQueueCut = false
    if (isCut) this.#healLater()
    // What shows that more is missing makes the rest wait again.
    for (const bytes of queue) this.hear(bytes)
  }

  #healLater(): void {
    this.heal().catch(() => {})
  }

  #take(bytes: Buffer): void {
    const news = newsIn(bytes)
    const told = this.#told
    if (told === null) return
    switch (news.what) {
      case 'm':
        return this.#takeMessage(told, news)
      case 'e':
        return this.#takeUnkept(news)
      case 'r':
        return this.#takeRedaction(told, news)
      case 'c':
        return this.#takeRecount(told, news)
      case 'd':
        return this.#takeDeletion(told, news)
      default:
        return this.#healLater()
    }
  }

  #takeMessage(told: Told, { words, bytes, from }: News): void {
    const [epoch = '', run = '', at = '', time] = words
    const offset = Number(at)
    if (epoch !== told.epoch) return this.#takeOther(epoch)
    const isKnown = offset <= told.offset
    if (isKnown && (run === told.run || run === this.#formerRun)) return
    const isNext = offset === told.offset + 1 && (run === told.run || told.offset === 0)
    if (!isNext) return this.#healLater()
    told.run = run
    told.isWitnessed = true
    if (this.follower === null) told.offset = offset
    else this.#tell(messageIn(bytes, from, { epoch, offset, time: Number(time) }))
  }

  /** A former epoch has ended, whatever still comes of it. */
  #takeOther(epoch: string): void {
    if (!this.#formerEpochs.includes(epoch)) this.#healLater()
  }

  #takeUnkept({ words, bytes, from }: News): void {
    if (this.follower === null) return
    this.#tell(messageIn(bytes, from, { epoch: null, offset: 0, time: Number(words[0]) }))
  }

  #takeRedaction(told: Told, { words }: News): void {
    const [epoch = '', number, offset] = words
    if (epoch !== told.epoch) return this.#takeOther(epoch)
    if (Number(number) <= told.redactions) return
    if (Number(number) > told.redactions + 1) return this.#healLater()
    told.redactions += 1
    this.follower?.onRedacted(Number(offset))
  }

  #takeRecount(told: Told, { words }: News): void {
    const [epoch = '', from, to] = words
    if (epoch !== told.epoch) return this.#takeOther(epoch)
    if (Number(to) <= told.redactions) return
    if (Number(from) !== told.redactions) return this.#healLater()
    told.redactions = Number(to)
    this.follower?.onRecounted()
  }

  #takeDeletion(told: Told, { words }: News): void {
    const [former = '', offset, epoch = '', run = ''] = words
    if (epoch === told.epoch || this.#formerEpochs.includes(former)) return
    const isNext = former === told.epoch && Number(offset) === told.offset
    if (!isNext) return this.#healLater()
    this.#gap({ epoch, offset: 0, run, redactions: 0, isWitnessed: true })
  }

  #tell([message, redaction]: Numbered): void {
    if (this.#told !== null && message.epoch !== null) this.#told.offset = message.offset
    const isHidden = message.user !== null && this.#parts.hidden.hides(message.user, redaction)
    this.follower?.onMessage(isHidden ? tombstoneOf(message) : message)
  }
}

function positionOf({ epoch, offset }: Position): Position {
  return { epoch, offset }
}
