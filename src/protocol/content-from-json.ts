// The content of a message, its kind and its bytes, from the data of a request or an application.
import { REPLY, Refusal } from './errors.ts'
import type { Draft, Kind } from './message.ts'

export type Content = Pick<Draft, 'kind' | 'payload'>

const KINDS: readonly Kind[] = ['json', 'text', 'binary']

/**
 * From the `data` of a JSON request, as a message in JSON has it: the JSON value, the text, or
 * base64 where the kind is binary. A string is text unless `kind` differs. Throws a Refusal for
 * data that does not fit the kind.
 */
export function contentOfJson(data: unknown, kind: Kind = kindOf(data)): Content {
  if (kind === 'json') return { kind, payload: Buffer.from(jsonOf(data)) }
  if (typeof data !== 'string') throw new Refusal(REPLY.badRequest, `${kind} needs a string.`)
  if (kind === 'text') return { kind, payload: Buffer.from(data) }
  const payload = Buffer.from(data, 'base64')
  if (payload.toString('base64') === data) return { kind, payload }
  throw new Refusal(REPLY.badRequest, 'binary needs base64, with its padding.')
}

/**
 * From a value of JavaScript: a string is text, bytes are binary and anything else is JSON, unless
 * `kind` differs. Bytes are copied, since they are written later and the caller may change them.
 * Throws a Refusal for data that does not fit the kind.
 */
export function contentOfValue(data: unknown, kind?: Kind): Content {
  if (kind !== undefined && !KINDS.includes(kind)) {
    throw new Refusal(REPLY.badRequest, `A kind is one of ${KINDS.join(', ')}.`)
  }
  if (data instanceof Uint8Array) return { kind: kind ?? 'binary', payload: Buffer.from(data) }
  if (typeof data === 'string' && kind !== 'json') {
    return { kind: kind ?? 'text', payload: Buffer.from(data) }
  }
  if (kind === undefined || kind === 'json') {
    return { kind: 'json', payload: Buffer.from(jsonOf(data)) }
  }
  throw new Refusal(REPLY.badRequest, `A message of kind ${kind} is a string or bytes.`)
}

/** Throws a Refusal for a value that JSON cannot express: a function, a circle, a BigInt. */
export function jsonOf(value: unknown): string {
  let json: string | undefined
  try {
    json = JSON.stringify(value)
  } catch {
    json = undefined
  }
  if (json !== undefined) return json
  throw new Refusal(REPLY.badRequest, 'This cannot be said in JSON.')
}

function kindOf(data: unknown): Kind {
  return typeof data === 'string' ? 'text' : 'json'
}
