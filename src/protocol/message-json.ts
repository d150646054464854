// A message as JSON, for clients that ask for more than its payload.
import type { Message } from './message.ts'

/**
 * `{offset, time, user, name, kind, data}`: `data` is the JSON value, the text, or base64 for
 * bytes. A message that was taken back has no name, `data: null` and `redacted: true`.
 */
export function messageJson(message: Message): string {
  const { offset, time, user, name, kind, payload, redacted } = message
  const sender = `"user":${JSON.stringify(user)},"name":${JSON.stringify(redacted ? null : name)}`
  const head = `{"offset":${offset},"time":${time},${sender},"kind":"${kind}"`
  if (redacted) return `${head},"data":null,"redacted":true}`
  return `${head},"data":${dataJson(kind, payload)}}`
}

/** A JSON payload was checked when it was published, so it is copied unchanged. */
function dataJson(kind: Message['kind'], payload: Buffer): string {
  if (kind === 'json') return payload.toString()
  return JSON.stringify(payload.toString(kind === 'text' ? 'utf8' : 'base64'))
}
