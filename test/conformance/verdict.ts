// The result that a client's frames must have, after RFC 6455 and our clause C47: which messages
// the room hears, which pings are answered, and how the connection ends.
import { isUtf8 } from 'node:buffer'
import type { ClientFrame } from '../support/frames.ts'
import { mayBeSent } from './strict-reader.ts'

export const BOUNDS = { messageBytes: 70_000, fragments: 128 } as const

export interface Verdict {
  messages: { kind: 'text' | 'binary'; payload: Buffer }[]
  pongs: Buffer[]
  /** The code that the server closes with, or answers a close with; null when it goes on. */
  code: number | null
  /** Whether the client was at fault: then the server's close says why. */
  isFault: boolean
}

interface Open {
  kind: 'text' | 'binary'
  parts: Buffer[]
  bytes: number
}

export function verdictOn(frames: readonly ClientFrame[]): Verdict {
  const judge = new Judge()
  for (const frame of frames) judge.take(frame)
  return judge.verdict
}

class Judge {
  readonly verdict: Verdict = { messages: [], pongs: [], code: null, isFault: false }
  #open: Open | null = null

  take(frame: ClientFrame): void {
    if (this.verdict.code !== null) return
    const { opcode, rsv = 0, masked = true } = frame
    const known = [0, 1, 2, 8, 9, 10].includes(opcode)
    if (rsv !== 0 || !masked || !known) this.#fail(1_002)
    else if (opcode >= 8) this.#control(frame)
    else this.#data(frame)
  }

  #fail(code: number): void {
    this.verdict.code = code
    this.verdict.isFault = true
  }

  #control({ opcode, fin = true, ...rest }: ClientFrame): void {
    const payload = Buffer.from(rest.payload ?? '')
    if (!fin || payload.length > 125) return this.#fail(1_002)
    if (opcode === 9) this.verdict.pongs.push(payload)
    if (opcode === 8) this.#close(payload)
  }

  /** Section 5.5.1: the same code back, unless the frame itself is at fault. */
  #close(payload: Buffer): void {
    if (payload.length === 0) {
      this.verdict.code = 1_005
      return
    }
    if (payload.length === 1 || !mayBeSent(payload.readUInt16BE(0))) return this.#fail(1_002)
    if (!isUtf8(payload.subarray(2))) return this.#fail(1_007)
    this.verdict.code = payload.readUInt16BE(0)
  }

  #data({ opcode, fin = true, ...rest }: ClientFrame): void {
    const payload = Buffer.from(rest.payload ?? '')
    const isFirst = opcode !== 0
    if (isFirst === (this.#open !== null)) return this.#fail(1_002)
    this.#open ??= { kind: opcode === 1 ? 'text' : 'binary', parts: [], bytes: 0 }
    this.#open.bytes += payload.length
    if (this.#open.bytes > BOUNDS.messageBytes) return this.#fail(1_009)
    this.#open.parts.push(payload)
    if (this.#open.parts.length > BOUNDS.fragments) return this.#fail(1_008)
    if (fin) this.#finish(this.#open)
  }

  #finish({ kind, parts }: Open): void {
    this.#open = null
    const payload = Buffer.concat(parts)
    if (kind === 'text' && !isUtf8(payload)) return this.#fail(1_007)
    this.verdict.messages.push({ kind, payload })
  }
}
