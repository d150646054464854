// RFC 6455 frames as a server writes them: one piece, never masked, never compressed.

/** RFC 6455 section 5.2: the two opcodes that carry data, text and binary. */
export type DataOpcode = 1 | 2

const FIN = 0x80
const LENGTH_16 = 126
const LENGTH_64 = 127

/** Bytes that stand before a payload of this length (RFC 6455 section 5.2). */
export function headerBytes(payloadBytes: number): number {
  if (payloadBytes < LENGTH_16) return 2
  return payloadBytes <= 0xffff ? 4 : 10
}

/** What stands before a payload of this length. */
export function serverHeader(opcode: DataOpcode, payloadBytes: number): Buffer {
  const header = Buffer.allocUnsafe(headerBytes(payloadBytes))
  writeHeader(header, opcode, payloadBytes)
  return header
}

/** One whole data frame: header and payload in a single buffer. */
export function serverFrame(opcode: DataOpcode, payload: Buffer): Buffer {
  const header = headerBytes(payload.length)
  const frame = Buffer.allocUnsafe(header + payload.length)
  writeHeader(frame, opcode, payload.length)
  payload.copy(frame, header)
  return frame
}

function writeHeader(frame: Buffer, opcode: DataOpcode, payloadBytes: number): void {
  const header = headerBytes(payloadBytes)
  frame[0] = FIN | opcode
  if (header === 2) {
    frame[1] = payloadBytes
  } else if (header === 4) {
    frame[1] = LENGTH_16
    frame.writeUInt16BE(payloadBytes, 2)
  } else {
    frame[1] = LENGTH_64
    frame.writeUInt32BE(Math.floor(payloadBytes / 2 ** 32), 2)
    frame.writeUInt32BE(payloadBytes >>> 0, 6)
  }
}
