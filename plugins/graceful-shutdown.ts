// Going down, for a server that is ours alone: nobody new is accepted from the first moment, and
// nobody holds it up for longer than the drain window. In an application both are its own affair.
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Clock } from '../src/time/clock.ts'

export interface ListeningOptions {
  drainSeconds: number
  clock: Clock
}

/** Register it before whatever drains, which waits. */
async function gracefulShutdown(app: FastifyInstance, options: ListeningOptions): Promise<void> {
  const { drainSeconds, clock } = options
  app.addHook('preClose', async () => {
    // Fastify would stop accepting only after this hook.
    app.server.close()
    // Half a request would hold closing up for as long as its sender likes [C65].
    clock.after(drainSeconds * 1_000, () => app.server.closeAllConnections())
  })
}

export default fp(gracefulShutdown, { name: 'usher-graceful-shutdown', fastify: '5.x' })
