// The TCP connections on which a request of Usher's is under way: what waits there for a client
// that does not read, and the body of a request that does not come. One round a second looks at
// all; a request costs no timer and no listener.
import type { ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { OutboxLimits } from '../../src/connection/slow-readers.ts'
import { type Answering, UnreadAnswers } from '../../src/connection/unread-answers.ts'
import { REPLY, Refusal } from '../../src/protocol/errors.ts'
import { answerAndEnd } from './raw-answer.ts'
import { releaseSocket } from './socket-shares.ts'
import { queuedBytes } from './tcp-parts.ts'

export const ROUND_MS = 1_000
/** Rounds that a request may take to come in [C99]. */
const ROUNDS_MAX = 30

const kHttp: unique symbol = Symbol('usher.http-socket')

type HttpTcp = Socket & { [kHttp]?: HttpSocket | null }

type OnCut = (limit: keyof OutboxLimits) => void

class HttpSocket implements Answering {
  readonly #tcp: Socket
  readonly #onCut: OnCut
  #response: ServerResponse | null = null
  #round = 0
  /** Whether the next round looks at it. */
  isWatched = false

  constructor(tcp: Socket, onCut: OnCut) {
    this.#tcp = tcp
    this.#onCut = onCut
  }

  begin(response: ServerResponse, round: number): void {
    this.#response = response
    this.#round = round
  }

  /** Keeps nothing of a request that is over: a TCP connection may stay for long without one. */
  forget(): void {
    this.#response = null
    this.isWatched = false
  }

  /** The answer that is being made or written; null when there is none. */
  get underWay(): ServerResponse | null {
    const response = this.#response
    return response?.socket === this.#tcp ? response : null
  }

  /** Whether the request has come whole, and its answer has left for the system. */
  get isOver(): boolean {
    const response = this.#response
    if (response === null || this.#tcp.destroyed) return true
    if (!response.req.complete) return false
    return response.socket !== this.#tcp || response.writableFinished
  }

  get waitingBytes(): number {
    return this.#tcp.writableLength
  }

  get taken(): number {
    const { bytesWritten, writableLength } = this.#tcp
    return bytesWritten - writableLength - queuedBytes(this.#tcp)
  }

  cut(limit: keyof OutboxLimits): void {
    this.#onCut(limit)
    this.#tcp.destroy()
  }

  /** Answers a request that is late, if it has no answer yet, and ends the TCP connection. */
  endIfLate(round: number): void {
    const response = this.#response
    if (response === null || response.req.complete || round - this.#round < ROUNDS_MAX) return
    const isUnanswered = this.underWay !== null && !response.headersSent
    if (isUnanswered && this.#tcp.writable) answerAndEnd(this.#tcp, tooLate())
    else this.#tcp.destroy()
  }
}

/** The refusal of a request that does not come in within its time. */
export function tooLate(): Refusal {
  return new Refusal(REPLY.requestTimeout, 'The request took too long to come in.')
}

/** The answer of Usher's that is being made or written on a TCP connection, or null. */
export function answerUnderWay(tcp: HttpTcp): ServerResponse | null {
  return tcp[kHttp]?.underWay ?? null
}

/** A WebSocket and an event stream have bounds of their own from now on. */
export function leaveHttp(tcp: HttpTcp): void {
  tcp[kHttp] = null
  releaseSocket(tcp)
}

export class HttpSockets {
  readonly #unread: UnreadAnswers
  readonly #onCut: OnCut
  readonly #watched = new Set<HttpTcp>()
  #round = 0

  constructor(limits: OutboxLimits, onCut: OnCut) {
    this.#unread = new UnreadAnswers(limits)
    this.#onCut = onCut
  }

  /** How many TCP connections the next round looks at. */
  get watched(): number {
    return this.#watched.size
  }

  /** The turn of a request has come. What `inject` asks has no TCP connection to look at. */
  begin(tcp: HttpTcp, response: ServerResponse): void {
    if (!(tcp instanceof Socket)) return
    tcp[kHttp] ??= new HttpSocket(tcp, this.#onCut)
    const http = tcp[kHttp]
    http.begin(response, this.#round)
    if (http.isWatched) return
    http.isWatched = true
    this.#watched.add(tcp)
  }

  /** Called every ROUND_MS. */
  round(elapsed: number): void {
    this.#round += 1
    const under: HttpSocket[] = []
    for (const tcp of this.#watched) {
      const http = tcp[kHttp] ?? null
      if (http === null || http.isOver) this.#forget(tcp, http)
      else under.push(http)
    }
    for (const http of under) http.endIfLate(this.#round)
    this.#unread.check(under, elapsed)
  }

  #forget(tcp: HttpTcp, http: HttpSocket | null): void {
    this.#watched.delete(tcp)
    http?.forget()
  }
}
