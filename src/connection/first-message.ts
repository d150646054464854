// A connection that was opened with `?auth=message` says who it is in its first message.
import type { Credential } from '../identity/authenticator.ts'
import { FIRST_MESSAGE } from '../protocol/limits.ts'
import type { InboundFrame } from '../wire/wire-format.ts'

/** One text frame, `{"ticket": …}` or `{"token": …}` and nothing else; null for all others. */
export function readFirstMessage({ payload, binary }: InboundFrame): Credential | null {
  if (binary || payload.length > FIRST_MESSAGE.bytesMax) return null
  const entries = entriesOf(payload.toString('utf8'))
  const [first] = entries
  if (entries.length !== 1 || !first) return null
  const [key, value] = first
  if (typeof value !== 'string') return null
  if (key === 'ticket') return { kind: 'ticket', ticket: value }
  if (key === 'token') return { kind: 'bearer', token: value }
  return null
}

function entriesOf(text: string): [string, unknown][] {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? Object.entries(value) : []
  } catch {
    return []
  }
}
