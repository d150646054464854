// What the members of a companion room are told: what the receipts of its room come to, without a
// name. Each telling is the whole state, so one that was missed is mended by the next.
import { EngineUnavailable } from '../engine/engine.ts'
import type { Follow } from '../engine/message-log.ts'
import type { ReceiptStore, ReceiptSums } from '../engine/receipt-store.ts'
import type { Message } from '../protocol/message.ts'
import type { Clock, Timer } from '../time/clock.ts'

export interface CompanionParts {
  store: ReceiptStore
  clock: Clock
  /** See `limits.receiptParticipants`. */
  participantsMax: number
  /** The store failed otherwise than by being away. MUST NOT throw. */
  onFailure(error: unknown): void
}

/** A companion room that is open here. */
export interface CompanionRoom {
  readonly name: string
  onMessage(message: Message): void
}

/** At most four tellings a second. */
const PAUSE_MS = 250
/** How soon the store is asked again after a failure. */
const RETRY_MS = 1_000

export class Companion {
  readonly #companioned: string
  readonly #room: CompanionRoom
  readonly #parts: CompanionParts
  #state: Buffer = Buffer.from('null')
  /** While the store is being asked, and until the next telling may be. */
  #isResting = false
  #mustAsk = false
  #isStopped = false
  #timer: Timer | null = null

  constructor(companioned: string, room: CompanionRoom, parts: CompanionParts) {
    this.#companioned = companioned
    this.#room = room
    this.#parts = parts
  }

  /** The newest state, as JSON; members that join get it, and then every later one. */
  get state(): Buffer {
    return this.#state
  }

  /** Resolves when no later change can be missed. */
  async follow(): Promise<Follow> {
    const { store } = this.#parts
    this.#isResting = true
    const watch = await store.watch(this.#companioned, this.#onChanged)
    try {
      this.#state = await this.#ask()
      this.#onRested()
    } catch (error) {
      watch.stop()
      throw error
    }
    return {
      stop: () => {
        this.#isStopped = true
        this.#timer?.cancel()
        watch.stop()
      },
    }
  }

  readonly #onChanged = (): void => {
    this.#mustAsk = true
    if (!this.#isResting) void this.#tellChanges()
  }

  async #tellChanges(): Promise<void> {
    this.#isResting = true
    this.#mustAsk = false
    let pause = PAUSE_MS
    try {
      const state = await this.#ask()
      if (!this.#isStopped && !state.equals(this.#state)) this.#tell(state)
    } catch (error) {
      if (!(error instanceof EngineUnavailable)) this.#parts.onFailure(error)
      this.#mustAsk = true
      pause = RETRY_MS
    }
    if (!this.#isStopped) this.#timer = this.#parts.clock.after(pause, this.#onRested)
  }

  readonly #onRested = (): void => {
    this.#isResting = false
    if (this.#mustAsk) void this.#tellChanges()
  }

  #tell(state: Buffer): void {
    this.#state = state
    const content = { kind: 'json', payload: state, user: null, name: null, origin: null } as const
    this.#room.onMessage({ ...content, epoch: null, offset: 0, time: this.#parts.clock.now() })
  }

  async #ask(): Promise<Buffer> {
    const { store, participantsMax } = this.#parts
    return jsonOf(await store.sums(this.#companioned, participantsMax))
  }
}

function jsonOf({ epoch, participants, joined, delivered, read }: ReceiptSums): Buffer {
  return Buffer.from(JSON.stringify({ epoch, participants, joined, delivered, read }))
}
