// Scripts in a browser see no pings, so a dead connection looks like a quiet one. After a while
// without a frame the page asks the server over REST whether it is alive.

/** @import { Clock, Timer } from '../shared/clock.js' */

const SILENT_MS = 30_000
const ANSWER_MS = 5_000

export class Liveness {
  #clock
  #isAlive
  #onDead
  #silentMs
  #answerMs
  /** Numbers the calls of `start`, so that a late answer is dropped; 0 while stopped. */
  #run = 0
  #runs = 0
  #asking = false
  #heardAt = 0
  /** @type {Timer | null} */
  #timer = null

  /**
   * @param {object} options
   * @param {Clock} options.clock
   * @param {(signal: AbortSignal) => Promise<boolean>} options.isAlive
   * @param {() => void} options.onDead
   * @param {number} [options.silentMs]
   * @param {number} [options.answerMs]
   */
  constructor({ clock, isAlive, onDead, silentMs = SILENT_MS, answerMs = ANSWER_MS }) {
    this.#clock = clock
    this.#isAlive = isAlive
    this.#onDead = onDead
    this.#silentMs = silentMs
    this.#answerMs = answerMs
  }

  start() {
    this.#runs += 1
    this.#run = this.#runs
    this.#asking = false
    this.heard()
    this.#waitFor(this.#silentMs)
  }

  /** A frame came. Only its time is kept: a busy room must not restart a timer per frame. */
  heard() {
    this.#heardAt = this.#clock.elapsed()
  }

  stop() {
    this.#run = 0
    this.#timer?.cancel()
    this.#timer = null
  }

  /** Asks now, also after a recent frame: the network changed, or the page was hidden. */
  async askNow() {
    if (this.#run === 0 || this.#asking) return
    const run = this.#run
    this.#asking = true
    const askedAt = this.#clock.elapsed()
    const alive = await this.#answerInTime()
    if (run !== this.#run) return
    this.#asking = false
    if (!alive && this.#heardAt <= askedAt) {
      this.stop()
      this.#onDead()
      return
    }
    this.heard()
    this.#waitFor(this.#silentMs)
  }

  #waitFor(/** @type {number} */ ms) {
    this.#timer?.cancel()
    this.#timer = this.#clock.after(ms, () => {
      const quietMs = this.#clock.elapsed() - this.#heardAt
      if (quietMs < this.#silentMs) this.#waitFor(this.#silentMs - quietMs)
      else this.askNow()
    })
  }

  /** @returns {Promise<boolean>} */
  async #answerInTime() {
    const asking = new AbortController()
    /** @type {Promise<boolean>} */
    const late = new Promise((resolve) => {
      const timer = this.#clock.after(this.#answerMs, () => resolve(false))
      asking.signal.addEventListener('abort', () => timer.cancel())
    })
    const answer = this.#isAlive(asking.signal).catch(() => false)
    const alive = await Promise.race([answer, late])
    asking.abort()
    return alive
  }
}
