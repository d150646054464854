// Follows a room by server-sent events on a bare socket, and comes back after its last id for ever.
import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { Position, Record } from '../record.ts'
import type { Scene } from './run-parts.ts'

const BACK_AFTER_MS = 30
/** What may be answered while the server goes up or down. */
const LATER = /^HTTP\/1\.1 (429|503) /

export class Follower {
  /** The last it heard; null before the first connection. */
  at: Position | null = null
  readonly who: string
  readonly room: string
  readonly #scene: Scene
  #socket: Socket | null = null
  #text = ''
  #stopped = false

  constructor(scene: Scene, who: string, room: string) {
    this.#scene = scene
    this.who = who
    this.room = room
    void this.#follow()
  }

  /** The line is gone, without a word. */
  cut(): void {
    this.#socket?.destroy()
  }

  /** Reads nothing for a while. */
  slow(ms: number): void {
    const socket = this.#socket
    socket?.pause()
    setTimeout(() => socket?.resume(), ms)
  }

  stop(): void {
    this.#stopped = true
    this.cut()
  }

  async #follow(): Promise<void> {
    while (!this.#stopped) {
      await this.#connection()
      this.#scene.record.count('streams')
      await pause(BACK_AFTER_MS)
    }
  }

  #connection(): Promise<void> {
    const { port, authorization } = this.#scene
    const last = this.at === null ? [] : [`Last-Event-ID: ${this.at.epoch}:${this.at.offset}`]
    const head = [
      `GET /rooms/${this.room} HTTP/1.1`,
      ...['Host: localhost', 'Accept: text/event-stream', `Authorization: ${authorization}`],
      ...last,
    ]
    const socket = connect(port, '127.0.0.1')
    this.#socket = socket
    this.#text = ''
    let begun = false
    socket.setEncoding('utf8')
    socket.on('connect', () => socket.write(`${head.join('\r\n')}\r\n\r\n`))
    socket.on('data', (chunk: string) => {
      this.#text += chunk
      begun ||= this.#begin()
      if (begun) this.#read()
    })
    socket.on('error', () => undefined)
    return new Promise((resolve) => socket.on('close', () => resolve()))
  }

  /** Whether the head of the answer is here and good. */
  #begin(): boolean {
    const end = this.#text.indexOf('\r\n\r\n')
    if (end < 0) return false
    const good = this.#text.startsWith('HTTP/1.1 200 ')
    if (!good && !LATER.test(this.#text)) this.#wrong(`was refused: ${this.#text.slice(0, 60)}`)
    if (!good) this.#socket?.destroy()
    this.#text = this.#text.slice(end + 4)
    return good
  }

  #read(): void {
    const blocks = this.#text.split('\n\n')
    this.#text = blocks.pop() ?? ''
    for (const block of blocks) if (!block.startsWith(':')) this.#take(block)
  }

  #take(block: string): void {
    const [, epoch, offset] = /^id: (.*):(\d+)$/m.exec(block) ?? []
    const data = /^data: (.*)$/m.exec(block)?.[1]
    const event = /^event: (.*)$/m.exec(block)?.[1]
    if (epoch === undefined || event !== undefined) return this.#wrong(`got ${block.slice(0, 60)}`)
    const at = { epoch, offset: Number(offset) }
    if (data === undefined) return this.#opened(at)
    const last = this.at ?? at
    this.at = this.#record.followed(this.who, this.room, { last, at, text: data })
  }

  /** The position that a stream opens with is the one it was asked for [C92]. */
  #opened(at: Position): void {
    const last = this.at ?? at
    if (at.offset !== last.offset) this.#wrong(`came back after ${last.offset} to ${at.offset}`)
    this.at = at
  }

  #wrong(what: string): void {
    this.#record.wrong(`${this.room}: ${this.who} ${what}`)
  }

  get #record(): Record {
    return this.#scene.record
  }
}
