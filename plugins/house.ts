// app.house: what everything else is built from. Settings, clock and chance come in only here.
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../src/config.ts'
import type { Chance } from '../src/time/chance.ts'
import type { Clock } from '../src/time/clock.ts'

export interface House {
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
  app.decorate('house', { config: parts.config, clock: parts.clock, chance: parts.chance })
}

export default fp(house, { name: 'usher-house', fastify: '5.x' })
