// A connection for sharded channels. The client library takes a channel that Redis ended (its slot
// has moved) for the answer to whatever command waits just then, and so loses it without a word.
// Here answers are matched by name; only its decoder is the library's.
import { createConnection, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { Decoder } from '@redis/client/dist/lib/RESP/decoder.js'
import { type Access, nameOf, type Server } from './address.ts'
import { CONNECT_MS, serverNameOf } from './command-wire.ts'
import type { Wire } from './connection.ts'
import { AWAY } from './errors.ts'
import type { Reply } from './link.ts'

export interface ChannelEvents {
  onMessage(channel: string, message: Buffer): void
  /** Redis ended the subscription: the slot of the channel has moved. */
  onEnded(channel: string): void
}

/** A command without an answer; commands are answered in their order. */
interface Asked {
  readonly command: readonly string[]
  next: Asked | null
  resolve(reply: Reply): void
  reject(error: Error): void
}

export class ChannelWire implements Wire {
  readonly #server: Server
  readonly #access: Access
  readonly #events: ChannelEvents
  readonly #decoder: Decoder
  #socket: Socket | null = null
  #first: Asked | null = null
  #last: Asked | null = null
  #isCorked = false
  #onError: (error: unknown) => void = () => {}
  #onEnd: () => void = () => {}

  constructor(server: Server, access: Access, events: ChannelEvents) {
    this.#server = server
    this.#access = access
    this.#events = events
    this.#decoder = new Decoder({
      onReply: (reply) => this.#answered()?.resolve(reply),
      onErrorReply: (error) => this.#answered()?.reject(error),
      onPush: (push) => this.#onPush(push),
      getTypeMapping: () => ({}),
    })
  }

  on(event: 'error' | 'end', listener: (error: unknown) => void): void {
    if (event === 'error') this.#onError = listener
    else this.#onEnd = () => listener(undefined)
  }

  async connect(): Promise<void> {
    await this.#open()
    const { username = 'default', password } = this.#access
    await this.ask('HELLO', '3', ...(password === undefined ? [] : ['AUTH', username, password]))
  }

  destroy(): void {
    this.#socket?.destroy()
    for (let asked = this.#answered(); asked !== null; asked = this.#answered()) {
      asked.reject(new Error(AWAY))
    }
  }

  /** Sends a command with one answer. */
  ask(...command: readonly string[]): Promise<Reply> {
    if (this.#socket?.destroyed !== false) return Promise.reject(new Error(AWAY))
    return new Promise((resolve, reject) => {
      const asked = { command, next: null, resolve, reject }
      if (this.#last === null) this.#first = asked
      else this.#last.next = asked
      this.#last = asked
      this.#write(command)
    })
  }

  async subscribe(channel: string): Promise<void> {
    await this.ask('SSUBSCRIBE', channel)
  }

  async unsubscribe(channel: string): Promise<void> {
    await this.ask('SUNSUBSCRIBE', channel)
  }

  #open(): Promise<void> {
    const { host, port } = this.#server
    const { tls } = this.#access
    const socket = tls
      ? connectTls({ host, port, servername: serverNameOf(host) })
      : createConnection({ host, port })
    this.#socket = socket
    socket.setNoDelay()
    socket.setTimeout(CONNECT_MS, () => {
      socket.destroy(new Error(`${nameOf(this.#server)} does not take a connection.`))
    })
    socket.on('data', (bytes: Buffer) => this.#read(bytes))
    return new Promise((resolve, reject) => {
      socket.once(tls ? 'secureConnect' : 'connect', () => {
        socket.setTimeout(0)
        resolve()
      })
      socket.on('error', (error) => {
        reject(error)
        this.#onError(error)
      })
      socket.on('close', () => {
        reject(new Error(AWAY))
        this.#onEnd()
      })
    })
  }

  #read(bytes: Buffer): void {
    try {
      this.#decoder.write(bytes)
    } catch (error) {
      this.#onError(error)
    }
  }

  /** What is asked in one turn goes out together: a fresh connection has many channels. */
  #write(command: readonly string[]): void {
    const socket = this.#socket
    if (socket === null) return
    if (!this.#isCorked) {
      this.#isCorked = true
      socket.cork()
      process.nextTick(() => {
        this.#isCorked = false
        socket.uncork()
      })
    }
    const words = command.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`)
    socket.write(`*${command.length}\r\n${words.join('')}`)
  }

  #onPush([kind, channel, message]: readonly Buffer[]): void {
    const name = String(channel)
    switch (String(kind)) {
      case 'smessage':
        if (message !== undefined) this.#events.onMessage(name, message)
        return
      case 'ssubscribe':
        this.#answered()?.resolve(null)
        return
      case 'sunsubscribe':
        if (this.#isAsked('SUNSUBSCRIBE', name)) this.#answered()?.resolve(null)
        else this.#events.onEnded(name)
    }
  }

  #isAsked(...command: readonly string[]): boolean {
    return command.every((word, place) => this.#first?.command[place] === word)
  }

  #answered(): Asked | null {
    const asked = this.#first
    this.#first = asked?.next ?? null
    if (this.#first === null) this.#last = null
    return asked
  }
}
