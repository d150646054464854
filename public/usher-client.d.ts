// What `fastify-usher/client` offers to applications in TypeScript, and what it means.
import type { Centrifuge, Subscription, SubscriptionOptions } from 'centrifuge'

/** One's own message: `sending` until the room has it, `failed` where the server refused it. */
export interface OwnMessage {
  key: string
  room: string
  data: unknown
  /** When it was typed, and when it was first tried: milliseconds since 1970. */
  at: number
  triedAt: number | null
  state: 'sending' | 'sent' | 'failed'
  offset?: number
  time?: number
  /** Why it was refused, as a sentence. */
  error?: string
}

export interface RoomMessage {
  /** Absent where it is ephemeral, or the room keeps no history. */
  offset: number | undefined
  data: unknown
  user: string | undefined
  /** How people call the sender. */
  name: string | null | undefined
  isOwn: boolean
}

/** Called one after the other. A message counts as delivered when its handler is done. */
export interface RoomHandlers {
  onMessage(message: RoomMessage): unknown
  /**
   * Joined, and what was missed does not come by itself: load what the room shows, up to this
   * position. Null in a room without history.
   */
  onLoad?(position: { epoch: string; offset: number } | null): unknown
  /** The message at this offset was taken back. */
  onRedacted?(offset: number): unknown
  /** One's own message was sent or refused. */
  onOwn?(message: OwnMessage): void
  /** What `stateOf` says may have changed. */
  onMarks?(): void
}

/** Keeps what waits to be sent over a reload, for example in IndexedDB. */
export interface OwnMessageStore {
  all(): Promise<OwnMessage[]>
  put(message: OwnMessage): unknown
  delete(key: string): unknown
}

export interface UsherClientOptions {
  /** The id of the user who is connected. */
  user: string
  store?: OwnMessageStore
  /** The key in the data of one's own message; by default its property `key`. */
  keyOf?(data: unknown): string | undefined
  /** Another device of the user has got further. */
  onReceipt?(receipt: OwnReceipt): void
  clock?: { now(): number; after(ms: number, run: () => void): void }
}

export interface OwnReceipt {
  room: string
  epoch: string
  delivered: number
  read: number
  unread: number
}

export interface JoinedRoom {
  /** For presence, history, and what else the SDK tells of a room. */
  readonly subscription: Subscription
  /** The user has read up to this offset. */
  markRead(offset: number): void
  /** How far one's own message is; delivered and read mean: to and by all who belonged to it. */
  stateOf(offset: number): 'sent' | 'delivered' | 'read'
}

export class UsherClient {
  constructor(sdk: Centrifuge, options: UsherClientOptions)
  /** Brings back what an earlier page could not send, and returns it, oldest first. */
  load(): Promise<OwnMessage[]>
  /** Joins, with the companion room of receipts; its user becomes a participant. */
  join(room: string, handlers: RoomHandlers, options?: Partial<SubscriptionOptions>): JoinedRoom
  /** Ends the membership of this connection; its user stays a participant. */
  close(room: string): void
  /** Its user is no participant any more. */
  leave(room: string): Promise<void>
  /** Sends once: now, or when the connection is back. `keyOf(data)` should find the key. */
  send(room: string, data: unknown, key?: string): OwnMessage
  /** Forgets a message that waits or was refused. */
  discard(key: string): void
}
