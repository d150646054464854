// How requests, errors and texts that came from clients stand in lines of the log: never with a
// query, because a ticket may stand there (S9), and never longer than a bound (S51).
import type { FastifyRequest } from 'fastify'
import { addressOf, UNKNOWN_ADDRESS } from '../../src/identity/address.ts'

/** A URL without its query. */
export function pathOf(url: string): string {
  const query = url.indexOf('?')
  return query < 0 ? url : url.slice(0, query)
}

/** The address of a client, in one form however a proxy wrote it. */
export function addressIn(written: string | undefined): string {
  return addressOf(written) ?? UNKNOWN_ADDRESS
}

/** The most bytes that one character has in a line: `\u001b`. */
const ESCAPED_MAX = 6
const CUT = '…'

/** A text that has at most so many bytes in a line, escaped as JSON and as UTF-8. */
export function bounded(text: string, bytesMax: number): string {
  if (text.length * ESCAPED_MAX <= bytesMax) return text
  let bytes = 0
  for (let at = 0; at < text.length; at += 1) {
    bytes += bytesOf(text.charCodeAt(at))
    if (bytes > bytesMax) return text.slice(0, at) + CUT
  }
  return text
}

/** What one UTF-16 code unit becomes; half of a pair counts as if it stood alone. */
function bytesOf(unit: number): number {
  if (unit < 0x20 || (unit >= 0xd800 && unit < 0xe000)) return ESCAPED_MAX
  if (unit === 0x22 || unit === 0x5c) return 2
  if (unit < 0x80) return 1
  return unit < 0x800 ? 2 : 3
}

/** Bytes of each kind of text. */
const WORD_MAX = 160
const TEXT_MAX = 640
const STACK_MAX = 4_096
/** An error may be the cause of another, and so on. */
const CAUSES_MAX = 3

function word<Value>(value: Value): Value | string {
  return typeof value === 'string' ? bounded(value, WORD_MAX) : value
}

function text<Value>(value: Value): Value | string {
  return typeof value === 'string' ? bounded(value, TEXT_MAX) : value
}

interface ErrorShape {
  type: string
  message: string
  stack: string
  [more: string]: unknown
}

/** Leaves out other properties: some errors carry the input that they failed on, such as a URL. */
function shapeOfError(error: unknown, causes = CAUSES_MAX): ErrorShape {
  if (!(error instanceof Error)) {
    const message = typeof error === 'string' ? bounded(error, TEXT_MAX) : ''
    return { type: typeof error, message, stack: '' }
  }
  const { name, message, stack = '', code, cause } = error as Error & { code?: unknown }
  const shape = {
    ...{ type: bounded(name, WORD_MAX), message: bounded(message, TEXT_MAX) },
    ...{ stack: bounded(stack, STACK_MAX), code: word(code) },
  }
  if (!(cause instanceof Error) || causes === 0) return shape
  return { ...shape, cause: shapeOfError(cause, causes - 1) }
}

/** By the key that a value has in a line. What is not here has a bound where it comes from. */
export const LOG_SHAPES = {
  req: ({ method, url, ip }: FastifyRequest) => ({
    ...{ method: word(method), path: text(pathOf(url)), ip: addressIn(ip) },
  }),
  err: (error: unknown) => shapeOfError(error),
  ...{ method: word, origin: word, user: word, room: word, ip: word, reason: word },
  ...{ path: text, why: text },
}
