// The port for messages: accept them in one order, keep them if asked, share them with all nodes.
import type { Draft, Message, Position } from '../protocol/message.ts'
import type { Holder } from './shares.ts'

/** How much of a room is kept; where a retention may be `null`, it means that nothing is kept. */
export interface Retention {
  messages: number
  ageMs: number | null
}

/** Makes a publish take effect once: same key and sender while the key holds, same answer. */
export interface IdempotencyKey {
  value: string
  /** The sender of the publish: equal keys of different senders are different keys. */
  sender: string
}

export interface AppendOptions {
  /** Null also for a single message that is not to be kept, in a room with history. */
  retention: Retention | null
  key: IdempotencyKey | null
  /**
   * Whose part of the engine's bounds the draft takes. Not used for a draft without a key in a room
   * without history, which takes none.
   */
  holder: Holder
  /**
   * The user who wrote it themselves, where the room has receipts. Where a receipt of theirs
   * stands right before the message it moves on to it, in the same transaction.
   */
  author?: string | null
}

/** A draft for a room that keeps messages. */
export interface StoredDraft {
  room: string
  draft: Draft
  retention: Retention
  key: IdempotencyKey | null
  holder: Holder
  author?: string | null
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
 * Which messages to read. Offsets are exclusive bounds; `limit` is at least 1. A message that the
 * retention no longer keeps is not shown, even before it is deleted.
 */
export interface PageQuery {
  retention: Retention
  after: number | null
  before: number | null
  limit: number
  /** Payloads of more bytes than this make a page shorter, but never empty. */
  bytes: number
  order: 'asc' | 'desc'
  asker: PageAsker
}

/** For whom a page is read: askers of one queue take turns, and those of the other wait apart. */
export interface PageAsker {
  readonly queue: 'pages' | 'replays'
  readonly holder: Holder
  /** Asked when its turn comes: a page that is not wanted any more is not read. */
  readonly isWanted?: (() => boolean) | undefined
}

/**
 * What a room keeps, in short. Which messages are shown, and what they say, MUST depend on nothing
 * else: while a summary is the same, so is every page.
 */
export interface RoomSummary {
  /** The room's newest position: it covers every message that was accepted by then. */
  head: Position
  /** The oldest offset that is shown; without any, the one after `head`. */
  oldest: number
  /** How many messages were redacted in this epoch. */
  redactions: number
  /** Changes with each call of `redactUser`; for comparisons alone. */
  userRedactions: number
}

/** Some messages, and the summary of the room when they were read. */
export interface Page extends RoomSummary {
  messages: Message[]
}

/** A room of which something is kept, and its newest position. */
export interface KeptRoom {
  room: string
  head: Position
}

/** Which rooms to list. */
export interface RoomQuery {
  /** Only those whose names come after this one, by code points; null for all. */
  after: string | null
  limit: number
  /** For whom they are read; see `PageAsker`. */
  holder: Holder
}

/**
 * What a room does with messages that were accepted, here or on another node. No method may throw.
 */
export interface Follower {
  /** Called in the order of the log, each message once. */
  onMessage(message: Message): void
  /**
   * The message at this offset is a tombstone now. Called after `onMessage` for that offset, if
   * that is called at all; pages that were asked for before may still hold the payload.
   */
  onRedacted(offset: number): void
  /** Every message of this user that was told before is a tombstone now, as with `onRedacted`. */
  onUserRedacted(user: string): void
  /** `redactions` of the room counts messages that were hidden before. */
  onRecounted(): void
  /**
   * Messages before this offset are not shown any more, although the count of the rule would keep
   * them: what is held in memory of them MUST NOT be shown either.
   */
  onHidden(before: number): void
  /**
   * Messages after this position may have been accepted without a call of `onMessage`: where the
   * room has history they MUST be read from there, else they are lost. It is the position of the
   * last message that the follower was told, or the room's position when the follow began; the
   * epoch may have changed since. `onMessage` goes on with messages that are accepted from now on.
   */
  onGap(after: Position): void
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
 * An implementation MUST tell every follower of a room, on every node, of each accepted message
 * once and in the order of the log, and MUST NOT tell of one that it could not keep. A publisher's
 * answer and the delivery of its message may come in either order: no caller may rely on one. An
 * implementation that misses a message MUST tell its follower of it before any newer one, or call
 * `onGap`.
 */
export interface MessageLog {
  /**
   * Throws or rejects with EngineUnavailable when nothing was kept (a retry may succeed), and with
   * KeyConflict. A key holds over all nodes, in rooms with history and without.
   */
  append(room: string, draft: Draft, options: AppendOptions): Appended | Promise<Appended>
  /**
   * Resolves when no later message of the room can be missed. One follower per room and node: a
   * new one replaces the former. After `stop` no method of the follower is called.
   */
  follow(room: string, follower: Follower): Promise<Follow>
  /**
   * A page of a room with history. Rejects with a Refusal where the asker's part of its queue is
   * used up, and with any error where the page is not wanted any more.
   *
   * Neither `read` nor `summary` nor `head` may show a message that the room's follower on this
   * node was not told: a member that joins at the position shown would get that message a second
   * time. An engine whose store is ahead of its deliveries MUST first tell the follower the rest,
   * in order, and then resolve. Only messages in a gap that `onGap` announced are shown although
   * the follower was not told them.
   */
  read(room: string, query: PageQuery): Promise<Page>
  /** The newest position of a room with history; offset 0 where nothing was published yet. */
  head(room: string): Promise<Position>
  /** What a room with history keeps; it costs little, however much that is. */
  summary(room: string, retention: Retention): Promise<RoomSummary>
  /**
   * Replaces a message by a tombstone, and tells the room's followers on every node. False when
   * there is no message at that offset, or when the room is not in this epoch any more; then no
   * follower is told.
   */
  redact(room: string, offset: number, epoch?: string): Promise<boolean>
  /**
   * Replaces every message of a user that was accepted before now by a tombstone, in all rooms:
   * from the answer on none of them is shown, and the payloads are deleted soon. Only then
   * `redactions` of a room counts them; `userRedactions` changes at once. Followers, on every node,
   * are told once, after all those messages and before any later one of the user; one of those
   * messages that is told after it is told as a tombstone.
   */
  redactUser(user: string): Promise<void>
  /** Rooms in the order of their names. Rejects as `read` does. */
  list(query: RoomQuery): Promise<KeptRoom[]>
  /**
   * Deletes all that is kept of a room, its idempotency keys too: its next message begins a new
   * epoch, and nothing of the former one is shown from now on. Its followers, on every node, are
   * told with `onGap` after every message of the former epoch and before any of the new one. False
   * when nothing of the room was kept; then no follower is told.
   */
  deleteRoom(room: string): Promise<boolean>
}
