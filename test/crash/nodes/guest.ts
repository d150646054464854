// A user who comes into a room with a ticket, uses it on all nodes at once, stays until it is cut,
// and comes back with another. Tickets that were used are tried again now and then.
import { setTimeout as pause } from 'node:timers/promises'
import WebSocket from 'ws'
import { asServer, call } from '../../support/people.ts'
import type { Record } from '../record.ts'

const BACK_AFTER_MS = 60
const AGAIN_EVERY_MS = 700
/** Longer than a blow holds a node up, but for the longest. */
const HANDSHAKE_MS = 5_000
/** Of the tickets that it has used, the newest: older ones have had their time. */
const USED_MAX = 8

export interface GuestOptions {
  record: Record
  user: string
  room: string
  /** The nodes that run now. */
  urls(): readonly string[]
}

export class Guest {
  readonly user: string
  readonly room: string
  readonly #options: GuestOptions
  readonly #used: { ticket: string; entered: number }[] = []
  #ws: WebSocket | null = null
  #stopped = false

  constructor(options: GuestOptions) {
    this.#options = options
    this.user = options.user
    this.room = options.room
    void this.#stay()
    void this.#tryAgain()
  }

  get isInside(): boolean {
    return this.#ws?.readyState === WebSocket.OPEN
  }

  cut(): void {
    this.#ws?.terminate()
  }

  /** It says nothing and need not read. */
  slow(): void {}

  stop(): void {
    this.#stopped = true
    this.cut()
  }

  async #stay(): Promise<void> {
    while (!this.#stopped) {
      await this.#visit().catch(() => undefined)
      await pause(BACK_AFTER_MS)
    }
  }

  async #visit(): Promise<void> {
    const { record, urls } = this.#options
    const [url = ''] = urls()
    const body = { user: this.user, rooms: [this.room] }
    const answer = await call(`${url}/tickets`, 'POST', { headers: asServer, body })
    if (answer.status !== 201) return record.count('no ticket')
    const used = { ticket: answer.body.ticket as string, entered: 0 }
    this.#used.push(used)
    if (this.#used.length > USED_MAX) this.#used.shift()
    await Promise.all(urls().map((node) => this.#use(node, used)))
    record.count(used.entered === 0 ? 'tickets in vain' : 'tickets used')
    const ws = this.#ws
    if (ws === null || ws.readyState !== WebSocket.OPEN) return
    await new Promise<void>((resolve) => ws.once('close', () => resolve()))
  }

  async #tryAgain(): Promise<void> {
    for (let turn = 0; !this.#stopped; turn += 1) {
      await pause(AGAIN_EVERY_MS)
      const used = this.#used.filter(({ entered }) => entered > 0)
      const [url] = this.#options.urls()
      const one = used[turn % Math.max(1, used.length)]
      if (one === undefined || url === undefined) continue
      this.#options.record.count('used tickets tried')
      await this.#use(url, one)
    }
  }

  /** Resolves when it is inside or was refused. */
  #use(url: string, used: { ticket: string; entered: number }): Promise<void> {
    const address = `${url.replace('http', 'ws')}/rooms/${this.room}?ticket=${used.ticket}`
    const ws = new WebSocket(address, { handshakeTimeout: HANDSHAKE_MS })
    ws.on('error', () => undefined)
    return new Promise((resolve) => {
      ws.once('close', () => resolve())
      ws.once('open', () => {
        this.#enter(ws, used)
        resolve()
      })
    })
  }

  #enter(ws: WebSocket, used: { entered: number }): void {
    used.entered += 1
    if (used.entered === 1 && !this.#stopped) this.#ws = ws
    else ws.terminate()
    if (used.entered === 1) return
    this.#options.record.wrong(
      `${this.room}: ${this.user} entered ${used.entered} times by one ticket`,
    )
  }
}
