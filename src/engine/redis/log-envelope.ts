// What of a message Redis keeps and tells: one header line of JSON, then the payload as it is. The
// scripts put a line before it, and read the header alone.
import type { Draft, Kind, Message } from '../../protocol/message.ts'

/** A message as Redis has it, beside its position and its time. */
export type Envelope = Buffer

/** The number of the last redaction of the sender that its node knew comes third. */
type Header = [
  kind: Kind,
  user: string | null,
  redaction?: number,
  name?: string | null,
  origin?: string | null,
  unechoed?: 1,
]

const NEW_LINE = 10
const NOTHING = Buffer.alloc(0)

export function envelopeOf(draft: Draft, redaction: number): Envelope {
  const { kind, payload, user, name, origin, unechoed } = draft
  const header: Header = [kind, user, redaction, name, origin]
  if (unechoed) header.push(1)
  const line = `${JSON.stringify(header)}\n`
  const length = Buffer.byteLength(line)
  const envelope = Buffer.allocUnsafe(length + payload.length)
  envelope.write(line)
  payload.copy(envelope, length)
  return envelope
}

/** What is left of an envelope whose message was taken back, as the scripts leave it. */
export function headerLeft(kind: Kind, user: string | null): string {
  return `${JSON.stringify([kind, user] satisfies Header)}\n`
}

interface Where {
  epoch: string | null
  offset: number
  time: number
}

/** The message in an envelope that begins at `from`, and the number in its header. */
export function messageIn(envelope: Envelope, from: number, where: Where): [Message, number] {
  const end = envelope.indexOf(NEW_LINE, from)
  const header = JSON.parse(envelope.toString('utf8', from, end)) as Header
  const [kind, user, redaction = 0, name = null, origin = null, unechoed] = header
  const { epoch, offset, time } = where
  const payload = envelope.subarray(end + 1)
  const message: Message = { kind, payload, user, name, origin, epoch, offset, time }
  if (unechoed === 1) message.unechoed = true
  return [message, redaction]
}

/** What is left of a message that was taken back. */
export function tombstoneIn(header: Envelope, where: Where): Message {
  const [message] = messageIn(header, 0, where)
  return { ...message, payload: NOTHING, redacted: true }
}

/** What a channel says: its first byte, the words of its line, and where an envelope begins. */
export interface News {
  readonly what: string
  readonly words: readonly string[]
  readonly bytes: Buffer
  readonly from: number
}

export function newsIn(bytes: Buffer): News {
  const end = bytes.indexOf(NEW_LINE)
  const line = bytes.toString('latin1', 1, end === -1 ? bytes.length : end)
  return {
    what: String.fromCharCode(bytes[0] ?? 0),
    words: line.split(' '),
    bytes,
    from: end === -1 ? bytes.length : end + 1,
  }
}
