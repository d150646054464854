// Asks for the newest message of a room again and again, each time at another node.
import { setTimeout as pause } from 'node:timers/promises'
import type { Position } from '../record.ts'
import type { Scene } from './run-parts.ts'

const BETWEEN_MS = 40

export class Reader {
  readonly #scene: Scene
  readonly #room: string
  #stopped = false

  constructor(scene: Scene, room: string) {
    this.#scene = scene
    this.#room = room
    void this.#read()
  }

  stop(): void {
    this.#stopped = true
  }

  async #read(): Promise<void> {
    while (!this.#stopped) {
      await this.#one().catch(() => undefined)
      await pause(BETWEEN_MS)
    }
  }

  async #one(): Promise<void> {
    const { url, authorization, record } = this.#scene
    const began = performance.now()
    const address = `${url}/rooms/${this.#room}/messages?order=desc&limit=1`
    const response = await fetch(address, { headers: { authorization } })
    const text = await response.text()
    if (!response.ok) return
    const { epoch, offset } = JSON.parse(text) as Position
    record.read(this.#room, { epoch, offset }, { began, ended: performance.now() })
  }
}
