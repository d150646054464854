// Earlier messages of a room in the bytes of wire formats: each is encoded once per format, however
// many members ask for it.
import type { MessageEvent } from '../protocol/event.ts'
import type { Message } from '../protocol/message.ts'
import type { ReplyFormat, WireFormat } from '../wire/wire-format.ts'
import type { Member } from './member.ts'

const NO_WORDS = Buffer.alloc(0)
/** What a frame may have besides twice its payload, to be kept. */
const FRAME_BYTES_MAX = 1_024

/** Frames for one member, and the offset of the last message in them. */
export interface Frames {
  readonly bytes: Buffer
  readonly upTo: number
}

export class EncodedMessages {
  readonly #room: string
  readonly #encoded = new Map<WireFormat | ReplyFormat['item'], WeakMap<Message, Buffer>>()

  constructor(room: string) {
    this.#room = room
  }

  clear(): void {
    this.#encoded.clear()
  }

  /** A message in the bytes of a format. */
  frameOf(format: WireFormat, message: Message): Buffer {
    const event: MessageEvent = { type: 'message', room: this.#room, message }
    return this.#once(format, message, () => format.encode(event) ?? NO_WORDS)
  }

  /** A message in the bytes that it has inside a reply. */
  itemOf(replies: ReplyFormat, message: Message): Buffer {
    return this.#once(replies.item, message, () => replies.item(message))
  }

  /** The frames of those messages that this member gets, joined into few buffers. */
  *buffersFor(member: Member, messages: readonly Message[], most: number): Iterable<Frames> {
    let frames: Buffer[] = []
    let bytes = 0
    let upTo = 0
    for (const message of messages) {
      if (isWithheld(message, member)) continue
      const frame = this.frameOf(member.format, message)
      if (frames.length > 0 && bytes + frame.length > most) {
        yield { bytes: joined(frames), upTo }
        frames = []
        bytes = 0
      }
      frames.push(frame)
      bytes += frame.length
      upTo = message.offset
    }
    if (frames.length > 0) yield { bytes: joined(frames), upTo }
  }

  #once(format: WireFormat | ReplyFormat['item'], message: Message, encode: () => Buffer): Buffer {
    let encoded = this.#encoded.get(format)
    if (encoded === undefined) {
      encoded = new WeakMap()
      this.#encoded.set(format, encoded)
    }
    const known = encoded.get(message)
    if (known !== undefined) return known
    const bytes = encode()
    // Line ends and the like make some messages several times as large: those are not kept.
    const isLarge = bytes.length > 2 * message.payload.length + FRAME_BYTES_MAX
    if (!isLarge) encoded.set(message, bytes)
    return bytes
  }
}

/** Whether a message is not for a member, as the one that sent it. */
export function isWithheld({ origin, unechoed }: Message, { id, echo }: Member): boolean {
  return origin === id && (!echo || unechoed === true)
}

function joined(frames: readonly Buffer[]): Buffer {
  const [first] = frames
  return frames.length === 1 && first !== undefined ? first : Buffer.concat(frames)
}
