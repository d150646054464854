// Connections without a WebSocket, as bytes on a socket: the answer that goes on, and the requests
// that send commands to it.
import type { Socket } from 'node:net'
import { until } from '../support/until.ts'
import { posting, type Target } from './target.ts'
import { type Ask, answersIn, type Headers, openSocket, requestBytes, wordsOf } from './wire.ts'

export interface StreamOpening {
  carrier?: 'http_stream' | 'sse'
  /** The fields of the connect command. */
  connect?: object
  headers?: Headers
  /** The loopback address to come from. */
  from?: string
}

const JSON_TYPE: Headers = [['Content-Type', 'application/json']]

/** The request that opens one. */
export function opening({ carrier = 'http_stream', connect = {}, headers = [] }: StreamOpening) {
  const command = JSON.stringify({ id: 1, connect })
  const path = `/connection/${carrier}`
  const kept: Headers = [...headers, ['Connection', 'keep-alive']]
  return carrier === 'sse'
    ? { path: `${path}?cf_connect=${encodeURIComponent(command)}`, headers: kept }
    : { method: 'POST', path, headers: [...JSON_TYPE, ...kept], body: command }
}

interface Reply {
  connect?: { node: string; session: string; subs?: object }
  error?: { code: number }
  push?: { disconnect?: { code: number; reason: string } }
}

export class RawStream {
  readonly socket: Socket
  /** All that came, with its head and its chunks. */
  text = ''
  ended = false

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.text += chunk.toString('latin1')
    })
    socket.once('close', () => {
      this.ended = true
    })
  }

  get status(): number {
    return Number(/^HTTP\/1\.[01] (\d{3})/.exec(this.text)?.[1] ?? 0)
  }

  /** What came so far: a reply or an event each. */
  get replies(): Reply[] {
    const lines = this.text.split('\n').filter((line) => /^(data: )?\{.*\}\r?$/.test(line))
    return lines.map((line) => JSON.parse(line.replace('data: ', '')))
  }

  /** Its node and session; throws where it is not connected. */
  async uplink(): Promise<{ node: string; session: string }> {
    const words = await this.words()
    const connected = this.replies.find(({ connect }) => connect)?.connect
    if (!connected) throw new Error(`not connected: ${words}`)
    return { node: connected.node, session: connected.session }
  }

  /** What became of its connect command, or the status and word of a refusal. */
  async words(): Promise<string> {
    await until(() => this.replies.length > 0 || this.ended || this.status >= 400)
    if (this.status !== 200) return wordsOf(answersIn(Buffer.from(this.text)).answers[0])
    const [first] = this.replies
    if (first?.error) return `error ${first.error.code}`
    const { connect } = first ?? {}
    // Each user is in the room of their own.
    return connect
      ? `connected as ${Object.keys(connect.subs ?? { 'no user': 0 })}`
      : this.closeWords()
  }

  /** The code and reason in its last event, once it has ended. */
  async closeWords(): Promise<string> {
    await until(() => this.ended)
    const end = this.replies.flatMap(({ push }) => push?.disconnect ?? [])[0]
    return end ? `${end.code} ${end.reason}` : 'cut'
  }
}

export function openStream(target: Target, how: StreamOpening = {}): RawStream {
  const socket = openSocket(target.port, how.from)
  socket.write(requestBytes(opening(how)))
  return new RawStream(socket)
}

/** A stream of this user's, connected by a ticket, with where to send. */
export async function streamOf(target: Target, who = target.stranger) {
  const stream = openStream(target, { connect: { token: await target.ticket(who) } })
  const uplink = await stream.uplink()
  target.keepSecret(uplink.session)
  return { stream, uplink }
}

/** A request with commands. */
export function sending(body: object | string, headers: Headers = [], type?: string): Ask {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return posting('/emulation', headers, text, type)
}
