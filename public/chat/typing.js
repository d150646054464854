// Who is typing in one room: told as an ephemeral message, a few seconds at a time.

const TOLD_EVERY_MS = 3_000
const SHOWN_MS = 5_000

export class Typing {
  /** @type {Map<string, { name: string, timer: number }>} */
  #people = new Map()
  #toldAt = -TOLD_EVERY_MS
  #tell
  #onChange

  constructor(/** @type {() => void} */ tell, /** @type {() => void} */ onChange) {
    this.#tell = tell
    this.#onChange = onChange
  }

  get names() {
    return [...this.#people.values()].map(({ name }) => name)
  }

  /** This person typed a letter. */
  typed() {
    const now = performance.now()
    if (now - this.#toldAt < TOLD_EVERY_MS) return
    this.#toldAt = now
    this.#tell()
  }

  /** What was typed is sent, so that the next letter is told at once. */
  sent() {
    this.#toldAt = -TOLD_EVERY_MS
  }

  heard(/** @type {string} */ user, /** @type {string} */ name) {
    clearTimeout(this.#people.get(user)?.timer)
    const timer = setTimeout(() => this.stopped(user), SHOWN_MS)
    this.#people.set(user, { name, timer })
    this.#onChange()
  }

  stopped(/** @type {string} */ user) {
    clearTimeout(this.#people.get(user)?.timer)
    if (this.#people.delete(user)) this.#onChange()
  }
}
