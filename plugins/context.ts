// app.usherContext: what the other plugins are built from. Settings, clock and random enter only
// here, and so do the functions that a host application gives.
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../src/config/config.ts'
import type { Clock } from '../src/time/clock.ts'
import type { Random } from '../src/time/random.ts'
import type { HostParts } from './embedding/host-types.ts'

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
