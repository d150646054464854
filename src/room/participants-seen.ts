// Notes for the store which participants are connected: those who are away for long hold no
// watermark back. Each user is noted once a day in a room, as far as this node remembers.
import type { ReceiptStore } from '../engine/receipt-store.ts'
import type { Clock, Timer } from '../time/clock.ts'

/** Pairs of user and room that a node remembers; above it some are noted more often. */
const REMEMBERED_MAX = 50_000
const DAY_MS = 86_400_000

export class ParticipantsSeen {
  readonly #store: ReceiptStore
  readonly #clock: Clock
  readonly #remembered = new Set<string>()
  /** The rooms of each user that are noted at the end of this turn. */
  #noted = new Map<string, string[]>()
  readonly #forgetting: Timer

  /** `noteAll` notes all that are connected now. */
  constructor(store: ReceiptStore, clock: Clock, noteAll: () => void) {
    this.#store = store
    this.#clock = clock
    this.#forgetting = clock.every(DAY_MS, () => {
      this.#remembered.clear()
      noteAll()
    })
  }

  /** A member of this user is in the room. */
  note(user: string, room: string): void {
    const key = `${user} ${room}`
    if (this.#remembered.has(key)) return
    if (this.#remembered.size >= REMEMBERED_MAX) this.#remembered.clear()
    this.#remembered.add(key)
    if (this.#noted.size === 0) this.#clock.endOfTurn(this.#send)
    const rooms = this.#noted.get(user)
    if (rooms === undefined) this.#noted.set(user, [room])
    else rooms.push(room)
  }

  stop(): void {
    this.#forgetting.cancel()
  }

  readonly #send = (): void => {
    const noted = this.#noted
    this.#noted = new Map()
    // One that is not noted is noted on another day: a month passes before it matters.
    for (const [user, rooms] of noted) this.#store.seen(user, rooms).catch(() => undefined)
  }
}
