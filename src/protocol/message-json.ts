// A message as JSON, for clients that ask for more than its payload.
import type { Message } from './message.ts'

const END = Buffer.from('}')

/**
 * `{offset, time, user, name, kind, data}`: `data` is the JSON value, the text, or base64 for
 * bytes. A message that was taken back has no name, `data: null` and `redacted: true`.
 */
export function messageJson(message: Message): string {
  const { kind, payload } = message
  if (message.redacted) return `${startOf(message)}null,"redacted":true}`
  // A JSON payload was checked when it was published, so it is copied unchanged.
  if (kind === 'json') return `${startOf(message)}${payload}}`
  const text = payload.toString(kind === 'text' ? 'utf8' : 'base64')
  return `${startOf(message)}${JSON.stringify(text)}}`
}

/** The same in UTF-8. */
export function messageJsonBytes(message: Message): Buffer {
  if (message.kind !== 'json' || message.redacted) return Buffer.from(messageJson(message))
  return Buffer.concat([Buffer.from(startOf(message)), message.payload, END])
}

/** All that stands before the data. */
function startOf({ offset, time, user, name, kind, redacted }: Message): string {
  const sender = `"user":${JSON.stringify(user)},"name":${JSON.stringify(redacted ? null : name)}`
  return `{"offset":${offset},"time":${time},${sender},"kind":"${kind}","data":`
}
