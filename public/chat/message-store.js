// The messages of one room as the page knows them: in order, each once.
import { contentOf } from './message-data.js'

/**
 * `offset` is absent in rooms without history, and while a message is on its way.
 * @typedef {object} Message
 * @property {string} id stays the same while the message becomes one that was sent
 * @property {number | undefined} offset
 * @property {string | undefined} key
 * @property {string | null} user
 * @property {string} name
 * @property {boolean} isOwn
 * @property {number} time
 * @property {'sending' | 'sent' | 'failed'} state
 * @property {string} [error]
 * @property {import('./message-data.js').Content | null} content null when it was taken back
 * @property {unknown} data as it was sent
 * @property {number} [place] the offset that it stands at or behind; given by the store
 */

const KEPT_MAX = 2_000

export class MessageStore {
  /** @type {Message[]} */
  #messages = []
  /** @type {Map<number | string, Message>} */
  #known = new Map()

  get all() {
    return this.#messages
  }

  /** One more would be at the cost of another. */
  get isFull() {
    return this.#messages.length >= KEPT_MAX
  }

  /** The oldest offset, from which on nothing is missing. */
  get oldest() {
    return this.#messages.find(({ offset }) => offset !== undefined)?.offset
  }

  get newest() {
    return this.#messages.findLast(({ offset }) => offset !== undefined)?.offset ?? 0
  }

  at(/** @type {number} */ offset) {
    return this.#known.get(offset)
  }

  /** What is on its way or not kept stays when a room is loaded again. */
  clear() {
    const staying = this.#messages.filter(({ offset }) => offset === undefined)
    this.#messages = []
    this.#known = new Map()
    for (const message of staying) this.#insert(message)
  }

  /** Takes what is known of a message: a new one, or more about one that is there. */
  put(/** @type {Omit<Message, 'id' | 'content'>} */ said) {
    const content = said.data === null ? null : contentOf(said.data)
    const known = this.#find(said)
    if (known === undefined) {
      const id = said.key ?? `${said.offset ?? crypto.randomUUID()}`
      return this.#insert({ ...said, id, content })
    }
    const moves = known.offset !== said.offset || known.state !== said.state
    Object.assign(known, said, { content: known.data === said.data ? known.content : content })
    if (!moves) return known
    this.#messages.splice(this.#messages.indexOf(known), 1)
    known.place = undefined
    return this.#insert(known)
  }

  drop(/** @type {string} */ key) {
    const known = this.#known.get(key)
    if (known === undefined) return
    this.#messages.splice(this.#messages.indexOf(known), 1)
    this.#known.delete(key)
  }

  takenBack(/** @type {number} */ offset) {
    const known = this.#known.get(offset)
    if (known !== undefined) Object.assign(known, { content: null, data: null })
  }

  #find(/** @type {Omit<Message, 'id' | 'content'>} */ { offset, key }) {
    return this.#known.get(offset ?? '') ?? this.#known.get(key ?? '')
  }

  /** Behind those before it; what is not kept behind the newest, and what waits at the end. */
  #insert(/** @type {Message} */ message) {
    const { offset, state } = message
    const place =
      message.place ?? offset ?? (state === 'sent' ? this.newest : Number.POSITIVE_INFINITY)
    message.place = place
    const before = this.#messages.findLastIndex((other) => (other.place ?? 0) <= place)
    this.#messages.splice(before + 1, 0, message)
    if (message.offset !== undefined) this.#known.set(message.offset, message)
    if (message.key !== undefined) this.#known.set(message.key, message)
    if (this.#messages.length > KEPT_MAX) this.#forgetOldest()
    return message
  }

  #forgetOldest() {
    const [oldest] = this.#messages.splice(0, 1)
    if (oldest?.offset !== undefined) this.#known.delete(oldest.offset)
    if (oldest?.key !== undefined) this.#known.delete(oldest.key)
  }
}
