// Checks that a payload is what its kind says, and how much it is where each line has a mark.
import { isUtf8 } from 'node:buffer'
import type { Kind } from './message.ts'

/** What a JSON value may begin with (RFC 8259). */
const FIRST_OF_JSON: ReadonlySet<number | undefined> = new Set(
  Buffer.from(' \t\n\r{["-0123456789tfn'),
)

/** Whether these bytes are one JSON value in UTF-8. */
export function isJson(payload: Buffer): boolean {
  // An exception takes some microseconds, and most of what is no JSON shows it at once.
  if (!FIRST_OF_JSON.has(payload[0]) || !isUtf8(payload)) return false
  try {
    JSON.parse(payload.toString('utf8'))
    return true
  } catch {
    return false
  }
}

/** Whether these bytes are UTF-8 text. */
export function isText(payload: Buffer): boolean {
  return isUtf8(payload)
}

const LF = 0x0a
const CR = 0x0d
/** Server-sent events begin each line of a text with `data: `. */
const LINE_MARK_BYTES = 6
/** Longer payloads are first asked whether there is any line end at all, which is much faster. */
const SHORT = 128

/**
 * Bytes that a payload has as server-sent events, without what they add to every message: a text
 * grows by a mark for each of its line ends, to seven times its bytes at most. CR LF is one.
 */
export function bytesInLines(kind: Kind, payload: Buffer): number {
  if (kind === 'binary') return payload.length
  return payload.length + LINE_MARK_BYTES * lineEndsIn(payload)
}

function lineEndsIn(payload: Buffer): number {
  if (payload.length > SHORT && !payload.includes(LF) && !payload.includes(CR)) return 0
  let count = 0
  for (let at = 0; at < payload.length; at += 1) {
    const byte = payload[at] as number
    if (byte > CR) continue
    if (byte === CR || (byte === LF && payload[at - 1] !== CR)) count += 1
  }
  return count
}
