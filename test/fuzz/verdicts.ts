// What must hold for every answer, whatever was sent (C1, C2, C3).
import { CLOSE, REPLY } from '../../src/protocol/errors.ts'
import type { Answer } from '../attack/wire.ts'
import { closingOf, OPCODE, type ParsedFrame, parseFrames } from '../support/frames.ts'

const HEAD_END = '\r\n\r\n'

const ROWS = new Set(
  Object.values(REPLY).map(({ error, code, status }) => `${status} ${error} ${code}`),
)
const KEYS = 'code,error,message'
/** Ours, and those that RFC 6455 has for what is no message at all. */
const CLOSES = new Set([
  1000,
  1001,
  1002,
  1003,
  1007,
  1008,
  1009,
  ...Object.values(CLOSE).map(({ code }) => code),
])

/** A close that was not merely the client's own, sent back. */
export function isOurClose(code: number): boolean {
  return CLOSES.has(code)
}

/** Null when all is well, else what is not. */
export function wrongWith({ status, headers, body }: Answer): string | null {
  if (status === 0) return 'there was no answer'
  if (status < 400) return null
  const word = wrongBody(status, body)
  if (word !== null) return word
  if (status === 401 && !headers.has('www-authenticate')) return '401 without WWW-Authenticate'
  if ((status === 503 || status === 429) && !headers.has('retry-after')) return 'no Retry-After'
  return null
}

/** A close frame of the client's is answered with its own code and reason, or with none. */
function isEcho(code: number, sent: Buffer): boolean {
  if (code === 1000 || code === 1005) return true
  const { frames } = parseFrames(sent.subarray(sent.indexOf(HEAD_END) + HEAD_END.length))
  const closes = frames.filter(
    ({ opcode, payload }) => opcode === OPCODE.close && payload.length > 1,
  )
  return closes.some((frame) => closingOf({ ...frame, payload: unmasked(frame) }).code === code)
}

/** The four bytes before a payload are its mask (RFC 6455 section 5.3). */
function unmasked({ payload, masked }: ParsedFrame): Buffer {
  if (!masked) return payload
  const mask = Buffer.from(payload.buffer, payload.byteOffset - 4, 4)
  return Buffer.from(payload.map((byte, at) => byte ^ (mask[at % 4] ?? 0)))
}

function wrongBody(status: number, body: string): string | null {
  const refusal = parsed(body)
  if (refusal === null) return `${status} with a body that is no JSON object: ${body.slice(0, 100)}`
  if (Object.keys(refusal).sort().join() !== KEYS)
    return `${status} with the keys ${Object.keys(refusal)}`
  const { error, code, message } = refusal
  if (typeof message !== 'string' || message === '') return `${status} without a sentence`
  if (!ROWS.has(`${status} ${error} ${code}`)) return `no such row: ${status} ${error} ${code}`
  return status >= 500 && status !== 503 ? `${status} ${error}` : null
}

function parsed(body: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}

/** How a WebSocket may end: with a code of ours and a reason, or with what the client said. */
export function wrongClose(code: number, reason: string, sent: Buffer): string | null {
  if (isEcho(code, sent)) return null
  if (!isOurClose(code)) return `closed with ${code} ${reason}`
  if (reason === '') return `closed with ${code} and no reason`
  return code === CLOSE.internal.code ? `closed with ${code} ${reason}` : null
}
