// The rooms of one person over one connection, from log-in to log-out. Knows no DOM.
import { connect } from './connection.js'
import { Conversation } from './conversation.js'
import { myRooms } from './my-rooms.js'

/** @typedef {import('./connection.js').Link} Link */
/** @typedef {import('./message-store.js').Message} Message */
/** @typedef {import('../shared/session.js').User} User */

const AGAIN_MS = 3_000

export class Chat {
  /** @type {Map<string, Conversation>} */
  #rooms = new Map()
  #parts
  #connection
  #isEnded = false
  /** @type {Link} */
  link = 'connecting'

  /**
   * @param {User} person
   * @param {object} parts
   * @param {import('./keep.js').Keep} parts.keep
   * @param {() => void} parts.onLink
   * @param {(ended: { code: number, reason: string }) => void} parts.onEnd
   * @param {(conversation: Conversation) => void} parts.onChange
   * @param {(conversation: Conversation, message: Message) => void} parts.onMessage
   */
  constructor(person, parts) {
    this.person = person
    this.#parts = parts
    this.#connection = connect({
      user: person.user,
      store: parts.keep.waiting,
      onLink: (link) => {
        this.link = link
        parts.onLink()
      },
      onEnd: parts.onEnd,
      onReceipt: (receipt) => this.#rooms.get(receipt.room)?.heardReceipt(receipt),
    })
  }

  get rooms() {
    return [...this.#rooms.values()]
  }

  /** Shows what this browser kept. */
  async begin() {
    const kept = await this.#parts.keep.rooms()
    for (const room of kept) this.#join(room)
    const waiting = await this.#connection.client.load()
    for (const message of waiting) this.room(message.room).showWaiting(message)
  }

  /** Rooms that were joined on another device, and what was read there. */
  async learnRooms() {
    const all = await myRooms(await this.#parts.keep.rooms()).catch(() => null)
    if (this.#isEnded) return
    if (all === null) {
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS))
      return this.learnRooms()
    }
    for (const known of all) {
      const conversation = this.#rooms.get(known.room)
      if (conversation === undefined) this.#join(known)
      else if (known.read !== null) conversation.heardReceipt({ read: known.read })
    }
  }

  /** Joined, if it was not. */
  room(/** @type {string} */ name) {
    const known = this.#rooms.get(name)
    return known ?? this.#join({ room: name, offset: 0, read: null, last: null })
  }

  async leave(/** @type {Conversation} */ conversation) {
    const { room } = conversation
    for (const { key, state } of [...conversation.messages.all])
      if (state !== 'sent') conversation.discard(key)
    conversation.close()
    this.#rooms.delete(room)
    await this.#parts.keep.dropRoom(room)
    await this.#connection.client.leave(room).catch(() => {})
  }

  /** Comes back now instead of at the next attempt. */
  check() {
    const { sdk } = this.#connection
    if (sdk.state === 'disconnected') sdk.connect()
  }

  end() {
    this.#isEnded = true
    // First, so that nothing is said over a connection that the server is closing.
    this.#connection.sdk.disconnect()
    for (const conversation of this.#rooms.values()) conversation.close()
    this.#rooms.clear()
  }

  #join(/** @type {import('./my-rooms.js').MyRoom} */ known) {
    const { keep, onChange, onMessage } = this.#parts
    const { sdk, client } = this.#connection
    const parts = { client, sdk, person: this.person, keep, onChange, onMessage }
    const conversation = new Conversation(known, parts)
    this.#rooms.set(known.room, conversation)
    conversation.showKept()
    return conversation
  }
}
