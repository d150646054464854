// The functions that a host application gives to Usher: those that decide, and hooks.
import type { IsBreached } from '../../src/identity/accounts.ts'
import type { Kind, Position } from '../../src/protocol/message.ts'
import type { Authorize } from '../../src/room/rule.ts'
import type { HostIdentity } from '../tokens/credential.ts'

/** A connection in a room of this node. */
export interface RoomMember {
  room: string
  /** The connection's id, as the log has it. */
  connection: string
  /** Null for the anonymous and for server keys. */
  user: string | null
}

/** A message that this node accepted for a room. `payload` MUST NOT be changed. */
export interface RoomMessage extends Partial<Position> {
  room: string
  user: string | null
  /** How people call the user, or null. */
  name: string | null
  kind: Kind
  payload: Buffer
  /** Milliseconds since 1970. */
  time: number
}

/** Usher does not wait for hooks; an error that one throws or rejects with is logged. */
export interface UsherHooks {
  joined?(member: RoomMember): unknown
  left?(member: RoomMember): unknown
  published?(message: RoomMessage): unknown
}

/** The functions of a host application; each one is optional. */
export interface HostParts {
  /** Returns the user of a request, by the application's own log-in; null for the anonymous. */
  identity?: HostIdentity | undefined
  /** Whether an identity may join or publish, instead of the `join` and `publish` of rules. */
  authorize?: Authorize | undefined
  /** Called for joins, leaves and messages in rooms. */
  hooks?: UsherHooks | undefined
  /** Whether a password stands in a list of stolen ones: then it is refused (S22). */
  breached?: IsBreached | undefined
}
