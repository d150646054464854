// Drives clients of npm's centrifuge, in this process.
import { Centrifuge as JsonClient, type Subscription, UnauthorizedError } from 'centrifuge'
import {
  Centrifuge as ProtobufClient,
  UnauthorizedError as ProtobufUnauthorized,
} from 'centrifuge/build/protobuf'
import { WebSocket } from 'ws'
import type { By, Command, Driver, Heard, Line } from './lines.ts'

type Info = { user: string; client: string; connInfo?: unknown }
type Message = { data: unknown; offset?: number; tags?: Record<string, string>; info?: Info }
type Joined = { recovered: boolean; wasRecovering: boolean; data?: unknown }
type Tell = (line: Line) => void
type Asked = { resolve(token: string): void; refuse(): void }

function text(data: unknown): string | null {
  if (data === undefined || data === null) return null
  return data instanceof Uint8Array ? Buffer.from(data).toString() : JSON.stringify(data)
}

function who(info: Info | undefined): By | null {
  return info ? { user: info.user, client: info.client, info: text(info.connInfo) } : null
}

function message({ data, offset, tags, info }: Message) {
  return { data: text(data), offset: offset ?? 0, tags: tags ?? null, by: who(info) }
}

function joined({ recovered, wasRecovering, data, ...more }: Joined) {
  const { streamPosition: position = null } = more as { streamPosition?: never }
  return { recovered, wasRecovering, position, data: text(data) }
}

/** The SDK makes its WebSocket by `new`, and takes what this gives. */
function socketWith(headers: Record<string, string>) {
  function Socket(address: string, protocols: string[] = []) {
    return new WebSocket(address, protocols, { headers })
  }
  return Socket
}

class JavaScriptClient {
  readonly #it: JsonClient
  readonly #name: string
  readonly #tell: Tell
  readonly #asked: Asked[]
  readonly #isJson: boolean

  constructor(command: Command, tell: Tell, asked: Asked[]) {
    const { client = '', url = '', headers = {}, token = '', minDelay = 500 } = command
    this.#isJson = command.format === 'json'
    this.#name = client
    this.#tell = tell
    this.#asked = asked
    // Both have the same methods, and types of their own.
    const Client = this.#isJson ? JsonClient : (ProtobufClient as unknown as typeof JsonClient)
    this.#it = new Client(url, {
      ...{ token, minReconnectDelay: minDelay, maxReconnectDelay: command.maxDelay ?? 20_000 },
      getToken: command.asks ? () => this.#ask() : null,
      websocket: socketWith(headers),
    })
    if (command.clears) this.#it.on('connecting', () => this.#it.setToken(''))
    this.#listen()
  }

  #hear(event: string, more: Partial<Heard>): void {
    this.#tell({ event, client: this.#name, ...more })
  }

  #ask(room?: string): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    // Each build knows its own class alone.
    const Unauthorized = this.#isJson ? UnauthorizedError : ProtobufUnauthorized
    const refuse = () => reject(new Unauthorized('no token'))
    const number = this.#asked.push({ resolve, refuse }) - 1
    this.#hear('token', { number, ...(room && { room }) })
    return promise
  }

  #listen(): void {
    const it = this.#it
    it.on('connecting', ({ code, reason }) => this.#hear('connecting', { code, reason }))
    it.on('connected', ({ client }) => this.#hear('connected', { connection: client }))
    it.on('disconnected', ({ code, reason }) => this.#hear('disconnected', { code, reason }))
    it.on('error', ({ error }) => this.#hear('error', { message: error.message }))
    it.on('message', ({ data }) => this.#hear('sent', { data: text(data) }))
    it.on('subscribed', (at) => this.#hear('subscribed', { room: at.channel, ...joined(at) }))
    it.on('unsubscribed', ({ channel: room }) => this.#hear('unsubscribed', { room }))
    it.on('publication', (at) => this.#hear('message', { room: at.channel, ...message(at) }))
    it.on('join', ({ channel: room, info }) => this.#hear('join', { room, by: who(info) }))
    it.on('leave', ({ channel: room, info }) => this.#hear('leave', { room, by: who(info) }))
  }

  #listenIn(subscription: Subscription, room: string): void {
    const hear = (event: string, more: Partial<Heard>) => this.#hear(event, { room, ...more })
    subscription.on('subscribing', ({ code, reason }) => hear('subscribing', { code, reason }))
    subscription.on('subscribed', (context) => hear('subscribed', joined(context)))
    subscription.on('unsubscribed', ({ code, reason }) => hear('unsubscribed', { code, reason }))
    subscription.on('publication', (context) => hear('message', message(context)))
    subscription.on('join', ({ info }) => hear('join', { by: who(info) }))
    subscription.on('leave', ({ info }) => hear('leave', { by: who(info) }))
    subscription.on('error', ({ error }) => hear('error', { message: error.message }))
  }

  #payload(data = ''): unknown {
    return this.#isJson ? JSON.parse(data) : Buffer.from(data)
  }

  #subscribe({ room = '', recoverable = false, joinLeave = false, asks }: Command): void {
    let subscription = this.#it.getSubscription(room)
    if (subscription === null) {
      subscription = this.#it.newSubscription(room, {
        ...{ recoverable, joinLeave, minResubscribeDelay: 50 },
        getToken: asks ? () => this.#ask(room) : null,
      })
      this.#listenIn(subscription, room)
    }
    subscription.subscribe()
  }

  async #history({ room = '', limit = 0, since, reverse = false }: Command) {
    const bounds = since ? { since } : {}
    const page = await this.#it.history(room, { limit, reverse, ...bounds })
    return { ...page, messages: page.publications.map((one) => message(one)) }
  }

  async do(command: Command): Promise<unknown> {
    const { op, room = '', data, method = '' } = command
    const it = this.#it
    if (op === 'connect') return it.connect()
    if (op === 'disconnect') return it.disconnect()
    if (op === 'subscribe') return this.#subscribe(command)
    if (op === 'unsubscribe') return it.getSubscription(room)?.unsubscribe()
    if (op === 'publish') return void (await it.publish(room, this.#payload(data)))
    if (op === 'send') return it.send(this.#payload(data))
    if (op === 'rpc') return text((await it.rpc(method, this.#payload(data))).data)
    if (op === 'history') return this.#history(command)
    if (op === 'presence') return Object.values((await it.presence(room)).clients).map(who)
    if (op !== 'presenceStats') throw new Error(`there is no ${op}`)
    const { numClients: clients, numUsers: users } = await it.presenceStats(room)
    return { clients, users }
  }
}

/** A driver without a process of its own; closing it ends its clients. */
export function driveJavaScript(tell: Tell): Driver & { close(): void } {
  const clients = new Map<string, JavaScriptClient>()
  const asked: Asked[] = []
  const perform = async (command: Command): Promise<unknown> => {
    const { op, client = '' } = command
    if (op !== 'open') return clients.get(client)?.do(command)
    clients.set(client, new JavaScriptClient(command, tell, asked))
    return null
  }
  const answer = ({ number = 0, token }: Command): void => {
    if (token === undefined) asked[number]?.refuse()
    else asked[number]?.resolve(token)
  }
  return {
    close() {
      for (const name of clients.keys()) perform({ op: 'disconnect', client: name })
    },
    send(command) {
      if (command.op === 'token') return answer(command)
      const { id = 0 } = command
      perform(command).then(
        (ok) => tell({ id, ok }),
        ({ code = 0, message = '' }) => tell({ id, error: { code, message } }),
      )
    },
  }
}
