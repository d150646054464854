// One room of the person: its messages, what was read, who is here. Knows no DOM.
import { pageOf, takeBack } from './history.js'
import { bytesOf, isTyping, MESSAGE_BYTES_MAX, summaryOf } from './message-data.js'
import { MessageStore } from './message-store.js'
import { Presence } from './presence.js'
import { Typing } from './typing.js'

/** @typedef {import('./message-store.js').Message} Message */
/** @typedef {import('./history.js').Kept} Kept */

const AGAIN_MS = 3_000

export class Conversation {
  #parts
  #joined
  #isClosed = false
  #keeping = false
  /** A room that was never looked at loads its newest message alone. */
  #isOpened = false
  messages = new MessageStore()
  /** `loading` until the newest page is there; `refused` with a sentence. */
  state = 'loading'
  sentence = ''
  hasOlder = true
  /** The newest offset, and how far this person has read. */
  newest = 0
  /** @type {number | null} */
  read

  /**
   * @param {import('./my-rooms.js').MyRoom} known
   * @param {object} parts
   * @param {import('../usher-client.js').UsherClient} parts.client
   * @param {any} parts.sdk
   * @param {{ user: string, username: string }} parts.person
   * @param {import('./keep.js').Keep} parts.keep
   * @param {(conversation: Conversation) => void} parts.onChange
   * @param {(conversation: Conversation, message: Message) => void} parts.onMessage by another
   */
  constructor(known, parts) {
    this.#parts = parts
    this.room = known.room
    this.newest = known.offset
    this.read = known.read
    if (known.last !== null) this.#putKept(known.last)
    this.#joined = parts.client.join(known.room, this.#handlers(), { joinLeave: true })
    const { subscription } = this.#joined
    this.presence = new Presence(subscription, () => this.#changed())
    this.typing = new Typing(
      () => this.#tellTyping(),
      () => this.#changed(),
    )
    subscription.on('unsubscribed', ({ code, reason }) => this.#refused(code, reason))
    subscription.on('subscribed', ({ hasRecoveredPublications }) => {
      if (this.state === 'refused') this.state = 'ready'
      if (hasRecoveredPublications) this.#learnTimes()
    })
  }

  get last() {
    return this.messages.all.at(-1)
  }

  get unread() {
    return this.read === null ? 0 : Math.max(0, this.newest - this.read)
  }

  /** How far a message of this person is, in the manner people know. */
  markOf(/** @type {Message} */ { state, offset }) {
    return state === 'sent' && offset !== undefined ? this.#joined.stateOf(offset) : state
  }

  /** The person looks at it: more is loaded as they see that there is more. */
  opened() {
    this.#isOpened = true
  }

  /** Shows what this browser kept, until the server tells more. */
  async showKept() {
    const kept = await this.#parts.keep.messages(this.room)
    if (this.state === 'loading') for (const message of kept) this.#putKept(message)
    this.#changed()
  }

  /** What this page, or an earlier one, could not send yet. */
  showWaiting(/** @type {import('../usher-client.js').OwnMessage} */ waiting) {
    this.#putOwn(waiting)
  }

  /** Returns a sentence when it cannot be sent. */
  send(/** @type {Omit<import('./message-data.js').ChatData, 'key'>} */ said) {
    const data = { key: crypto.randomUUID(), ...said }
    if (bytesOf(data) > MESSAGE_BYTES_MAX)
      return 'This is too long for one message: send it in parts.'
    this.#putOwn(this.#parts.client.send(this.room, data, data.key))
    this.typing.sent()
    return ''
  }

  sendAgain(/** @type {Message} */ { key, data }) {
    this.discard(key)
    this.send(/** @type {any} */ (data))
  }

  discard(/** @type {string | undefined} */ key) {
    if (key === undefined) return
    this.#parts.client.discard(key)
    this.messages.drop(key)
    this.#changed()
  }

  async takeBack(/** @type {number} */ offset) {
    await takeBack(this.room, offset)
    this.messages.takenBack(offset)
    this.#changed()
  }

  async loadOlder() {
    if (!this.hasOlder || this.messages.isFull || this.state !== 'ready') return
    this.state = 'older'
    const page = await pageOf(this.room, { before: this.messages.oldest }).catch(() => null)
    if (page !== null) this.#takePage(page.messages)
    else await new Promise((resolve) => setTimeout(resolve, AGAIN_MS))
    this.state = 'ready'
    this.#changed()
  }

  /** The person sees the newest message. */
  sawAll() {
    if (this.newest === 0 || this.read === this.newest) return
    this.read = this.newest
    this.#joined.markRead(this.newest)
    this.#changed()
  }

  /** Another device of this person has read more. */
  heardReceipt(/** @type {{ read: number }} */ { read }) {
    this.read = Math.max(this.read ?? 0, read)
    this.#changed()
  }

  /** Who got and who read a message; null where the room does not tell. */
  async whoRead(/** @type {number} */ offset) {
    const asked = { room: this.room, offset }
    const { data } = await this.#parts.sdk.rpc('receipts', asked).catch(() => ({ data: null }))
    return data
  }

  close() {
    this.#isClosed = true
    this.#parts.client.close(this.room)
  }

  #handlers() {
    return {
      onLoad: (/** @type {{ offset: number } | null} */ position) => this.#load(position),
      onMessage: (/** @type {any} */ message) => this.#heard(message),
      onRedacted: (/** @type {number} */ offset) => {
        this.messages.takenBack(offset)
        this.newest = Math.max(this.newest, offset)
        this.#changed()
      },
      onOwn: (/** @type {any} */ own) => this.#putOwn(own),
      onMarks: () => this.#changed(),
    }
  }

  /** Until it succeeds: what was missed comes by no other way. */
  async #load(/** @type {{ offset: number } | null} */ position) {
    const page = position && (await this.#pageOnceItComes())
    if (this.#isClosed) return
    if (page) {
      this.messages.clear()
      this.hasOlder = true
      this.#takePage(page.messages)
      this.newest = Math.max(position?.offset ?? 0, this.messages.newest)
    } else this.hasOlder = false
    if (this.read === null) this.read = this.newest
    // Offsets have begun again; or what was read without a network was not told yet.
    else if (this.read > this.newest) this.read = 0
    else if (this.read > 0) this.#joined.markRead(this.read)
    this.state = 'ready'
    this.#changed()
  }

  async #pageOnceItComes() {
    while (!this.#isClosed) {
      const which = this.#isOpened ? {} : { limit: 1 }
      const page = await pageOf(this.room, which).catch(() => null)
      if (page !== null) return page
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS))
    }
    return null
  }

  #takePage(/** @type {Kept[]} */ messages) {
    for (const message of messages) this.#putKept(message)
    if ((messages[0]?.offset ?? 1) <= 1 || messages.length === 0) this.hasOlder = false
  }

  /** The SDK gives what was missed without its times. */
  async #learnTimes() {
    const page = await pageOf(this.room).catch(() => null)
    for (const message of page?.messages ?? []) {
      if (this.messages.at(message.offset)) this.#putKept(message)
    }
    this.#changed()
  }

  #heard(/** @type {any} */ { offset, data, user = null, name, isOwn }) {
    if (offset === undefined && isTyping(data)) {
      if (!isOwn) this.typing.heard(user, name ?? user)
      return
    }
    this.typing.stopped(user)
    this.newest = Math.max(this.newest, offset ?? 0)
    if (isOwn && this.read === offset - 1) this.read = offset
    const time = this.messages.at(offset)?.time ?? Date.now()
    const key = isOwn ? data?.key : undefined
    const said = { offset, key, user, name: name ?? '', isOwn, time, state: 'sent', data }
    const message = this.messages.put(/** @type {any} */ (said))
    this.#changed()
    if (!isOwn) this.#parts.onMessage(this, message)
  }

  #putKept(/** @type {Kept} */ { offset, time, user, name, data, kind }) {
    const isOwn = user === this.#parts.person.user
    const said = kind === 'binary' && data !== null ? { b64: data } : data
    const key = isOwn ? data?.key : undefined
    this.messages.put({
      offset,
      key,
      user,
      name: name ?? '',
      isOwn,
      time,
      state: 'sent',
      data: said,
    })
  }

  #putOwn(/** @type {any} */ { key, data, offset, at, time = at, state, error }) {
    const { user, username } = this.#parts.person
    const sender = { user, name: username, isOwn: true }
    if (state === 'sent' && offset !== undefined) {
      this.newest = Math.max(this.newest, offset)
      if (this.read === offset - 1) this.read = offset
    }
    this.messages.put({ ...sender, key, data, offset, time, state, error })
    this.#changed()
  }

  #tellTyping() {
    const said = { room: this.room, data: { typing: true }, ephemeral: true, echo: false }
    if (this.#parts.sdk.state === 'connected') this.#parts.sdk.rpc('publish', said).catch(() => {})
  }

  #refused(/** @type {number} */ code, /** @type {string} */ reason) {
    // 0 is this page's own leaving.
    if (code === 0) return
    this.state = 'refused'
    this.sentence = code === 103 || code === 2101 ? 'You may not enter this room.' : `${reason}.`
    this.#changed()
  }

  #changed() {
    if (this.#isClosed) return
    this.#parts.onChange(this)
    if (this.#keeping || this.state !== 'ready') return
    this.#keeping = true
    setTimeout(() => {
      this.#keeping = false
      if (!this.#isClosed) this.#keep()
    }, 500)
  }

  async #keep() {
    const { room, newest, read, messages } = this
    const sent = messages.all.filter(({ offset }) => offset !== undefined)
    const known = sent.map(({ offset, time, user, name, data }) => {
      return { offset, time, user, name, data, kind: 'json' }
    })
    const { keep } = this.#parts
    keep.putRoom({ room, offset: newest, read, last: known.at(-1) ?? null })
    const oldest = messages.oldest ?? 0
    const earlier = this.#isOpened ? [] : await keep.messages(room)
    const kept = earlier.filter((/** @type {Kept} */ { offset }) => offset < oldest)
    keep.putMessages(room, [...kept, ...known])
  }

  /** One line about the newest message, for the list of rooms. */
  get summary() {
    const { last } = this
    return last === undefined ? '' : summaryOf(last.content)
  }
}
