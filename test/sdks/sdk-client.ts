// A client of an SDK as a test has it, whatever its language.
import { isDeepStrictEqual } from 'node:util'
import { within } from '../support/until.ts'
import type {
  Answer,
  By,
  Command,
  Driver,
  Format,
  Heard,
  Line,
  OpenOptions,
  Position,
  SubscribeOptions,
} from './lines.ts'

/** The code with which the server refused a command; 0 where the SDK itself failed. */
export class SdkError extends Error {
  readonly code: number

  constructor({ code, message }: { code: number; message: string }) {
    super(message)
    this.name = 'SdkError'
    this.code = code
  }
}

/** Gives the next token, or null where the user may not come in. */
export type Tokens = (room: string | undefined) => Promise<string | null> | string | null

/** More than any pause of an SDK that comes back. */
const HEARS_MS = 30_000

interface Waiting {
  match: Partial<Heard>
  found(heard: Heard): void
}

export interface HistoryPage {
  messages: { data: string; offset: number; by: By | null }[]
  offset: number
  epoch: string
}

export interface HistoryOptions {
  limit: number
  since?: Position
  reverse?: boolean
}

/** Sends a command to the driver, and resolves with what it answers. */
type Ask = (command: Command) => Promise<unknown>

export class SdkClient {
  readonly name: string
  readonly heard: Heard[] = []
  /** What the driver is asked for as a token. */
  tokens: Tokens
  /** How often the SDK asked for one. */
  asked = 0
  readonly #ask: Ask
  readonly #waiting = new Set<Waiting>()

  constructor(name: string, ask: Ask, tokens: Tokens) {
    this.name = name
    this.#ask = ask
    this.tokens = tokens
  }

  take(heard: Heard): void {
    this.heard.push(heard)
    for (const waiting of this.#waiting) {
      if (!fits(heard, waiting.match)) continue
      this.#waiting.delete(waiting)
      waiting.found(heard)
    }
  }

  /** The first event from `after` on that has these fields. */
  hears(match: Partial<Heard>, after = 0, ms = HEARS_MS): Promise<Heard> {
    const before = this.heard.slice(after).find((heard) => fits(heard, match))
    if (before) return Promise.resolve(before)
    const { promise, resolve } = Promise.withResolvers<Heard>()
    this.#waiting.add({ match, found: resolve })
    const what = `${this.name} hears ${JSON.stringify(match)}`
    return within(promise, { what, ms }).catch((error) => {
      throw new Error(`${error.message}; it heard ${JSON.stringify(this.heard.slice(-20))}`)
    })
  }

  of(event: string, room?: string): Heard[] {
    return this.heard.filter(
      (heard) => heard.event === event && (room === undefined || heard.room === room),
    )
  }

  /** Where it was told to stay away. Python's SDK tells of other ends as disconnected too. */
  endings(): Heard[] {
    return this.of('disconnected').filter(
      ({ code = 0, reason }) => code >= 3500 || (code > 0 && reason === 'unauthorized'),
    )
  }

  /** Connects, and resolves with the connection's id. */
  async connect(): Promise<string> {
    const mark = this.heard.length
    await this.do('connect')
    return (await this.hears({ event: 'connected' }, mark)).connection ?? ''
  }

  async disconnect(): Promise<void> {
    await this.do('disconnect')
  }

  /** Joins a room, and resolves when the client is in it. */
  async subscribe(room: string, options: SubscribeOptions = {}): Promise<Heard> {
    const mark = this.heard.length
    await this.do('subscribe', { room, ...options })
    return this.hears({ event: 'subscribed', room }, mark)
  }

  async publish(room: string, data: string): Promise<void> {
    await this.do('publish', { room, data })
  }

  async presence(room: string): Promise<By[]> {
    return (await this.do('presence', { room })) as By[]
  }

  async presenceStats(room: string): Promise<{ clients: number; users: number }> {
    return (await this.do('presenceStats', { room })) as { clients: number; users: number }
  }

  async history(room: string, options: HistoryOptions): Promise<HistoryPage> {
    return (await this.do('history', { room, ...options })) as HistoryPage
  }

  async rpc(method: string, data: unknown): Promise<unknown> {
    const text = (await this.do('rpc', { method, data: JSON.stringify(data) })) as string
    return text ? JSON.parse(text) : null
  }

  do(op: string, more: Omit<Command, 'op'> = {}): Promise<unknown> {
    return this.#ask({ op, client: this.name, ...more })
  }
}

function fits(heard: Heard, match: Partial<Heard>): boolean {
  return Object.entries(match).every(([name, value]) =>
    isDeepStrictEqual(heard[name as keyof Heard], value),
  )
}

/** All clients of one driver. */
export class SdkClients {
  readonly format: Format
  readonly #driver: Driver
  readonly #clients = new Map<string, SdkClient>()
  readonly #asked: ((answer: Answer) => void)[] = []

  constructor(format: Format, start: (tell: (line: Line) => void) => Driver) {
    this.format = format
    this.#driver = start((line) => this.#take(line))
  }

  /** A client that does not connect yet. With `tokens` the SDK's callback asks for each token. */
  async open(options: OpenOptions, tokens?: Tokens): Promise<SdkClient> {
    const client = new SdkClient(
      `c${this.#clients.size}`,
      (command) => this.#do(command),
      tokens ?? (() => null),
    )
    this.#clients.set(client.name, client)
    const asks = tokens !== undefined
    await client.do('open', { format: this.format, minDelay: 20, maxDelay: 200, asks, ...options })
    return client
  }

  #do(command: Command): Promise<unknown> {
    const id = this.#asked.length
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    this.#asked.push(({ ok, error }) => {
      if (error) reject(new SdkError(error))
      else resolve(ok)
    })
    this.#driver.send({ id, ...command })
    return within(promise, { what: `the answer to ${command.op} ${command.room ?? ''}` })
  }

  #take(line: Line): void {
    if ('id' in line) this.#asked[line.id]?.(line)
    else if (line.event === 'token') this.#answer(line)
    else this.#clients.get(line.client)?.take(line)
  }

  async #answer({ client: name, number = 0, room }: Heard): Promise<void> {
    const client = this.#clients.get(name)
    if (!client) return
    client.asked += 1
    const token = await client.tokens(room)
    this.#driver.send({ op: 'token', number, ...(token === null ? {} : { token }) })
  }
}
