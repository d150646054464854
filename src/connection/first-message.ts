// A connection that was opened with `?auth=message` has its credential in its first message, which
// is checked the way a credential is checked before the 101.
import type { Claim, Credential } from '../identity/authenticator.ts'
import { REPLY, Refusal } from '../protocol/errors.ts'
import { FIRST_MESSAGE } from '../protocol/limits.ts'
import type { Rooms } from '../room/rooms.ts'
import type { InboundFrame } from '../wire/wire-format.ts'
import type { RawHandler } from './raw-handler.ts'
import { type Entry, enter } from './room-entry.ts'

export interface FirstMessageParts {
  room: string
  rooms: Rooms
  prove(credential: Credential): Promise<Claim>
  /** The credential was accepted: the connection joins with this entry. */
  join(entry: Entry): void
  /** The message was refused; `user` is the user that it proved, or null. */
  refused(error: unknown, user: string | null): void
}

/** Makes the connection wait for its first message, and decides by it. */
export function awaitFirstMessage(handler: RawHandler, parts: FirstMessageParts): void {
  handler.awaitFirstMessage((first) => {
    const credential = readFirstMessage(first)
    // Refused at once: a close frame that came in the same bytes is handled after the message.
    if (credential === null) return parts.refused(notOne(), null)
    decide(credential, handler, parts).catch((error: unknown) => parts.refused(error, null))
  })
}

async function decide(
  credential: Credential,
  handler: RawHandler,
  { room, rooms, prove, join, refused }: FirstMessageParts,
): Promise<void> {
  const claim = await prove(credential)
  try {
    join(await enter(rooms, { room, claim, seat: handler.connection.seat }))
  } catch (error) {
    refused(error, claim.identity.user)
  }
}

function notOne(): Refusal {
  return new Refusal(REPLY.unauthorized, 'It is no credential.')
}

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
