// A member with plain frames: it talks and hears, and comes back when it is cut. It has no
// acknowledgements, so what counts is what it heard.
import { setTimeout as pause } from 'node:timers/promises'
import WebSocket from 'ws'
import { payloadOf } from '../payload.ts'
import type { Scene } from './run-parts.ts'

const BACK_AFTER_MS = 40
const BETWEEN_MS = 25
const BYTES_MAX = 600
/** How a connection may end here: cut, the engine away, slow, the server away. */
const ENDS = [1006, 3004, 3008, 3012]
/** The room has another epoch. */
const RESET = 3010

export interface TalkerOptions {
  room: string
  /** What it asks to hear from before; 0 for nothing. */
  replay: number
  talks: boolean
}

export class Talker {
  readonly #scene: Scene
  readonly #who: string
  readonly #options: TalkerOptions
  #ws: WebSocket | null = null
  #number = 0
  #stopped = false
  #silent = false

  constructor(scene: Scene, who: string, options: TalkerOptions) {
    this.#scene = scene
    this.#who = who
    this.#options = options
    void this.#stay()
    if (options.talks) void this.#talk()
  }

  cut(): void {
    this.#ws?.terminate()
  }

  slow(ms: number): void {
    const ws = this.#ws
    if (ws?.readyState !== WebSocket.OPEN) return
    ws.pause()
    setTimeout(() => ws.resume(), ms)
  }

  /** It stays and listens. */
  hush(): void {
    this.#silent = true
  }

  stop(): void {
    this.#stopped = true
    this.cut()
  }

  async #stay(): Promise<void> {
    while (!this.#stopped) {
      await this.#connection()
      await pause(BACK_AFTER_MS)
    }
  }

  #connection(): Promise<void> {
    const { url, authorization, record } = this.#scene
    const { room, replay } = this.#options
    const query = replay === 0 ? '' : `?replay=${replay}`
    const address = `${url.replace('http', 'ws')}/rooms/${room}${query}`
    const ws = new WebSocket(address, { headers: { authorization } })
    const sequence: string[] = []
    record.room(room).sequences.push(sequence)
    this.#ws = ws
    ws.on('message', (data) => record.heard(this.#who, room, sequence, String(data)))
    ws.on('error', () => undefined)
    return new Promise((resolve) => {
      ws.on('close', (code) => {
        record.count(`closed with ${code}`)
        const isGood = ENDS.includes(code) || (code === RESET && record.mayEpochsEnd)
        if (!isGood) record.wrong(`${room}: ${this.#who} was closed with ${code}`)
        resolve()
      })
    })
  }

  async #talk(): Promise<void> {
    const { dice, record } = this.#scene
    while (!this.#stopped && !this.#silent) {
      await pause(BETWEEN_MS)
      if (this.#ws?.readyState !== WebSocket.OPEN) continue
      this.#number += 1
      const name = `${this.#who}-${this.#number}-${dice.length(BYTES_MAX)}`
      record.said(this.#options.room, name)
      this.#ws.send(payloadOf(name))
    }
  }
}
