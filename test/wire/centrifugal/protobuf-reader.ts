// Protobuf by the book, written apart from src/ so that one can be checked against the other.

/** A varint, or bytes, by the number of its field, in the order in which they stand. */
export type WireField = readonly [number: number, value: bigint | Buffer]

export function fieldsIn(bytes: Buffer): WireField[] {
  const fields: WireField[] = []
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes.readUInt8(at++)
      value |= BigInt(byte & 127) << shift
      if (byte < 128) return value
    }
  }
  while (at < bytes.length) {
    const tag = varint()
    if ((tag & 7n) === 0n) {
      fields.push([Number(tag >> 3n), varint()])
      continue
    }
    if ((tag & 7n) !== 2n) throw new Error(`the protocol has no field of the form ${tag & 7n}`)
    const end = Number(varint()) + at
    if (end > bytes.length) throw new Error('a field is longer than its message')
    fields.push([Number(tag >> 3n), bytes.subarray(at, end)])
    at = end
  }
  return fields
}

/** The bytes at a path of numbers, each of which stands once. */
export function bytesAt(bytes: Buffer, path: readonly number[]): Buffer {
  return path.reduce((inside, wanted) => {
    const found = fieldsIn(inside).filter(([number]) => number === wanted)
    const [[, value] = []] = found
    if (found.length !== 1 || !Buffer.isBuffer(value)) throw new Error(`${wanted} is not there`)
    return value
  }, bytes)
}

/** The messages of a frame, each after its length. */
export function messagesIn(frame: Buffer): Buffer[] {
  const messages: Buffer[] = []
  let rest = frame
  while (rest.length > 0) {
    const digits = rest.findIndex((byte) => byte < 128) + 1
    const length = rest.subarray(0, digits).reduceRight((sum, byte) => sum * 128 + (byte & 127), 0)
    if (digits === 0 || digits + length > rest.length) throw new Error('a message is cut')
    messages.push(rest.subarray(digits, digits + length))
    rest = rest.subarray(digits + length)
  }
  return messages
}
