// app.engine: opened before anything that needs it, closed after the last socket has ended.
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { boundsOf } from '../src/engine/bounds.ts'
import type { Engine } from '../src/engine/engine.ts'
import { openEngine } from '../src/engine/open-engine.ts'
import { roomRules } from '../src/room/rule.ts'

declare module 'fastify' {
  interface FastifyInstance {
    engine: Engine
  }
}

async function engine(app: FastifyInstance): Promise<void> {
  const { config, clock } = app.usherContext
  const onWaiting = (sentence: string): void => app.log.warn(sentence)
  const opening = { onWaiting, rules: roomRules(config.rules) }
  const opened = await openEngine(config.engine, clock, boundsOf(config.limits), opening)
  app.decorate('engine', opened)
  app.addHook('onClose', () => opened.close())
}

export default fp(engine, { name: 'usher-engine', fastify: '5.x', dependencies: ['usher-context'] })
