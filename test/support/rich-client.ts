// A client of the rich protocol in JSON, for tests: it numbers its commands and waits for their
// replies; pushes are queued. It answers no pings.
import { type Client, type ConnectOptions, connect } from './client.ts'
import { within } from './until.ts'

/** What a command is answered, as JSON has it. */
export interface Answer {
  id: number
  error?: { code: number; message: string; temporary?: boolean }
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it as they expect it to be
  [result: string]: any
}

/** A push, without its envelope. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into it as they expect it to be
export type Push = Record<string, any>

export class RichClient {
  readonly client: Client
  readonly pushes: Push[] = []
  pings = 0
  #lastId = 0
  readonly #answers = new Map<number, (answer: Answer) => void>()
  readonly #hearing: ((push: Push) => void)[] = []

  constructor(client: Client) {
    this.client = client
    client.ws.on('message', (data: Buffer) => {
      for (const line of data.toString().split('\n')) this.#arrive(JSON.parse(line))
    })
  }

  get closed() {
    return this.client.closed
  }

  /** Sends a command, and resolves with its reply. */
  ask(command: string, body: object = {}): Promise<Answer> {
    const [answer] = this.askAll([[command, body]])
    return answer as Promise<Answer>
  }

  /** Sends commands in one frame, as SDKs do. */
  askAll(commands: readonly (readonly [string, object])[]): Promise<Answer>[] {
    const lines: string[] = []
    const answers = commands.map(([command, body]) => {
      this.#lastId += 1
      const id = this.#lastId
      lines.push(JSON.stringify({ id, [command]: body }))
      const answer = new Promise<Answer>((resolve) => this.#answers.set(id, resolve))
      return within(answer, { what: `the answer to ${command} ${JSON.stringify(body)}` })
    })
    this.client.send(lines.join('\n'))
    return answers
  }

  /** The next push, whether it is here already or still to come. */
  push(): Promise<Push> {
    const push = this.pushes.shift()
    if (push) return Promise.resolve(push)
    const arrival = new Promise<Push>((resolve) => this.#hearing.push(resolve))
    return within(arrival, { what: 'a push' })
  }

  #arrive(reply: Answer): void {
    if (reply.id !== undefined) {
      this.#answers.get(reply.id)?.(reply)
      this.#answers.delete(reply.id)
    } else if (reply.push !== undefined) {
      const hearing = this.#hearing.shift()
      if (hearing) hearing(reply.push)
      else this.pushes.push(reply.push)
    } else {
      this.pings += 1
    }
  }
}

/** A WebSocket that has not said who it is. */
export async function openRich(url: string, options: ConnectOptions = {}): Promise<RichClient> {
  return new RichClient(await connect(`${url}/connection/websocket`, options))
}

/** Connected by a token, or by what its handshake shows. */
export async function connectRich(
  url: string,
  { token, ...options }: ConnectOptions & { token?: string } = {},
): Promise<RichClient> {
  const rich = await openRich(url, options)
  const { error } = await rich.ask('connect', token === undefined ? {} : { token })
  if (error) throw new Error(`not connected: ${JSON.stringify(error)}`)
  return rich
}
