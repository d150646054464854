// Reads the bytes of a server by RFC 6455 alone, as a client that forgives nothing. It takes bytes
// in pieces of any size, down to single ones, and shares no code with what it judges.
import { isUtf8 } from 'node:buffer'

export interface Message {
  kind: 'text' | 'binary'
  payload: Buffer
  /** Number of frames that it came in. */
  frames: number
}

export interface Control {
  name: 'close' | 'ping' | 'pong'
  payload: Buffer
  /** Number of messages that were complete before it. */
  after: number
}

interface Head {
  fin: boolean
  opcode: number
  length: number
}

const KINDS: Readonly<Record<number, Message['kind']>> = { 1: 'text', 2: 'binary' }
const CONTROLS: Readonly<Record<number, Control['name']>> = { 8: 'close', 9: 'ping', 10: 'pong' }
const EMPTY = Buffer.alloc(0)

/** Section 7.4: whether a close frame may carry this code. */
export function mayBeSent(code: number): boolean {
  if (code >= 3_000) return code <= 4_999
  // 1012 to 1014 were registered with IANA after the RFC.
  return code >= 1_000 && code <= 1_014 && ![1_004, 1_005, 1_006].includes(code)
}

export class StrictReader {
  readonly messages: Message[] = []
  readonly controls: Control[] = []
  /** The first clause that was broken; null as long as none is. */
  violation: string | null = null
  readonly #headBytes = Buffer.alloc(10)
  #headFilled = 0
  #head: Head | null = null
  #payload = EMPTY
  #payloadFilled = 0
  /** A message whose last frame is still to come. */
  #open: { kind: Message['kind']; parts: Buffer[] } | null = null

  /** The close frame, once it is here. */
  get closing(): { code: number; reason: string } | null {
    const close = this.controls.find(({ name }) => name === 'close')
    if (close === undefined) return null
    const { payload } = close
    if (payload.length === 0) return { code: 1_005, reason: '' }
    return { code: payload.readUInt16BE(0), reason: payload.toString('utf8', 2) }
  }

  /** Whether nothing of a further frame has come. */
  get betweenFrames(): boolean {
    return this.#headFilled === 0
  }

  push(bytes: Buffer): void {
    for (let at = 0; at < bytes.length && this.violation === null; ) {
      at += this.#head === null ? this.#takeHead(bytes, at) : this.#takePayload(bytes, at)
    }
  }

  #takeHead(bytes: Buffer, at: number): number {
    if (this.closing !== null) this.#break('5.5.1: nothing follows a close frame')
    this.#headBytes[this.#headFilled] = bytes.readUInt8(at)
    this.#headFilled += 1
    if (this.#headFilled === headLength(this.#headBytes, this.#headFilled)) this.#readHead()
    return 1
  }

  #readHead(): void {
    const first = this.#headBytes.readUInt8(0)
    const second = this.#headBytes.readUInt8(1)
    const opcode = first & 0x0f
    const fin = (first & 0x80) !== 0
    if ((first & 0x70) !== 0) this.#break('5.2: a reserved bit without an extension')
    if ((second & 0x80) !== 0) this.#break('5.1: a server must not mask')
    const length = this.#lengthAfter(second & 0x7f)
    if (opcode in CONTROLS) this.#judgeControl(fin, length)
    else if (opcode in KINDS) this.#open && this.#break('5.4: a message begins inside another')
    else if (opcode !== 0) this.#break('5.2: an opcode that is reserved')
    else if (this.#open === null) this.#break('5.4: a continuation of nothing')
    this.#head = { fin, opcode, length }
    this.#payload = length === 0 ? EMPTY : Buffer.alloc(length)
    this.#payloadFilled = 0
    if (length === 0) this.#finish()
  }

  #lengthAfter(short: number): number {
    if (short < 126) return short
    const length =
      short === 126 ? this.#headBytes.readUInt16BE(2) : Number(this.#headBytes.readBigUInt64BE(2))
    const isMinimal = short === 126 ? length > 125 : length > 65_535
    if (!isMinimal) this.#break('5.2: a length in more bytes than it needs')
    if (length > Number.MAX_SAFE_INTEGER) this.#break('5.2: a length above 2^53')
    return this.violation === null ? length : 0
  }

  #judgeControl(fin: boolean, length: number): void {
    if (!fin) this.#break('5.5: a control frame in fragments')
    if (length > 125) this.#break('5.5: a control frame of more than 125 bytes')
  }

  #takePayload(bytes: Buffer, at: number): number {
    const taken = bytes.copy(this.#payload, this.#payloadFilled, at)
    this.#payloadFilled += taken
    if (this.#payloadFilled === this.#payload.length) this.#finish()
    return taken
  }

  #finish(): void {
    const head = this.#head as Head
    const payload = this.#payload
    this.#head = null
    this.#headFilled = 0
    if (this.violation !== null) return
    const control = CONTROLS[head.opcode]
    if (control !== undefined) return this.#finishControl(control, payload)
    const kind = KINDS[head.opcode]
    if (kind !== undefined) this.#open = { kind, parts: [] }
    this.#open?.parts.push(payload)
    if (head.fin) this.#finishMessage()
  }

  #finishControl(name: Control['name'], payload: Buffer): void {
    if (name === 'close') this.#judgeClose(payload)
    this.controls.push({ name, payload, after: this.messages.length })
  }

  #judgeClose(payload: Buffer): void {
    if (payload.length === 0) return
    if (payload.length === 1) return this.#break('5.5.1: half a close code')
    if (!mayBeSent(payload.readUInt16BE(0))) this.#break('7.4: a close code that must not be sent')
    if (!isUtf8(payload.subarray(2))) this.#break('5.5.1: a reason that is not UTF-8')
  }

  #finishMessage(): void {
    const { kind, parts } = this.#open as { kind: Message['kind']; parts: Buffer[] }
    this.#open = null
    const [first = EMPTY] = parts
    const payload = parts.length === 1 ? first : Buffer.concat(parts)
    if (kind === 'text' && !isUtf8(payload)) this.#break('8.1: a text that is not UTF-8')
    this.messages.push({ kind, payload, frames: parts.length })
  }

  #break(clause: string): void {
    this.violation ??= clause
  }
}

/** Section 5.2: how long the head is, as far as its first bytes tell; never masked. */
function headLength(head: Buffer, filled: number): number {
  if (filled < 2) return 2
  const short = head.readUInt8(1) & 0x7f
  return short === 127 ? 10 : short === 126 ? 4 : 2
}
