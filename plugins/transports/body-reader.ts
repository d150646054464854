// Reads the body of a request into one buffer that grows as it comes: bytes that come one by one
// cost no more than their number, and what waits for the rest is counted.
import type { Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import { Reached, type Share } from '../../src/engine/shares.ts'
import { REPLY, Refusal } from '../../src/protocol/errors.ts'

/** What an application puts before ours, such as what unpacks, says how much came to it. */
type Payload = Readable & { receivedEncodedLength?: number }

export type OnBody = (error: Error | null, bytes: Buffer | null) => void

export interface BodyBounds {
  /** 413 over this. */
  readonly bytesMax: number
  /** Takes a share of so many bytes, or returns what was reached. */
  take(bytes: number): Share | Reached
}

/** Not counted: the head of a request may be as long, and each TCP connection has one of both. */
export const UNCOUNTED_BYTES = 16_384

const NOTHING = Buffer.alloc(0)

export class BodyReader {
  readonly #payload: Payload
  readonly #bounds: BodyBounds
  readonly #done: OnBody
  /** What `Content-Length` says; NaN without one. */
  readonly #announced: number
  #buffer = NOTHING
  #length = 0
  #share: Share | null = null

  constructor(payload: Payload, { headers }: FastifyRequest, bounds: BodyBounds, done: OnBody) {
    this.#payload = payload
    this.#bounds = bounds
    this.#done = done
    this.#announced = Number(headers['content-length'])
  }

  read(): void {
    if (this.#announced > this.#bounds.bytesMax) return this.#done(tooLarge(), null)
    this.#payload.on('data', this.#onData)
    this.#payload.on('end', this.#onEnd)
    this.#payload.on('error', this.#onError)
    this.#payload.resume()
  }

  readonly #onData = (chunk: Buffer | string): void => {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    const length = this.#length + bytes.length
    const { receivedEncodedLength: packed = 0 } = this.#payload
    if (Math.max(length, packed) > this.#bounds.bytesMax) return this.#finish(tooLarge())
    const reached = length > this.#buffer.length ? this.#grow(length) : null
    if (reached !== null) return this.#finish(reached.refusal)
    bytes.copy(this.#buffer, this.#length)
    this.#length = length
  }

  /** Room for twice as much, and for no more than there will be. */
  #grow(needed: number): Reached | null {
    const most = needed <= this.#announced ? this.#announced : this.#bounds.bytesMax
    const room = Math.min(2 * needed, most)
    const reached = room > UNCOUNTED_BYTES ? this.#count(room) : null
    if (reached !== null) return reached
    const former = this.#buffer
    this.#buffer = Buffer.allocUnsafe(room)
    former.copy(this.#buffer, 0, 0, this.#length)
    return null
  }

  #count(room: number): Reached | null {
    if (this.#share !== null) return this.#share.grow(room - this.#buffer.length)
    const share = this.#bounds.take(room)
    if (share instanceof Reached) return share
    this.#share = share
    // Its client may go away.
    this.#payload.once('close', this.#release)
    return null
  }

  readonly #onEnd = (): void => {
    const came = this.#payload.receivedEncodedLength || this.#length
    const isWhole = Number.isNaN(this.#announced) || came === this.#announced
    this.#finish(isWhole ? null : otherLength())
  }

  readonly #onError = (error: Error & { statusCode?: number }): void => {
    const isOfClient = (error.statusCode ?? 0) >= 400
    this.#finish(isOfClient ? error : Object.assign(error, { statusCode: 400 }))
  }

  #finish(error: Error | null): void {
    this.#payload.removeListener('data', this.#onData)
    this.#payload.removeListener('end', this.#onEnd)
    this.#payload.removeListener('error', this.#onError)
    this.#release()
    const bytes = this.#buffer.subarray(0, this.#length)
    this.#buffer = NOTHING
    this.#done(error, error === null ? bytes : null)
  }

  readonly #release = (): void => {
    this.#payload.removeListener('close', this.#release)
    this.#share?.release()
  }
}

function tooLarge(): Refusal {
  return new Refusal(REPLY.tooLarge, 'The body is too large.')
}

function otherLength(): Refusal {
  return new Refusal(REPLY.badRequest, 'The body is not as long as Content-Length says.')
}
