// WebSocket frames by the book (RFC 6455 section 5.2), written apart from src/ so that one can be
// checked against the other: a reader of what servers send, a writer of what clients send.

export interface ParsedFrame {
  fin: boolean
  /** The three reserved bits as a number. */
  rsv: number
  opcode: number
  masked: boolean
  payload: Buffer
}

/** Reads whole frames from the front; `rest` is what is left. */
export function parseFrames(bytes: Buffer): { frames: ParsedFrame[]; rest: Buffer } {
  const frames: ParsedFrame[] = []
  let rest = bytes
  for (let size = sizeOf(rest); size !== null && rest.length >= size.end; size = sizeOf(rest)) {
    const first = rest.readUInt8(0)
    frames.push({
      fin: first >= 128,
      rsv: (first >> 4) & 7,
      opcode: first & 15,
      masked: rest.readUInt8(1) >= 128,
      payload: rest.subarray(size.start, size.end),
    })
    rest = rest.subarray(size.end)
  }
  return { frames, rest }
}

/** Where the payload of the first frame starts and ends, or null when that cannot be told yet. */
function sizeOf(bytes: Buffer): { start: number; end: number } | null {
  if (bytes.length < 2) return null
  const short = bytes.readUInt8(1) & 127
  const extra = short === 127 ? 8 : short === 126 ? 2 : 0
  const mask = bytes.readUInt8(1) >= 128 ? 4 : 0
  const start = 2 + extra + mask
  if (bytes.length < start) return null
  const long = extra === 8 ? Number(bytes.readBigUInt64BE(2)) : 0
  const length = extra === 8 ? long : extra === 2 ? bytes.readUInt16BE(2) : short
  return { start, end: start + length }
}

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

export interface ClientFrame {
  opcode: number
  payload?: Buffer | string
  fin?: boolean
  rsv?: number
  /** Clients must mask; a test may forget to. */
  masked?: boolean
}

const MASK = Buffer.from([0x5a, 0x13, 0xc7, 0x81])

/** The bytes of a frame as a client sends it. */
export function clientFrame(frame: ClientFrame): Buffer {
  const { opcode, fin = true, rsv = 0, masked = true } = frame
  const payload = Buffer.from(frame.payload ?? '')
  const first = (fin ? 128 : 0) | (rsv << 4) | opcode
  const flag = masked ? 128 : 0
  const head =
    payload.length < 126
      ? Buffer.from([first, flag | payload.length])
      : payload.length < 65_536
        ? Buffer.from([first, flag | 126, payload.length >> 8, payload.length & 255])
        : longHead(first, flag, payload.length)
  if (!masked) return Buffer.concat([head, payload])
  return Buffer.concat([head, MASK, payload.map((byte, at) => byte ^ (MASK[at % 4] ?? 0))])
}

function longHead(first: number, flag: number, length: number): Buffer {
  const head = Buffer.alloc(10)
  head.writeUInt8(first, 0)
  head.writeUInt8(flag | 127, 1)
  head.writeBigUInt64BE(BigInt(length), 2)
  return head
}

/** The code and reason that a close frame carries. */
export function closingOf({ payload }: ParsedFrame): { code: number; reason: string } {
  if (payload.length === 0) return { code: 1005, reason: '' }
  return { code: payload.readUInt16BE(0), reason: payload.toString('utf8', 2) }
}
