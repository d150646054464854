// How a server that has only Usher shuts down: where other nodes can have its clients it first says
// that it will close; then it accepts no new connection, and no request holds it up for longer than
// the drain window. An application decides all of that itself.
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { noticeMs } from '../src/connection/drain.ts'
import { type Clock, sleep } from '../src/time/clock.ts'

export interface GracefulShutdownOptions {
  drainSeconds: number
  clock: Clock
}

/** MUST be registered before the plugin that drains, since its hook waits. */
async function gracefulShutdown(
  app: FastifyInstance,
  { drainSeconds, clock }: GracefulShutdownOptions,
): Promise<void> {
  const windowMs = drainSeconds * 1_000
  app.addHook('preClose', async () => {
    // A request that is never finished would delay closing for as long as its client likes [C65].
    clock.after(windowMs, () => app.server.closeAllConnections())
    // A boot that failed has no clients, and perhaps no engine.
    if (app.server.listening) await giveNotice(app, { windowMs, clock })
    // Fastify would stop accepting only after this hook.
    app.server.close()
  })
}

/** The node says that it will close, and goes on as before until others have seen that [C361]. */
async function giveNotice(
  { connections, engine, log }: FastifyInstance,
  { windowMs, clock }: { windowMs: number; clock: Clock },
): Promise<void> {
  connections.leave()
  const ms = noticeMs(windowMs, engine.otherNodes)
  if (ms === 0) return
  log.info({ noticeMs: ms }, 'no longer ready: the next clients are for other nodes')
  await sleep(clock, ms)
}

export default fp(gracefulShutdown, { name: 'usher-graceful-shutdown', fastify: '5.x' })
