// Stand-ins for what the page's modules get from outside: sockets and the server.
import type { PageSocket, Refusal } from './page-modules.ts'

/** Runs everything that waits for settled promises. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** The WebSocket of a browser; the test is the server. */
export class StandInSocket implements PageSocket {
  readyState = 0
  binaryType = 'blob'
  onopen: (() => void) | null = null
  onmessage: ((event: { data: string | ArrayBuffer }) => void) | null = null
  onclose: ((event: { code: number; reason: string }) => void) | null = null
  readonly sent: (string | Uint8Array)[] = []
  closedWith: number | null = null
  readonly room: string

  constructor(room: string) {
    this.room = room
  }

  send(content: string | Uint8Array): void {
    this.sent.push(content)
  }

  close(code: number): void {
    this.closedWith = code
    this.readyState = 2
  }

  /** The server accepts. */
  accept(): void {
    this.readyState = 1
    this.onopen?.()
  }

  say(data: string | ArrayBuffer): void {
    this.onmessage?.({ data })
  }

  /** The connection ends, by the server or by the network. */
  end(code: number, reason = ''): void {
    this.readyState = 3
    this.onclose?.({ code, reason })
  }
}

/** A server as the page sees it: the sockets that it opened, and the answers over REST. */
export class StandInServer {
  readonly sockets: StandInSocket[] = []
  refusal: Refusal = { verdict: 'come-back', sentence: 'Try later.', afterMs: 0 }
  alive = true
  asked = 0

  readonly openSocket = (room: string): StandInSocket => {
    const socket = new StandInSocket(room)
    this.sockets.push(socket)
    return socket
  }

  readonly whyRefused = async (): Promise<Refusal> => this.refusal

  readonly isAlive = async (): Promise<boolean> => {
    this.asked += 1
    return this.alive
  }

  /** The newest socket. */
  get last(): StandInSocket {
    const socket = this.sockets.at(-1)
    if (!socket) throw new Error('no socket was opened')
    return socket
  }
}
