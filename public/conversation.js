// What is said in the room and what becomes of it: connection, lines and marks brought together.
import { setMark, sizeText } from './message-view.js'
import { OwnLines } from './pending-echoes.js'
import { RoomConnection } from './room-connection.js'

/** @import { Clock } from './clock.js' */
/** @import { Lines } from './message-list.js' */
/** @import { Door, State } from './room-connection.js' */

// The server's default for one message; above it, it would close the connection with 1009.
const MESSAGE_BYTES_MAX = 65_536

export class Conversation {
  /** @type {OwnLines<HTMLElement>} */
  #own = new OwnLines()
  #echoes = true
  #room = ''
  #lines
  #connection
  #onState
  #onReceived

  /**
   * @param {object} options
   * @param {Lines} options.lines
   * @param {Door} options.door
   * @param {Clock} options.clock
   * @param {(state: State) => void} options.onState
   * @param {() => void} options.onReceived
   */
  constructor({ lines, door, clock, onState, onReceived }) {
    this.#lines = lines
    this.#onState = onState
    this.#onReceived = onReceived
    this.#connection = new RoomConnection({
      door,
      clock,
      onState: (state) => this.#changed(state),
      onFrame: (content) => this.#received(content),
    })
  }

  get state() {
    return this.#connection.state
  }

  /** Another room starts on an empty page; the same room goes on where it was. */
  open(/** @type {string} */ room) {
    if (room !== this.#room) this.#lines.clear()
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

  /** Forgets everything, for the next person at this screen. */
  end() {
    this.close()
    this.#room = ''
    this.#lines.clear()
  }

  /** The room's rule leaves senders out, so no echo will ever tell that a line arrived. */
  expectNoEchoes() {
    this.#echoes = false
    for (const line of this.#own.takeAll()) line.removeAttribute('data-mark')
  }

  /** Whether it went out, so that the input may be cleared. */
  sendText(/** @type {string} */ typed) {
    // What a WebSocket would do to lone surrogates, done first, so that the echo is recognised.
    const text = typed.toWellFormed()
    const bytes = new TextEncoder().encode(text).length
    if (!this.#fits('This message', bytes)) return false
    return this.#send({ content: text })
  }

  /** Reading takes a moment, in which another room may be opened: then nothing is sent. */
  async sendFile(/** @type {File} */ file) {
    if (file.size === 0) return this.#lines.answer(`“${file.name}” is empty: nothing was sent.`)
    if (!this.#fits(`“${file.name}”`, file.size)) return
    const room = this.#room
    const content = await file.arrayBuffer().catch(() => null)
    if (!content) return this.#lines.answer(`“${file.name}” could not be read.`)
    if (room === this.#room) this.#send({ content: new Uint8Array(content), fileName: file.name })
  }

  #fits(/** @type {string} */ what, /** @type {number} */ bytes) {
    if (bytes <= MESSAGE_BYTES_MAX) return true
    const most = sizeText(MESSAGE_BYTES_MAX)
    const size = bytes - MESSAGE_BYTES_MAX < 1024 ? `${bytes} bytes` : sizeText(bytes)
    this.#lines.answer(`${what} is too big: ${size}. At most ${most} can be sent at once.`)
    return false
  }

  #send(/** @type {{ content: string | Uint8Array<ArrayBuffer>, fileName?: string }} */ said) {
    if (!this.#connection.send(said.content)) {
      const waits = this.state.name === 'waiting' || this.state.name === 'connecting'
      this.#lines.answer(
        waits
          ? 'There is no connection yet: wait for “open”.'
          : 'There is no connection: press Open.',
      )
      return false
    }
    const line = this.#lines.print({ direction: 'sent', time: new Date(), ...said })
    if (this.#echoes) this.#own.add(said.content, line)
    if (this.#echoes) setMark(line, 'waiting')
    return true
  }

  #received(/** @type {string | Uint8Array} */ content) {
    const own = this.#own.takeEchoOf(content)
    if (own) return setMark(own, 'delivered')
    this.#lines.print({ direction: 'received', content, time: new Date() })
    this.#onReceived()
  }

  #changed(/** @type {State} */ state) {
    if (state.name !== 'open') this.#forgetEchoes()
    const note = noteOf(state)
    if (note) this.#lines.note(note)
    this.#onState(state)
  }

  #forgetEchoes() {
    for (const line of this.#own.takeAll()) setMark(line, 'unconfirmed')
  }
}

function noteOf(/** @type {State} */ state) {
  if (state.name === 'closed') return state.reason || 'Closed.'
  if (state.name === 'waiting') return state.reason
  if (state.name !== 'open') return ''
  if (!state.again) return `You are in ${state.room}.`
  return `Back in ${state.room}. What was said meanwhile is not shown.`
}
