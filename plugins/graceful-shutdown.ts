// How a server that has only Usher shuts down: it accepts no new connection from the first moment,
// and no request holds it up for longer than the drain window. An application decides both itself.
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Clock } from '../src/time/clock.ts'

export interface GracefulShutdownOptions {
  drainSeconds: number
  clock: Clock
}

/** MUST be registered before the plugin that drains, since its hook waits. */
async function gracefulShutdown(
  app: FastifyInstance,
  options: GracefulShutdownOptions,
): Promise<void> {
  const { drainSeconds, clock } = options
  app.addHook('preClose', async () => {
    // Fastify would stop accepting only after this hook.
    app.server.close()
    // A request that is never finished would delay closing for as long as its client likes [C65].
    clock.after(drainSeconds * 1_000, () => app.server.closeAllConnections())
  })
}

export default fp(gracefulShutdown, { name: 'usher-graceful-shutdown', fastify: '5.x' })
