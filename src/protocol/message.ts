// A message in a room, and its position there.

/** How the payload's bytes are meant: UTF-8 JSON, UTF-8 text, or bytes. */
export type Kind = 'json' | 'text' | 'binary'

/** Where a message stands in its room's history. Offsets are 1, 2, 3 … without holes. */
export interface Position {
  epoch: string
  offset: number
}

/** What a sender publishes. `origin` is its connection, which may want no echo. */
export interface Draft {
  kind: Kind
  payload: Buffer
  /** The sender's user id; `null` for anonymous senders and server keys. */
  user: string | null
  /** How people call the sender, or null. It is kept with the message. */
  name: string | null
  origin: string | null
  /**
   * Shared and not kept, also in a room with history: it has no position there, and its key counts
   * beside those of messages that are kept.
   */
  ephemeral?: true
  /**
   * The connection that it came by does not get it live, although it wants echo otherwise. This is
   * not kept: what the connection missed and asks for has it.
   */
  unechoed?: true
}

/** A draft that was accepted. Without history there is no epoch, and the offset is 0. */
export interface Message extends Draft {
  epoch: string | null
  offset: number
  /** Milliseconds since 1970, set by the server. */
  time: number
  /** Set when the message was taken back: the payload is empty, and the offset stays. */
  redacted?: true
}

const NOTHING = Buffer.alloc(0)

/** What is left of a message that was taken back. */
export function tombstoneOf(message: Message): Message {
  return { ...message, name: null, payload: NOTHING, redacted: true }
}
