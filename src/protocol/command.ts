// The commands that a client may send over a connection.
import type { Kind, Position } from './message.ts'

/** A command that is answered. The id of its reply is 0 where the client gets none. */
interface Answered {
  readonly id: number
}

/** Says who the client is; the first command of a connection of many rooms. */
export interface ConnectCommand extends Answered {
  type: 'connect'
  /** A ticket or a token; null leaves it to what the handshake showed. */
  token: string | null
  /** The rooms that the server had joined the client to, with the positions that it has. */
  positions: ReadonlyMap<string, Position>
}

/** Shows a new token for an open connection. */
export interface RefreshCommand extends Answered {
  type: 'refresh'
  token: string
}

/** Join a room. */
export interface SubscribeCommand extends Answered {
  type: 'subscribe'
  room: string
  /** A ticket that names the room; null for the right of the connection. */
  token: string | null
  /**
   * The position that the client has, to get all that it missed; null for what is published from
   * now on. An empty epoch stands for any.
   */
  after: Position | null
  /** Refuse with `unrecoverable` instead of joining, where not all that was missed can be given. */
  isStrict: boolean
  /** Whether the client wants to hear of joins and leaves. */
  tellsPresence: boolean
  /** Whether the client asks for a kind of subscription that Usher has not. */
  isUnknownKind: boolean
}

/** Shows a new token for a room that was joined with one. */
export interface SubRefreshCommand extends Answered {
  type: 'sub-refresh'
  room: string
  token: string
}

/** Leave a room. */
export interface UnsubscribeCommand extends Answered {
  type: 'unsubscribe'
  room: string
}

/** Publish a message in a room. */
export interface PublishCommand extends Answered {
  type: 'publish'
  /** Null means the only room of the connection. */
  room: string | null
  kind: Kind
  payload: Buffer
}

/** Which connections are in a room; `presence-stats` asks how many. */
export interface PresenceCommand extends Answered {
  type: 'presence' | 'presence-stats'
  room: string
}

/** A page of a room's history. */
export interface HistoryCommand extends Answered {
  type: 'history'
  room: string
  /** 0 asks for the position alone; null for as many as one answer may have. */
  limit: number | null
  /** Messages after this position, or before it with `isReverse`; null for no bound. */
  since: Position | null
  /** Newest first. */
  isReverse: boolean
}

/** Calls a method by its name. */
export interface RpcCommand extends Answered {
  type: 'rpc'
  method: string
  data: Buffer
}

/** Data for the server that is not answered. */
export interface SendCommand {
  type: 'send'
  data: Buffer
}

/** The answer to a ping. */
export interface PongCommand {
  type: 'pong'
}

/** A command that Usher has not, but can answer. */
export interface UnknownCommand extends Answered {
  type: 'unknown'
}

/** The rest of a frame cannot be read; the commands before this one are good. */
export interface UnreadableCommand {
  type: 'unreadable'
}

export type Command =
  | ConnectCommand
  | RefreshCommand
  | SubscribeCommand
  | SubRefreshCommand
  | UnsubscribeCommand
  | PublishCommand
  | PresenceCommand
  | HistoryCommand
  | RpcCommand
  | SendCommand
  | PongCommand
  | UnknownCommand
  | UnreadableCommand

export const UNREADABLE: UnreadableCommand = Object.freeze({ type: 'unreadable' })
export const PONG: PongCommand = Object.freeze({ type: 'pong' })
