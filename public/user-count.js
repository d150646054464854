// The number of users in the room, requested again every few seconds while the page is visible.
import { describeRoom } from './room-api.js'

/** @import { Clock, Timer } from './clock.js' */

const AGAIN_MS = 10_000

export class UserCount {
  #place
  #clock
  /** @type {Timer | null} */
  #timer = null
  #room = ''

  constructor(/** @type {HTMLElement} */ place, /** @type {Clock} */ clock) {
    this.#place = place
    this.#clock = clock
  }

  /** Starts the requests. Resolves with the room's rule, which the first answer has. */
  async follow(/** @type {string} */ room) {
    this.stop()
    this.#room = room
    const state = await describeRoom(room)
    this.#show(room, state)
    return state?.rule ?? {}
  }

  stop() {
    this.#timer?.cancel()
    this.#room = ''
    this.#place.hidden = true
  }

  #show(/** @type {string} */ room, /** @type {{ users?: number } | null} */ state) {
    if (room !== this.#room) return
    const { users = 0 } = state ?? {}
    this.#place.textContent = `${users} here`
    this.#place.hidden = users === 0
    this.#timer?.cancel()
    this.#timer = this.#clock.after(AGAIN_MS, () => this.#look(room))
  }

  async #look(/** @type {string} */ room) {
    const isSeen = document.visibilityState === 'visible'
    if (isSeen) this.#show(room, await describeRoom(room))
    else this.#timer = this.#clock.after(AGAIN_MS, () => this.#look(room))
  }
}
