// The port for messages: accept them in one order, keep them if asked, share them with all nodes.
import type { Draft, Message, Position } from '../protocol/message.ts'

/** How much of a room is kept; `null` in its place means nothing is. */
export interface Retention {
  messages: number
  ageMs: number | null
}

/** Makes a publish take effect once: same key and sender within the window, same answer. */
export interface IdempotencyKey {
  value: string
  /** Whose key it is: keys of different senders never meet. */
  sender: string
}

export interface AppendOptions {
  retention: Retention | null
  key: IdempotencyKey | null
}

/** A draft for a room that keeps messages. */
export interface StoredDraft {
  room: string
  draft: Draft
  retention: Retention
  key: IdempotencyKey | null
}

/** The answer to an accepted draft; never changed, so equal answers may be one object. */
export interface Appended {
  /** Null in rooms without history. */
  readonly position: Position | null
  readonly time: number
  /** True when the key was known and this is the first answer again. */
  readonly repeated: boolean
}

/**
 * Which messages to read. Offsets are exclusive bounds; `limit` is at least 1. What the retention
 * no longer keeps is not shown, whether it is gone yet or not.
 */
export interface PageQuery {
  retention: Retention
  after: number | null
  before: number | null
  limit: number
  order: 'asc' | 'desc'
}

/**
 * Some messages, and where the room stood when they were read: all that had been accepted then is
 * in `head`. A page of large messages may be shorter than `limit`, and is never empty for that.
 */
export interface Page {
  head: Position
  messages: Message[]
}

/** What a room does with messages that were accepted, here or on another node. */
export interface Follower {
  /** Called in offset order, each message once. MUST NOT throw. */
  onMessage(message: Message): void
  /** What came since the last message is unknown: read it from history. MUST NOT throw. */
  onGap(): void
}

/** Ends what `follow` began; calling it again does nothing. */
export interface Follow {
  stop(): void
}

/** The key was used before, with another body. Nothing was changed; a retry cannot succeed. */
export class KeyConflict extends Error {
  constructor() {
    super('This idempotency key was used before with another message.')
    this.name = 'KeyConflict'
  }
}

/**
 * An implementation MUST call every follower of a room for each accepted message before or when
 * the publisher's answer arrives, in the order of the log, and MUST NOT deliver what it could not
 * keep. `append` throws or rejects with EngineUnavailable when nothing was kept (the caller may
 * retry), and with KeyConflict.
 */
export interface MessageLog {
  append(room: string, draft: Draft, options: AppendOptions): Appended | Promise<Appended>
  /**
   * Resolves when no later message of the room can be missed. One follower per room and node: a
   * new one takes the old one's place.
   */
  follow(room: string, follower: Follower): Promise<Follow>
  /**
   * For rooms with history alone, as is `head`. Neither MUST show what the room's follower on this
   * node was not told yet: who joins at what they show would hear it a second time.
   */
  read(room: string, query: PageQuery): Promise<Page>
  /** The newest position; offset 0 where nothing was said yet. */
  head(room: string): Promise<Position>
  /** Puts a tombstone in the place of a message. False when there is none at that offset. */
  redact(room: string, offset: number): Promise<boolean>
}
