// Who is told on this node that the receipts of a room came to something else: each room has a
// channel for that, which stays subscribed for a while after its last watcher has gone.
import type { Clock, Timer } from '../../time/clock.ts'
import { ReceiptWatches } from '../memory/receipt-watches.ts'
import type { OnReceipts, ReceiptWatch } from '../receipt-store.ts'
import type { Keys } from './keys.ts'
import type { RedisLink } from './link.ts'
import { receiptChannel } from './receipt-keys.ts'

const LOOK_MS = 1_000
const LINGER_MS = 10_000
/** After a doubt all rooms are told of, so many at a time: each asks Redis for its sums then. */
const DOUBTED_AT_ONCE = 1_000
const DOUBTED_MS = 100

export interface ReceiptWatchesParts {
  link: RedisLink
  keys: Keys
  clock: Clock
}

interface Watched {
  watchers: number
  /** Resolves when the channel is subscribed. */
  begun: Promise<void>
}

export class RedisReceiptWatches {
  readonly #parts: ReceiptWatchesParts
  readonly #watches = new ReceiptWatches()
  readonly #rooms = new Map<string, Watched>()
  /** Rooms without a watcher, and since when, in that order. */
  readonly #lingering = new Map<string, number>()
  readonly #doubted = new Set<string>()
  readonly #timer: Timer
  readonly #stopDoubting: () => void
  #telling: Timer | null = null

  constructor(parts: ReceiptWatchesParts) {
    this.#parts = parts
    this.#timer = parts.clock.every(LOOK_MS, () => this.#endLingering())
    this.#stopDoubting = parts.link.onDoubt((_, isConcerned) => this.#doubt(isConcerned))
  }

  close(): void {
    this.#timer.cancel()
    this.#telling?.cancel()
    this.#stopDoubting()
  }

  /** How many rooms have a channel here, for tests of clean-up. */
  get size(): number {
    return this.#rooms.size
  }

  /** See `ReceiptStore.watch`. */
  async watch(room: string, onChanged: OnReceipts): Promise<ReceiptWatch> {
    const watched = this.#rooms.get(room) ?? this.#begin(room)
    watched.watchers += 1
    this.#lingering.delete(room)
    const watch = this.#watches.watch(room, onChanged)
    let isOver = false
    const stop = () => {
      if (isOver) return
      isOver = true
      watch.stop()
      watched.watchers -= 1
      const isLast = watched.watchers === 0 && this.#rooms.get(room) === watched
      if (isLast) this.#lingering.set(room, this.#parts.clock.elapsed())
    }
    try {
      await watched.begun
    } catch (error) {
      stop()
      throw error
    }
    return { stop }
  }

  #begin(room: string): Watched {
    const channel = receiptChannel(this.#parts.keys, room)
    const watched: Watched = { watchers: 0, begun: Promise.resolve() }
    this.#rooms.set(room, watched)
    watched.begun = this.#parts.link
      .subscribe(channel, () => this.#watches.tell(room))
      .catch((error) => {
        this.#end(room, watched)
        throw error
      })
    return watched
  }

  #end(room: string, watched: Watched | undefined): void {
    if (this.#rooms.get(room) !== watched) return
    this.#rooms.delete(room)
    this.#lingering.delete(room)
    this.#parts.link.unsubscribe(receiptChannel(this.#parts.keys, room))
  }

  #endLingering(): void {
    for (const [room, since] of this.#lingering) {
      if (this.#parts.clock.elapsed() - since < LINGER_MS) return
      this.#end(room, this.#rooms.get(room))
    }
  }

  #doubt(isConcerned: (channel: string) => boolean): void {
    for (const room of this.#rooms.keys()) {
      if (isConcerned(receiptChannel(this.#parts.keys, room))) this.#doubted.add(room)
    }
    if (this.#telling === null) this.#tellDoubted()
  }

  #tellDoubted(): void {
    let told = 0
    for (const room of this.#doubted) {
      if (told >= DOUBTED_AT_ONCE) break
      told += 1
      this.#doubted.delete(room)
      this.#watches.tell(room)
    }
    const isDone = this.#doubted.size === 0
    const later = () => this.#tellDoubted()
    this.#telling = isDone ? null : this.#parts.clock.after(DOUBTED_MS, later)
  }
}
