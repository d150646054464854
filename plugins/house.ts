// app.house: what everything else is built from. Settings, clock and chance come in only here, and
// so does what the application that we live in wants to decide or hear of.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../src/config.ts'
import type { HostUser } from '../src/identity/authenticator.ts'
import type { RoomObserver } from '../src/room/observer.ts'
import type { Authorize } from '../src/room/rule.ts'
import type { Chance } from '../src/time/chance.ts'
import type { Clock } from '../src/time/clock.ts'

/** What an application that has users of its own may put in the place of ours. */
export interface HostParts {
  /** Who sent this request, by the application's own log-in; null for nobody. */
  identity?: ((request: FastifyRequest) => HostUser | null | Promise<HostUser | null>) | undefined
  /** Who may do what where, instead of the `join` and `publish` of the rules. */
  authorize?: Authorize | undefined
  /** Told of what happens in rooms; what it throws is logged and changes nothing. */
  hooks?: Partial<RoomObserver> | undefined
}

export interface House extends HostParts {
  readonly config: Config
  readonly clock: Clock
  readonly chance: Chance
}

declare module 'fastify' {
  interface FastifyInstance {
    house: House
  }
}

async function house(app: FastifyInstance, parts: House): Promise<void> {
  const { config, clock, chance, identity, authorize, hooks } = parts
  app.decorate('house', { config, clock, chance, identity, authorize, hooks })
}

export default fp(house, { name: 'usher-house', fastify: '5.x' })
