// app.tickets: issuing, looking at and redeeming tickets.
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { deriveKeys } from '../src/identity/secret.ts'
import { Tickets } from '../src/identity/ticket.ts'

declare module 'fastify' {
  interface FastifyInstance {
    tickets: Tickets
  }
}

async function tickets(app: FastifyInstance): Promise<void> {
  const { config, clock, random } = app.usherContext
  const parts = {
    store: app.engine.tickets,
    keys: deriveKeys(config.secrets, 'ticket'),
    clock,
    random,
    shares: app.engine.shares,
  }
  app.decorate('tickets', new Tickets(parts))
}

export default fp(tickets, {
  name: 'usher-tickets',
  fastify: '5.x',
  dependencies: ['usher-engine'],
})
