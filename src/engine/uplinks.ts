// The port by which commands reach the node that has a connection, where its client has no
// WebSocket: the client sends them in requests, and those may come to any node.
import type { Identity } from '../protocol/identity.ts'

/** Commands of a client, with what their request showed of where it comes from. */
export interface UplinkFrame {
  /** The digest of the secret that names the connection. */
  readonly session: string
  /** Bounded by the node that read the request. */
  readonly payload: Buffer
  readonly binary: boolean
  /** The origin of the page that sent it, or `same-origin`; null where it named none. */
  readonly page: string | null
  /** The log-in that the browser sent along; null without one, or from a page that may not. */
  readonly logIn: LogIn | null
}

/** Whose log-in a browser sends by itself, and which. */
export type LogIn = Pick<Identity, 'user' | 'session'>

/**
 * Takes the commands for a connection of this node. False where it has none of that name, or not
 * for such a request. MUST NOT throw.
 */
export type UplinkReceiver = (frame: UplinkFrame) => boolean

export interface Uplinks {
  /**
   * Resolves with what the receiver of that node answered; false where there is no such node, or it
   * has no receiver. Rejects with EngineUnavailable when the node does not answer within 3 s: the
   * commands may have been taken then. Calls that were not awaited may arrive in any order.
   */
  send(node: string, frame: UplinkFrame): Promise<boolean>
  /**
   * From when it resolves, what is sent to this node comes to `receive`, also after the node took
   * another id. There is one receiver: the last. Resolves with how to stop.
   */
  follow(receive: UplinkReceiver): Promise<() => void>
}
