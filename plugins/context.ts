// app.usherContext: what the other plugins are built from. Settings, clock and random enter only
// here, and so does what the application that we live in wants to decide or hear of.
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../src/config/config.ts'
import type { IsBreached } from '../src/identity/accounts.ts'
import type { Kind, Position } from '../src/protocol/message.ts'
import type { Authorize } from '../src/room/rule.ts'
import type { Clock } from '../src/time/clock.ts'
import type { Random } from '../src/time/random.ts'
import type { HostIdentity } from './tokens/credential.ts'

/** Somebody's connection in a room of this node. */
export interface RoomMember {
  room: string
  /** The connection's id, as the log has it. */
  connection: string
  /** Null for the anonymous and for server keys. */
  user: string | null
}

/** What was said in a room, accepted on this node. `payload` MUST NOT be changed. */
export interface RoomMessage extends Partial<Position> {
  room: string
  user: string | null
  kind: Kind
  payload: Buffer
  /** Milliseconds since 1970. */
  time: number
}

/** Nothing waits for them; what they throw or reject with is logged and changes nothing. */
export interface UsherHooks {
  joined?(member: RoomMember): unknown
  left?(member: RoomMember): unknown
  published?(message: RoomMessage): unknown
}

/** What an application that has users of its own may put in the place of ours. */
export interface HostParts {
  /** Who sent this request, by the application's own log-in; null for nobody. */
  identity?: HostIdentity | undefined
  /** Who may do what where, instead of the `join` and `publish` of the rules. */
  authorize?: Authorize | undefined
  /** Told of what happens in rooms. */
  hooks?: UsherHooks | undefined
  /** Whether a password stands in a list of stolen ones: then nobody may choose it (S22). */
  breached?: IsBreached | undefined
}

export interface UsherContext extends HostParts {
  readonly config: Config
  readonly clock: Clock
  readonly random: Random
}

declare module 'fastify' {
  interface FastifyInstance {
    usherContext: UsherContext
  }
}

async function usherContext(app: FastifyInstance, parts: UsherContext): Promise<void> {
  const { config, clock, random, identity, authorize, hooks, breached } = parts
  for (const warning of config.warnings) app.log.warn(warning)
  app.decorate('usherContext', { config, clock, random, identity, authorize, hooks, breached })
}

export default fp(usherContext, { name: 'usher-context', fastify: '5.x' })
