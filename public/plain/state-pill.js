// The state of the connection in two words, with a countdown that is hidden from screen readers.

/** @import { Clock, Timer } from '../shared/clock.js' */
/** @import { State } from './room-connection.js' */

const WORDS = { closed: 'offline', connecting: 'connecting', open: 'open', waiting: 'coming back' }

export class StatePill {
  #pill
  #text
  #wait
  #clock
  /** @type {Timer | null} */
  #timer = null

  /**
   * @param {{ pill: HTMLElement, text: HTMLElement, wait: HTMLElement }} places
   * @param {Clock} clock
   */
  constructor({ pill, text, wait }, clock) {
    this.#pill = pill
    this.#text = text
    this.#wait = wait
    this.#clock = clock
  }

  show(/** @type {State} */ state) {
    this.#timer?.cancel()
    this.#pill.dataset.state = state.name
    this.#text.textContent = WORDS[state.name]
    this.#wait.textContent = ''
    if (state.name === 'waiting') this.#countDown(this.#clock.elapsed() + state.waitMs)
  }

  #countDown(/** @type {number} */ until) {
    const seconds = Math.max(1, Math.ceil((until - this.#clock.elapsed()) / 1000))
    this.#wait.textContent = `in ${seconds} s`
    this.#timer = this.#clock.after(1000, () => this.#countDown(until))
  }
}
