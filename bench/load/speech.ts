// How a server is spoken to: what a client says first, what stands around a payload, and what those
// frames mean that are no messages.

/** A name, since orders go to another process. */
export type SpeechName = 'raw' | 'event stream' | 'socket.io' | SpeechOfManyRooms
/** One connection may be in several rooms, which it names in its first frame. */
export type SpeechOfManyRooms = 'rich JSON' | 'rich JSON, joined' | 'rich Protobuf'

/** The text around a payload; a character is a byte. */
export interface Wrapping {
  before: string
  after: string
}

/** What a client asks for when its socket is up. */
export interface Wanted {
  /** Those that it joins, where it names them itself. */
  rooms: readonly string[]
  /** A credential that is not in the handshake. */
  token: string | null
}

/** What a frame without a message is to a client. */
export type Meaning = Buffer | 'ready' | 'refused' | null

export interface Speech {
  /** Of the frames that it sends: 1 is text, 2 is binary (RFC 6455 section 5.2). */
  readonly opcode: 1 | 2
  /** Whether a server may put several messages into one frame, a line each. */
  readonly hasLines: boolean
  /** The payload of the first frame; null where a client is ready when its socket is up. */
  hello(wanted: Wanted): Buffer | null
  /** One message of so many bytes to each of these rooms, all in one frame. */
  wrappings(rooms: readonly string[], size: number): Wrapping[]
  /** A frame that is an answer, if it wants one. */
  meaningOf(payload: Buffer, wanted: Wanted): Meaning
}
