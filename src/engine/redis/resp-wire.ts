// One connection to a Redis server. Commands are answered in their order; those of one turn go out
// in one piece. Only the decoder is the client library's: the rest of it keeps a signal, a timer
// and several promises for each command, which cost the node more than what it asks.
import { createConnection, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { RESP_TYPES } from '@redis/client'
import { Decoder } from '@redis/client/dist/lib/RESP/decoder.js'
import { EngineUnavailable } from '../engine.ts'
import { type Access, nameOf, type Server } from './address.ts'
import { type Command, CommandBytes } from './command-bytes.ts'
import type { Wire } from './connection.ts'
import { AWAY } from './errors.ts'
import type { Reply } from './link.ts'
import type { Sender } from './sender.ts'

const CONNECT_MS = 3_000

/** A command without an answer. */
interface Asked {
  readonly command: Command
  /** How often `look` had been called by then. */
  readonly looks: number
  next: Asked | null
  resolve(reply: Reply): void
  reject(error: Error): void
}

/** What makes a connection one for channels. */
export interface Pushes {
  /** What it begins with, after which Redis pushes. */
  readonly greeting: Command
  /** What Redis says unasked. */
  onPush(push: readonly Buffer[]): void
}

const TYPES = { [RESP_TYPES.BLOB_STRING]: Buffer, [RESP_TYPES.SIMPLE_STRING]: Buffer }

export class RespWire implements Wire, Sender {
  readonly #server: Server
  readonly #access: Access
  readonly #greeting: Command | null
  readonly #decoder: Decoder
  #socket: Socket | null = null
  #first: Asked | null = null
  #last: Asked | null = null
  /** The commands of this turn. */
  readonly #unsent = new CommandBytes()
  #waiting = 0
  #looks = 0
  #onError: (error: unknown) => void = () => {}
  #onEnd: () => void = () => {}

  constructor(server: Server, access: Access, pushes: Pushes | null = null) {
    this.#server = server
    this.#access = access
    this.#greeting = pushes?.greeting ?? greetingBy(access)
    this.#decoder = new Decoder({
      onReply: (reply) => this.answer(reply),
      onErrorReply: (error) => this.#taken()?.reject(error),
      onPush: (push) => pushes?.onPush(push),
      getTypeMapping: () => TYPES,
    })
  }

  on(event: 'error' | 'end', listener: (error: unknown) => void): void {
    if (event === 'error') this.#onError = listener
    else this.#onEnd = () => listener(undefined)
  }

  async connect(): Promise<void> {
    await this.#open()
    if (this.#greeting !== null) await this.sendCommand(this.#greeting)
  }

  /** What waits for an answer is rejected with the reason. */
  destroy(reason = AWAY): void {
    this.#socket?.destroy()
    for (let asked = this.#taken(); asked !== null; asked = this.#taken()) {
      asked.reject(new Error(reason))
    }
  }

  /** How many commands have no answer yet. */
  get waiting(): number {
    return this.#waiting
  }

  /**
   * Called again and again; returns in how many such calls the command was seen that waits longest.
   * A process that stood still has not waited: it does not look either.
   */
  look(): number {
    this.#looks += 1
    return this.#first === null ? 0 : this.#looks - this.#first.looks
  }

  /** Rejects with the error that Redis answered, or where the connection has ended. */
  sendCommand(command: Command): Promise<Reply> {
    if (this.#socket?.destroyed !== false) return Promise.reject(new EngineUnavailable(AWAY))
    if (this.#unsent.isEmpty) process.nextTick(() => this.#flush())
    this.#unsent.add(command)
    return new Promise((resolve, reject) => {
      const asked = { command, looks: this.#looks, next: null, resolve, reject }
      if (this.#last === null) this.#first = asked
      else this.#last.next = asked
      this.#last = asked
      this.#waiting += 1
    })
  }

  /** The command that waits longest. */
  get awaited(): Command {
    return this.#first?.command ?? []
  }

  /** Answers the command that waits longest. */
  answer(reply: Reply): void {
    this.#taken()?.resolve(reply)
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
        this.destroy()
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

  #flush(): void {
    for (const bytes of this.#unsent.take()) this.#socket?.write(bytes)
  }

  #taken(): Asked | null {
    const asked = this.#first
    if (asked === null) return null
    this.#waiting -= 1
    this.#first = asked.next
    if (this.#first === null) this.#last = null
    return asked
  }
}

/** Null for nothing: then it speaks RESP 2, which has lists where RESP 3 has maps. */
function greetingBy({ username, password }: Access): Command | null {
  if (password === undefined) return null
  return username === undefined ? ['AUTH', password] : ['AUTH', username, password]
}

/** The name that the certificate must have; an address is not sent as a name. */
function serverNameOf(host: string): string {
  return isIP(host) === 0 ? host : ''
}
