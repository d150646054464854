// Follows a room by server-sent events on a bare socket, and comes back after its last id for ever.
import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { Position, Record } from '../record.ts'
import type { Scene } from './run-parts.ts'

const BACK_AFTER_MS = 30
/** What may be answered while the server goes up or down. */
const LATER = [429, 503]
/** Each event is a chunk: the end of the one before it and its own length. */
const CHUNK_HEAD = /^(?:\r\n)?[0-9a-f]+\r\n/
const STATUS_AT = 'HTTP/1.1 '.length

/** Told what becomes of the connections of followers. */
export interface Watcher {
  connecting(follower: Follower): void
  /** The server has accepted the TCP connection. */
  accepted(follower: Follower): void
  /** An event came: `at` is where the follower stands now. */
  heard(follower: Follower): void
  /**
   * The connection is over; `status` is what was answered, 0 for nothing. Returns after how many
   * milliseconds the follower comes back.
   */
  ended(follower: Follower, status: number): number
}

/** What may be different from follower to follower. */
export interface FollowerOptions {
  /** Instead of that of the scene. */
  authorization?: string
  localAddress?: string
  watcher?: Watcher
}

export class Follower {
  /** The last it heard; null before the first connection. */
  at: Position | null = null
  readonly who: string
  readonly room: string
  readonly #scene: Scene
  readonly #options: FollowerOptions
  #socket: Socket | null = null
  #status = 0
  #text = ''
  #stopped = false

  constructor(scene: Scene, who: string, room: string, options: FollowerOptions = {}) {
    this.#scene = scene
    this.#options = options
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
      const { watcher } = this.#options
      watcher?.connecting(this)
      await this.#connection()
      this.#scene.record.count('streams')
      await pause(watcher?.ended(this, this.#status) ?? BACK_AFTER_MS)
    }
  }

  #connection(): Promise<void> {
    const { authorization = this.#scene.authorization, localAddress, watcher } = this.#options
    const last = this.at === null ? [] : [`Last-Event-ID: ${this.at.epoch}:${this.at.offset}`]
    const head = [
      `GET /rooms/${this.room} HTTP/1.1`,
      ...['Host: localhost', 'Accept: text/event-stream', `Authorization: ${authorization}`],
      ...last,
    ]
    const from = localAddress === undefined ? {} : { localAddress }
    const socket = connect({ port: this.#scene.port, host: '127.0.0.1', ...from })
    this.#socket = socket
    this.#status = 0
    this.#text = ''
    let begun = false
    socket.setEncoding('utf8')
    socket.on('connect', () => {
      watcher?.accepted(this)
      socket.write(`${head.join('\r\n')}\r\n\r\n`)
    })
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
    this.#status = Number(this.#text.slice(STATUS_AT, STATUS_AT + 3))
    const good = this.#status === 200
    if (!good && !LATER.includes(this.#status))
      this.#wrong(`was refused: ${this.#text.slice(0, 60)}`)
    if (!good) this.#socket?.destroy()
    this.#text = this.#text.slice(end + 4)
    return good
  }

  #read(): void {
    const blocks = this.#text.split('\n\n')
    this.#text = blocks.pop() ?? ''
    for (const chunk of blocks) {
      const block = chunk.replace(CHUNK_HEAD, '')
      if (!/^(:|retry:)/.test(block)) this.#take(block)
    }
  }

  #take(block: string): void {
    const [, epoch, offset] = /^id: (.*):(\d+)$/m.exec(block) ?? []
    const data = /^data: (.*)$/m.exec(block)?.[1]
    const event = /^event: (.*)$/m.exec(block)?.[1]
    const isPosition = event === 'position' || event === 'reset'
    if (epoch === undefined || data === undefined || (event !== undefined && !isPosition)) {
      return this.#wrong(`got ${block.slice(0, 60)}`)
    }
    const at = { epoch, offset: Number(offset) }
    const last = this.at ?? at
    if (event === 'position') return this.#opened(at)
    if (event === 'reset') {
      this.at = this.#record.reset(this.who, this.room, { last, at })
      return
    }
    this.at = this.#record.followed(this.who, this.room, { last, at, text: data })
    this.#options.watcher?.heard(this)
  }

  /** The position that a stream opens with is the one it was asked for [C171]. */
  #opened(at: Position): void {
    const last = this.at ?? at
    const isSame = at.epoch === last.epoch && at.offset === last.offset
    if (!isSame) {
      this.#wrong(`came back after ${last.epoch}:${last.offset} to ${at.epoch}:${at.offset}`)
    }
    this.at = at
    this.#options.watcher?.heard(this)
  }

  #wrong(what: string): void {
    this.#record.wrong(`${this.room}: ${this.who} ${what}`)
  }

  get #record(): Record {
    return this.#scene.record
  }
}
