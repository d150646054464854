// The conversation in one room: its connection, its messages, and the marks of those delivered.
import { setMark, sizeText } from './message-view.js'
import { PendingEchoes } from './pending-echoes.js'
import { RoomConnection } from './room-connection.js'

/** @import { Clock } from '../shared/clock.js' */
/** @import { MessageList } from './message-list.js' */
/** @import { RoomApi, State } from './room-connection.js' */

// The server's default for one message; a larger one would close the connection with 1009.
const MESSAGE_BYTES_MAX = 65_536

export class Conversation {
  /** @type {PendingEchoes<HTMLElement>} */
  #pending = new PendingEchoes()
  #echoes = true
  #room = ''
  #list
  #connection
  #onState
  #onReceived

  /**
   * @param {object} options
   * @param {MessageList} options.list
   * @param {RoomApi} options.api
   * @param {Clock} options.clock
   * @param {(state: State) => void} options.onState
   * @param {() => void} options.onReceived
   */
  constructor({ list, api, clock, onState, onReceived }) {
    this.#list = list
    this.#onState = onState
    this.#onReceived = onReceived
    this.#connection = new RoomConnection({
      api,
      clock,
      onState: (state) => this.#changed(state),
      onFrame: (content) => this.#received(content),
    })
  }

  get state() {
    return this.#connection.state
  }

  /** Another room starts with an empty list; the same room keeps its messages. */
  open(/** @type {string} */ room) {
    if (room !== this.#room) this.#list.clear()
    this.#room = room
    this.#echoes = true
    this.#forgetEchoes()
    this.#connection.open(room)
  }

  close() {
    if (this.state.name !== 'closed') this.#connection.close()
  }

  check() {
    this.#connection.check()
  }

  /** Forgets everything, since the next user of this screen must not see it. */
  end() {
    this.close()
    this.#room = ''
    this.#list.clear()
  }

  /** The room's rule sends senders no echo, so that no message can be marked as delivered. */
  expectNoEchoes() {
    this.#echoes = false
    for (const line of this.#pending.takeAll()) line.removeAttribute('data-mark')
  }

  /** Whether the text was sent, so that the input may be cleared. */
  sendText(/** @type {string} */ typed) {
    // A WebSocket replaces lone surrogates. Replaced here already, so that the echo is recognised.
    const text = typed.toWellFormed()
    const bytes = new TextEncoder().encode(text).length
    if (!this.#fits('This message', bytes)) return false
    return this.#send({ content: text })
  }

  /** If another room is opened while the file is read, nothing is sent. */
  async sendFile(/** @type {File} */ file) {
    if (file.size === 0) return this.#list.answer(`“${file.name}” is empty: nothing was sent.`)
    if (!this.#fits(`“${file.name}”`, file.size)) return
    const room = this.#room
    const content = await file.arrayBuffer().catch(() => null)
    if (!content) return this.#list.answer(`“${file.name}” could not be read.`)
    if (room === this.#room) this.#send({ content: new Uint8Array(content), fileName: file.name })
  }

  #fits(/** @type {string} */ what, /** @type {number} */ bytes) {
    if (bytes <= MESSAGE_BYTES_MAX) return true
    const most = sizeText(MESSAGE_BYTES_MAX)
    const size = bytes - MESSAGE_BYTES_MAX < 1024 ? `${bytes} bytes` : sizeText(bytes)
    this.#list.answer(`${what} is too big: ${size}. At most ${most} can be sent at once.`)
    return false
  }

  #send(/** @type {{ content: string | Uint8Array<ArrayBuffer>, fileName?: string }} */ message) {
    if (!this.#connection.send(message.content)) {
      const waits = this.state.name === 'waiting' || this.state.name === 'connecting'
      this.#list.answer(
        waits
          ? 'There is no connection yet: wait for “open”.'
          : 'There is no connection: press Open.',
      )
      return false
    }
    const line = this.#list.print({ direction: 'sent', time: new Date(), ...message })
    if (this.#echoes) this.#pending.add(message.content, line)
    if (this.#echoes) setMark(line, 'waiting')
    return true
  }

  #received(/** @type {string | Uint8Array} */ content) {
    const own = this.#pending.takeEchoOf(content)
    if (own) return setMark(own, 'delivered')
    this.#list.print({ direction: 'received', content, time: new Date() })
    this.#onReceived()
  }

  #changed(/** @type {State} */ state) {
    if (state.name !== 'open') this.#forgetEchoes()
    const note = noteOf(state)
    if (note) this.#list.note(note)
    this.#onState(state)
  }

  #forgetEchoes() {
    for (const line of this.#pending.takeAll()) setMark(line, 'unconfirmed')
  }
}

function noteOf(/** @type {State} */ state) {
  if (state.name === 'closed') return state.reason || 'Closed.'
  if (state.name === 'waiting') return state.reason
  if (state.name !== 'open') return ''
  if (!state.again) return `You are in ${state.room}.`
  return `Back in ${state.room}. What was said meanwhile is not shown.`
}
