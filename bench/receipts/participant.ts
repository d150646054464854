// One participant of a busy room: a connection of the rich protocol that has read each message as
// soon as it came. What it sends and hears is counted by what it is for.
import { connect, type Socket } from 'node:net'
import { micros } from '../load/clock.ts'
import { FrameWalker } from '../load/frames.ts'
import { Latencies } from '../load/latency.ts'
import { clientFrame } from '../load/message.ts'

/**
 * `offsets` moves receipts as the module for JavaScript clients does. `each` is the control: for
 * each message two messages to the room, that it came and that it was read.
 */
export type Telling = 'nothing' | 'offsets' | 'each'

export interface Setting {
  port: number
  room: string
  telling: Telling
}

/** What lines are for; the first two are sent, the others heard. */
export const KINDS = ['moves', 'receipts sent', 'receipts', 'sums', 'answers', 'own'] as const
export type Kind = (typeof KINDS)[number]
export interface Count {
  lines: number
  bytes: number
}

/** All participants of one process. */
export class Tally {
  messages = 0
  refused = 0
  latencies = new Latencies()
  readonly kinds = new Map<Kind, Count>()

  count(kind: Kind, bytes: number): void {
    const known = this.kinds.get(kind)
    if (known === undefined) this.kinds.set(kind, { lines: 1, bytes })
    else {
      known.lines += 1
      known.bytes += bytes
    }
  }
}

const BATCH_MS = 200
const TEXT = 1
const OPCODE = { close: 8, ping: 9, pong: 10 }
const UPGRADE = [
  ...['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13'],
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
]

export class Participant {
  readonly #setting: Setting
  readonly #tally: Tally
  readonly #socket: Socket
  readonly #ready = Promise.withResolvers<void>()
  readonly #frames: FrameWalker
  readonly #marks: { room: string; sums: string }
  readonly #lastJoin: number
  #head = ''
  #isUp = false
  #lastId = 0
  #newest = 0
  #moves = false

  constructor(setting: Setting, token: string, tally: Tally) {
    this.#setting = setting
    this.#tally = tally
    const { room, port } = setting
    this.#marks = { room: `"channel":"${room}"`, sums: `"channel":"${room}$receipts"` }
    this.#frames = new FrameWalker((...frame) => this.#onFrame(...frame))
    const rooms = setting.telling === 'offsets' ? [room, `${room}$receipts`] : [room]
    this.#lastJoin = 1 + rooms.length
    const hello = [{ connect: { token } }, ...rooms.map((channel) => ({ subscribe: { channel } }))]
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.#socket.on('data', (chunk: Buffer) => this.#onChunk(chunk, hello))
    this.#socket.on('error', (error) => this.#ready.reject(error))
    this.#socket.on('end', () => this.#ready.reject(new Error(`closed: ${this.#head}`)))
    const lines = ['GET /connection/websocket HTTP/1.1', `Host: 127.0.0.1:${port}`, ...UPGRADE]
    this.#socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  }

  /** Resolves when it is in its rooms. */
  joined(): Promise<void> {
    return this.#ready.promise
  }

  leave(): void {
    this.#socket.destroy()
  }

  #onChunk(chunk: Buffer, hello: readonly object[]): void {
    if (this.#isUp) return this.#frames.walk(chunk, chunk.length)
    this.#head += chunk.toString('latin1')
    if (!this.#head.endsWith('\r\n\r\n')) return
    if (!this.#head.startsWith('HTTP/1.1 101 ')) return this.#ready.reject(new Error(this.#head))
    this.#isUp = true
    this.#head = ''
    this.#say(hello)
  }

  #say(commands: readonly object[]): number {
    const lines = commands.map((command) => {
      this.#lastId += 1
      return JSON.stringify({ id: this.#lastId, ...command })
    })
    const text = lines.join('\n')
    this.#socket.write(clientFrame(Buffer.from(text), TEXT))
    return text.length + 1
  }

  #onFrame(opcode: number, bytes: Buffer, at: number, length: number): void {
    const payload = bytes.subarray(at, at + length)
    if (opcode === OPCODE.close) this.#tally.refused += 1
    if (opcode === OPCODE.ping) this.#socket.write(clientFrame(payload, OPCODE.pong))
    if (opcode >= OPCODE.close) return
    for (const line of payload.toString('latin1').split('\n')) this.#onLine(line)
  }

  #onLine(line: string): void {
    if (line === '{}') this.#socket.write(clientFrame(Buffer.from(line), TEXT))
    else if (line.startsWith('{"id":')) this.#onReply(line)
    else if (line.includes(this.#marks.sums)) this.#tally.count('sums', line.length + 1)
    else if (!line.includes(this.#marks.room)) this.#tally.count('own', line.length + 1)
    else if (line.includes('"of":')) this.#tally.count('receipts', line.length + 1)
    else this.#onMessage(line)
  }

  #onReply(line: string): void {
    if (line.includes('"error":')) {
      this.#tally.refused += 1
      this.#ready.reject(new Error(line))
    }
    const id = Number(/\d+/.exec(line)?.[0])
    if (id === this.#lastJoin) this.#ready.resolve()
    if (id > this.#lastJoin) this.#tally.count('answers', line.length + 1)
  }

  #onMessage(line: string): void {
    const { at, number } = JSON.parse(line).push.pub.data
    this.#tally.messages += 1
    this.#tally.latencies.record(micros() - at)
    this.#newest = number
    const { telling, room: channel } = this.#setting
    if (telling === 'offsets') this.#moveSoon()
    if (telling !== 'each') return
    for (const is of ['delivered', 'read']) {
      const bytes = this.#say([{ publish: { channel, data: { is, of: number } } }])
      this.#tally.count('receipts sent', bytes)
    }
  }

  /** The number of a message is its offset: the room is new, and has one publisher. */
  #moveSoon(): void {
    if (this.#moves) return
    this.#moves = true
    setTimeout(() => {
      this.#moves = false
      const moves = [{ room: this.#setting.room, delivered: this.#newest, read: this.#newest }]
      const bytes = this.#say([{ rpc: { method: 'receipt', data: { moves } } }])
      this.#tally.count('moves', bytes)
    }, BATCH_MS)
  }
}
