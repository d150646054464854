// Who is in the room, asked again every few seconds while somebody is looking.
import { describeRoom, namesInRoom } from './room-api.js'

/** @import { Clock, Timer } from './clock.js' */

const AGAIN_MS = 10_000
const NAMES_SHOWN = 6

export class People {
  #place
  #clock
  /** @type {Timer | null} */
  #timer = null
  #room = ''
  /** A server that does not tell names may still tell how many there are. */
  #tellsNames = true

  constructor(/** @type {HTMLElement} */ place, /** @type {Clock} */ clock) {
    this.#place = place
    this.#clock = clock
  }

  /** Gives the room's rule, so that nobody has to ask for it twice. */
  async follow(/** @type {string} */ room) {
    this.stop()
    this.#room = room
    this.#tellsNames = true
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
    const text = document.visibilityState === 'visible' ? await this.#count(room) : null
    if (room !== this.#room) return
    if (text !== null) this.#show(text)
    this.#timer?.cancel()
    this.#timer = this.#clock.after(AGAIN_MS, () => this.#look(room))
  }

  async #count(/** @type {string} */ room) {
    const names = this.#tellsNames ? await namesInRoom(room).catch(() => null) : null
    this.#tellsNames = names !== null
    if (names) return `${names.length} here: ${namesText(names)}`
    const { users = 0 } = (await describeRoom(room)) ?? {}
    return users > 0 ? `${users} here` : ''
  }

  #show(/** @type {string} */ text) {
    this.#place.textContent = text
    this.#place.hidden = text === ''
  }
}

function namesText(/** @type {string[]} */ names) {
  const more = names.length - NAMES_SHOWN
  return names.slice(0, NAMES_SHOWN).join(', ') + (more > 0 ? ` and ${more} more` : '')
}
