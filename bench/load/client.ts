// One connection of the load side: a bare TCP socket that shakes hands, counts and publishes.
import { connect, type Socket } from 'node:net'
import { ChunkWalker } from './chunks.ts'
import { micros } from './clock.ts'
import { FrameWalker } from './frames.ts'
import type { Latencies } from './latency.ts'
import {
  clientFrame,
  dueAt,
  isStamp,
  publisherAt,
  STAMP_BYTES,
  Stamper,
  stampIn,
} from './message.ts'
import type { Opening, Target } from './orders.ts'
import type { Speech, Wanted } from './speech.ts'
import { SPEECHES } from './speeches.ts'

/** All sockets read into the same bytes: nothing is allocated for bytes that are only counted. */
const SHARED = Buffer.allocUnsafeSlow(65_536)
const SLOW_BYTES = 1_024
/** Connections from one source address; the system has 28,000 ports for each. */
const PER_ADDRESS = 8_000
const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='
const OPCODE = { close: 8, ping: 9, pong: 10 }
const LF = 10
const STREAM = ['Accept: text/event-stream']
const UPGRADE = [
  ...['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13'],
  `Sec-WebSocket-Key: ${KEY}`,
]
const ACCEPTED = /^HTTP\/1\.1 (101|200) /

/** What all clients of one process share. */
export interface Tally {
  delivered: number
  /** All that came since the connections are up, frame headers included. */
  bytes: number
  /** Filled while the run measures: from due to received, and from due to sent. */
  latencies: Latencies | null
  lateness: Latencies | null
}

export class Client {
  readonly opening: Opening
  got = 0
  sent = 0
  closed = false
  readonly #tally: Tally
  readonly #target: Target
  readonly #speech: Speech
  readonly #frames: FrameWalker | ChunkWalker
  /** Where the mark stood in the last message; its place moves with the lengths of names. */
  #markAt = 0
  #socket: Socket | null = null
  #head = ''
  #isUp = false
  #hurries = false
  #settle: { up: () => void; failed: (error: Error) => void } | null = null
  #stamper: Stamper | null = null
  #window = 0
  #inFlight = 0
  #now = 0

  constructor(target: Target, opening: Opening, tally: Tally) {
    this.#target = target
    this.opening = opening
    this.#tally = tally
    this.#speech = SPEECHES[opening.speech]
    const Walker = opening.speech === 'event stream' ? ChunkWalker : FrameWalker
    this.#frames = new Walker((...frame) => this.#onFrame(...frame))
  }

  /** Resolves when the server takes messages. */
  connect(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#settle = { up: resolve, failed: reject }
    const { reads, number } = this.opening
    const socket = connect({
      port: this.#target.port,
      host: '127.0.0.1',
      ...(number < PER_ADDRESS ? {} : { localAddress: sourceOf(number) }),
      noDelay: true,
      onread: {
        buffer: reads === 'slowly' ? Buffer.alloc(SLOW_BYTES) : SHARED,
        callback: (length, bytes) => this.#onChunk(length, bytes as Buffer),
      },
    })
    this.#socket = socket
    socket.on('error', (error) => this.#onEnd(error))
    socket.on('end', () => this.#onEnd(new Error('the server closed')))
    socket.write(this.#request())
    return promise
  }

  #request(): string {
    const { path, headers, speech } = this.opening
    const lines = [
      `GET ${path} HTTP/1.1`,
      `Host: 127.0.0.1:${this.#target.port}`,
      ...(speech === 'event stream' ? STREAM : UPGRADE),
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ]
    return `${lines.join('\r\n')}\r\n\r\n`
  }

  /** For a client that does not read at once: reads what is there, or its next kilobyte. */
  readOn(): void {
    this.#socket?.resume()
  }

  /** Makes a slow reader read at once from now on. */
  hurry(): void {
    this.#hurries = true
    this.#socket?.resume()
  }

  /** Becomes a publisher of messages of this size. */
  speak(publisher: number, size: number): void {
    const wrappings = this.#speech.wrappings(this.opening.names, size)
    this.#stamper = new Stamper(publisher, size, wrappings, this.#speech.opcode)
  }

  publish(count: number, due: number): void {
    if (this.#stamper === null || this.closed) return
    this.sent += count
    this.#socket?.write(this.#stamper.frames(count, due))
  }

  /** Keeps so many messages in flight from now on; 0 stops. */
  keepInFlight(window: number): void {
    this.#window = window
    this.#topUp()
  }

  #topUp(): void {
    const count = this.#window - this.#inFlight
    if (count <= 0) return
    this.#inFlight += count
    this.publish(count, micros())
  }

  #onEnd(error: Error): void {
    this.closed = true
    this.#settle?.failed(error)
    this.#settle = null
  }

  /** False stops reading, for clients that are ready and do not read at once. */
  #onChunk(length: number, bytes: Buffer): boolean {
    if (this.#tally.latencies !== null) this.#now = micros()
    this.#tally.bytes += length
    if (this.#isUp) this.#frames.walk(bytes, length)
    else this.#onHead(length, bytes)
    if (this.#window > 0) this.#topUp()
    return this.#settle !== null || this.#hurries || this.opening.reads === 'at once'
  }

  #onHead(length: number, bytes: Buffer): void {
    this.#head += bytes.toString('latin1', 0, length)
    const end = this.#head.indexOf('\r\n\r\n')
    if (end < 0) return
    if (!ACCEPTED.test(this.#head)) {
      return this.#onEnd(new Error(`refused: ${this.#head}`))
    }
    const rest = Buffer.from(this.#head.slice(end + 4), 'latin1')
    this.#head = ''
    this.#isUp = true
    this.#greet()
    if (rest.length > 0) this.#frames.walk(rest, rest.length)
  }

  #greet(): void {
    const hello = this.#speech.hello(this.#wanted)
    if (hello === null) this.#ready()
    else if (hello.length > 0) this.#answer(hello, this.#speech.opcode)
  }

  get #wanted(): Wanted {
    return { rooms: this.opening.names, token: this.opening.token }
  }

  #ready(): void {
    this.#settle?.up()
    this.#settle = null
  }

  #onFrame(opcode: number, bytes: Buffer, at: number, length: number): void {
    if (opcode === OPCODE.close) this.closed = true
    else if (opcode === OPCODE.ping) this.#answer(bytes.subarray(at, at + length), OPCODE.pong)
    else if (opcode < OPCODE.close) this.#onData(bytes, at, length)
  }

  #onData(bytes: Buffer, at: number, length: number): void {
    if (!this.#speech.hasLines) return this.#onOne(bytes, at, length)
    const payload = bytes.subarray(at, at + length)
    for (let start = 0; start < length; ) {
      const end = payload.indexOf(LF, start)
      const stop = end < 0 ? length : end
      if (stop > start) this.#onOne(payload, start, stop - start)
      start = stop + 1
    }
  }

  #onOne(bytes: Buffer, at: number, length: number): void {
    const markAt = at + this.#markAt
    if (length >= this.#markAt + STAMP_BYTES && isStamp(bytes, markAt)) {
      return this.#onMessage(bytes, markAt)
    }
    const payload = bytes.subarray(at, at + length)
    const found = stampIn(payload)
    if (found < 0) return this.#onOther(payload)
    this.#markAt = found
    this.#onMessage(bytes, at + found)
  }

  #onMessage(bytes: Buffer, markAt: number): void {
    this.got += 1
    this.#tally.delivered += 1
    const { publisher, timed } = this.opening
    if (publisher !== null && publisherAt(bytes, markAt) === publisher) this.#inFlight -= 1
    const { latencies } = this.#tally
    if (timed && latencies !== null) latencies.record(this.#now - dueAt(bytes, markAt))
  }

  #onOther(payload: Buffer): void {
    const meaning = this.#speech.meaningOf(payload, this.#wanted)
    if (meaning === null) return
    if (meaning === 'ready') this.#ready()
    else if (meaning !== 'refused') this.#answer(Buffer.from(meaning), this.#speech.opcode)
    else this.#onEnd(new Error(`refused: ${payload.toString('latin1')}`))
  }

  #answer(payload: Buffer, opcode: number): void {
    this.#socket?.write(clientFrame(payload, opcode))
  }
}

function sourceOf(number: number): string {
  return `127.0.0.${2 + Math.floor(number / PER_ADDRESS)}`
}
