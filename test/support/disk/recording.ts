// The calls of a process to the files of its disk, in their order, as disk.c recorded them.
import { readFileSync } from 'node:fs'

export type Call =
  | { call: 'write'; name: string; offset: number; data: Buffer }
  | { call: 'truncate'; name: string; length: number }
  /** A call that succeeded. The folder itself has the name `.`. */
  | { call: 'sync'; name: string }
  | { call: 'unlink'; name: string }
  | { call: 'rename'; name: string; to: string }

const HEAD_BYTES = 15

/** The calls in a file of disk.c. The last one may be cut when the process was killed. */
export function readRecording(path: string): Call[] {
  const bytes = readFileSync(path)
  const calls: Call[] = []
  let at = 0
  while (at + HEAD_BYTES <= bytes.length) {
    const nameEnd = at + HEAD_BYTES + bytes.readUInt16LE(at + 1)
    const dataEnd = nameEnd + bytes.readUInt32LE(at + 3)
    if (dataEnd > bytes.length) break
    const name = bytes.toString('utf8', at + HEAD_BYTES, nameEnd)
    const offset = Number(bytes.readBigUInt64LE(at + 7))
    calls.push(callOf(bytes[at] ?? 0, { name, offset, data: bytes.subarray(nameEnd, dataEnd) }))
    at = dataEnd
  }
  return calls
}

interface Parts {
  name: string
  offset: number
  data: Buffer
}

function callOf(number: number, { name, offset, data }: Parts): Call {
  switch (number) {
    case 1:
      return { call: 'write', name, offset, data }
    case 2:
      return { call: 'sync', name }
    case 3:
      return { call: 'truncate', name, length: offset }
    case 4:
      return { call: 'unlink', name }
    case 5:
      return { call: 'rename', name, to: data.toString() }
    default:
      throw new Error(`disk.c recorded the unknown call ${number}`)
  }
}
