// The connection of one window to one room: opens it, keeps it open, reconnects. Knows no DOM.

import { closeSentence, mayReconnect, questionsSession } from '../shared/close-codes.js'
import { backoffMs } from './backoff.js'
import { Liveness } from './liveness.js'

/** @import { Clock, Timer } from '../shared/clock.js' */
/** @import { Refusal } from './room-api.js' */

/**
 * `closed` has a reason unless the user closed the room. `waitMs` counts from the change of state.
 * @typedef {{ name: 'closed', reason: string, questionsSession: boolean, loggedOut: boolean }
 *   | { name: 'connecting', room: string }
 *   | { name: 'open', room: string, again: boolean }
 *   | { name: 'waiting', room: string, reason: string, waitMs: number }} State
 *
 * @typedef {object} RoomApi
 * @property {(room: string) => WebSocket} openSocket
 * @property {(room: string) => Promise<Refusal>} whyRefused
 * @property {(signal: AbortSignal) => Promise<boolean>} isAlive
 */

const OPEN = 1
const OPENING_MS = 15_000
// Only a connection that was open for so long resets the count of failures.
const STABLE_MS = 10_000
/** @type {Readonly<Extract<State, { name: 'closed' }>>} */
const CLOSED = Object.freeze({
  name: 'closed',
  reason: '',
  questionsSession: false,
  loggedOut: false,
})

export class RoomConnection {
  /** @type {State} */
  #state = CLOSED
  /** @type {WebSocket | null} */
  #socket = null
  /** @type {Timer | null} */
  #timer = null
  #room = ''
  #failures = 0
  #openedAt = 0
  #notBefore = 0
  #wasOpen = false
  #api
  #clock
  #random
  #onState
  #onFrame
  #liveness

  /**
   * @param {object} options
   * @param {RoomApi} options.api
   * @param {Clock} options.clock
   * @param {() => number} [options.random]
   * @param {{ silentMs?: number, answerMs?: number }} [options.liveness]
   * @param {(state: State) => void} options.onState
   * @param {(content: string | Uint8Array) => void} options.onFrame
   */
  constructor({ api, clock, random = Math.random, liveness = {}, onState, onFrame }) {
    this.#api = api
    this.#clock = clock
    this.#random = random
    this.#onState = onState
    this.#onFrame = onFrame
    const onDead = () => this.#comeBack('The server stopped answering.')
    this.#liveness = new Liveness({ clock, isAlive: api.isAlive, onDead, ...liveness })
  }

  get state() {
    return this.#state
  }

  /** Opens a room; an earlier one that is open or reconnecting is left first. */
  open(/** @type {string} */ room) {
    this.#leave()
    this.#room = room
    this.#failures = 0
    this.#wasOpen = false
    this.#connect()
  }

  close() {
    this.#leave()
    this.#become(CLOSED)
  }

  /**
   * Whether the message was sent. A closing socket drops messages silently, so that counts as no.
   * @param {string | Uint8Array<ArrayBuffer>} content
   */
  send(content) {
    if (this.#state.name !== 'open' || this.#socket?.readyState !== OPEN) return false
    this.#socket.send(content)
    return true
  }

  /** The network or the page is back: checks the connection now instead of at the next timer. */
  check() {
    if (this.#state.name === 'open') this.#liveness.askNow()
    if (this.#state.name !== 'waiting') return
    if (this.#clock.elapsed() >= this.#notBefore) this.#connect()
  }

  #connect() {
    this.#leave()
    const socket = this.#api.openSocket(this.#room)
    socket.binaryType = 'arraybuffer'
    this.#socket = socket
    socket.onopen = () => this.#opened(socket)
    socket.onmessage = ({ data }) => this.#received(socket, data)
    socket.onclose = ({ code, reason }) => this.#ended(socket, code, reason)
    this.#timer = this.#clock.after(OPENING_MS, () => this.#explain())
    this.#become({ name: 'connecting', room: this.#room })
  }

  #opened(/** @type {WebSocket} */ socket) {
    if (socket !== this.#socket) return
    this.#timer?.cancel()
    this.#openedAt = this.#clock.elapsed()
    this.#liveness.start()
    const again = this.#wasOpen
    this.#wasOpen = true
    this.#become({ name: 'open', room: this.#room, again })
  }

  #received(/** @type {WebSocket} */ socket, /** @type {string | ArrayBuffer} */ data) {
    if (socket !== this.#socket) return
    this.#liveness.heard()
    this.#onFrame(typeof data === 'string' ? data : new Uint8Array(data))
  }

  #ended(
    /** @type {WebSocket} */ socket,
    /** @type {number} */ code,
    /** @type {string} */ reason,
  ) {
    if (socket !== this.#socket) return
    if (this.#state.name === 'connecting') this.#explain()
    else if (mayReconnect(code)) this.#comeBack(closeSentence(code, reason))
    else this.#stayAway(closeSentence(code, reason), { questionsSession: questionsSession(code) })
  }

  /** The socket did not open. The browser hides the reason, so the server is asked for it. */
  async #explain() {
    const socket = this.#socket
    this.#timer?.cancel()
    const { verdict, sentence, afterMs } = await this.#api.whyRefused(this.#room)
    if (socket !== this.#socket || this.#state.name !== 'connecting') return
    if (verdict === 'come-back') this.#comeBack(sentence, afterMs)
    else this.#stayAway(sentence, { loggedOut: verdict === 'logged-out' })
  }

  #comeBack(/** @type {string} */ reason, afterMs = 0) {
    const now = this.#clock.elapsed()
    if (this.#state.name === 'open' && now - this.#openedAt >= STABLE_MS) this.#failures = 0
    this.#leave()
    const waitMs = afterMs + backoffMs(this.#failures, this.#random)
    this.#failures += 1
    this.#notBefore = now + afterMs
    this.#timer = this.#clock.after(waitMs, () => this.#connect())
    this.#become({ name: 'waiting', room: this.#room, reason, waitMs })
  }

  #stayAway(
    /** @type {string} */ reason,
    /** @type {{ questionsSession?: boolean, loggedOut?: boolean }} */ more,
  ) {
    this.#leave()
    this.#become({ ...CLOSED, reason, ...more })
  }

  /** Drops the socket and the timers; later events of the old socket are ignored. */
  #leave() {
    this.#timer?.cancel()
    this.#timer = null
    this.#liveness.stop()
    const socket = this.#socket
    this.#socket = null
    socket?.close(1000, 'left')
  }

  #become(/** @type {State} */ state) {
    this.#state = state
    this.#onState(state)
  }
}
