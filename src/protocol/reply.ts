// Replies to commands, on connections whose wire format has replies.
import type { ReplyCode } from './errors.ts'
import type { ClientInfo } from './event.ts'
import type { Position } from './message.ts'

/** Until when a right lasts that the client can renew with a new token. */
interface Lasting {
  /** Whole seconds from now, at least 1; null where there is nothing to renew. */
  secondsLeft: number | null
}

/** How a member begins in a room. */
export interface Membership extends Lasting {
  /** Null in a room without history. */
  position: Position | null
  /** Whether the client asked for what it missed. */
  wasRecovering: boolean
  /** Whether `items` are all that was published after the position that was asked for. */
  recovered: boolean
  /** The messages that the client missed, as the format's `item` gives them. */
  items: readonly Buffer[]
  /** How many messages were redacted in this epoch; null without history. */
  redactions: number | null
  /** What the members of a companion room were told last, as JSON; not of any other room. */
  state?: Buffer | undefined
}

/** The identity is accepted, and the connection may join rooms. */
export interface ConnectedReply extends Lasting {
  type: 'connected'
  /** The id of the connection. */
  connection: string
  /** Seconds between two pings. */
  pingSeconds: number
  /** The rooms that the server has joined the connection to. */
  rooms: ReadonlyMap<string, Membership>
  /** How a client without WebSockets reaches this connection; null on a WebSocket. */
  uplink: Uplink | null
}

/** The node that has a connection, and the secret that names the connection there. */
export interface Uplink {
  node: string
  session: string
}

export interface RefreshedReply extends Lasting {
  type: 'refreshed'
  connection: string
}

/** The connection is a member of a room from here on. */
export interface JoinedReply extends Membership {
  type: 'joined'
}

export interface SubRefreshedReply extends Lasting {
  type: 'sub-refreshed'
}

/** The connection is no member of the room. */
export interface LeftReply {
  type: 'left'
}

/** A message was accepted; without history it has no position. */
export interface PublishedReply {
  type: 'published'
  position: Position | null
  /** Milliseconds since 1970. */
  time: number
}

export interface PresenceReply {
  type: 'presence'
  clients: readonly ClientInfo[]
}

export interface PresenceStatsReply {
  type: 'presence-stats'
  connections: number
  users: number
}

export interface HistoryReply {
  type: 'history'
  items: readonly Buffer[]
  /** The newest position. */
  position: Position
}

export interface RpcReply {
  type: 'rpc'
  /** JSON. */
  data: Buffer
}

/** The command was refused, and nothing has changed. */
export interface FailedReply {
  type: 'failed'
  code: ReplyCode
  /** A sentence that says what to do. */
  message: string
}

export type Reply =
  | ConnectedReply
  | RefreshedReply
  | JoinedReply
  | SubRefreshedReply
  | LeftReply
  | PublishedReply
  | PresenceReply
  | PresenceStatsReply
  | HistoryReply
  | RpcReply
  | FailedReply
