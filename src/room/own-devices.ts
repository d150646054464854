// Tells the devices of a user how far the user has read in a room, so that what is unread is the
// same on all of them: by a message in the user's own room that is not kept.
import type { MessageLog } from '../engine/message-log.ts'
import type { Receipt } from '../engine/receipt-store.ts'
import { NO_HOLDER } from '../engine/shares.ts'
import { personalRoomOf } from '../protocol/names.ts'
import type { Clock, Timer } from '../time/clock.ts'

export interface OwnDevicesParts {
  log: MessageLog
  clock: Clock
}

interface Told extends Receipt {
  /** Whether it has moved since it was told. */
  readonly isDue: boolean
}

/** A user is told of a room at once, and then once a second at most. */
const PAUSE_MS = 1_000
/** Of more rooms in one second a user is not told: the next move in each of them is. */
const ROOMS_MAX = 256

export class OwnDevices {
  readonly #parts: OwnDevicesParts
  /** What was told in the last second, by user and room. */
  readonly #told = new Map<string, Map<string, Told>>()
  #pause: Timer | null = null

  constructor(parts: OwnDevicesParts) {
    this.#parts = parts
  }

  /** The user's own receipt in a room is this now. */
  moved(user: string, room: string, receipt: Receipt): void {
    const rooms = this.#told.get(user) ?? new Map<string, Told>()
    const known = rooms.get(room)
    const isNew = known === undefined
    if (isNew ? rooms.size >= ROOMS_MAX : known.read >= receipt.read) return
    this.#told.set(user, rooms.set(room, { ...receipt, isDue: !isNew }))
    if (isNew) this.#tell(user, room, receipt)
    this.#pause ??= this.#parts.clock.after(PAUSE_MS, this.#onPaused)
  }

  stop(): void {
    this.#pause?.cancel()
    this.#told.clear()
  }

  readonly #onPaused = (): void => {
    for (const [user, rooms] of this.#told) {
      for (const [room, { isDue, ...receipt }] of rooms) {
        if (isDue) this.#tell(user, room, receipt)
        if (isDue) rooms.set(room, { ...receipt, isDue: false })
        else rooms.delete(room)
      }
      if (rooms.size === 0) this.#told.delete(user)
    }
    const isIdle = this.#told.size === 0
    this.#pause = isIdle ? null : this.#parts.clock.after(PAUSE_MS, this.#onPaused)
  }

  /** Where the store is away no device is told: one that returns asks for its rooms. */
  #tell(user: string, room: string, receipt: Receipt): void {
    this.#publish(user, room, receipt).catch(() => undefined)
  }

  async #publish(user: string, room: string, { delivered, read }: Receipt): Promise<void> {
    const { log } = this.#parts
    const { epoch, offset } = await log.head(room)
    const unread = Math.max(0, offset - read)
    const receipt = { type: 'receipt', room, epoch, delivered, read, unread }
    const payload = Buffer.from(JSON.stringify(receipt))
    const content = { kind: 'json', payload, user: null, name: null, origin: null } as const
    const options = { retention: null, key: null, holder: NO_HOLDER }
    await log.append(personalRoomOf(user), { ...content, ephemeral: true }, options)
  }
}
