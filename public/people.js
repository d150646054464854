// Who is in the room, by name, asked again every few seconds while somebody is looking.
import { describeRoom, namesInRoom } from './room-door.js'

/** @import { Clock, Timer } from './clock.js' */

const AGAIN_MS = 10_000
const AFTER_FAILURE_MS = 60_000
const NAMES_SHOWN = 6

export class People {
  #place
  #clock
  /** @type {Timer | null} */
  #timer = null
  #room = ''

  constructor(/** @type {HTMLElement} */ place, /** @type {Clock} */ clock) {
    this.#place = place
    this.#clock = clock
  }

  /** Gives the room's rule, so that nobody has to ask for it twice. */
  async follow(/** @type {string} */ room) {
    this.stop()
    this.#room = room
    const { rule } = (await describeRoom(room)) ?? {}
    if (rule?.presence && room === this.#room) this.#look(room)
    return rule ?? {}
  }

  stop() {
    this.#timer?.cancel()
    this.#room = ''
    this.#place.hidden = true
  }

  async #look(/** @type {string} */ room) {
    const isSeen = document.visibilityState === 'visible'
    const names = isSeen ? await namesInRoom(room).catch(() => null) : []
    if (room !== this.#room) return
    if (isSeen) this.#show(names ?? [])
    this.#timer?.cancel()
    this.#timer = this.#clock.after(names ? AGAIN_MS : AFTER_FAILURE_MS, () => this.#look(room))
  }

  #show(/** @type {string[]} */ names) {
    const more = names.length - NAMES_SHOWN
    const shown = names.slice(0, NAMES_SHOWN).join(', ') + (more > 0 ? ` and ${more} more` : '')
    this.#place.textContent = `${names.length} here: ${shown}`
    this.#place.hidden = names.length === 0
  }
}
