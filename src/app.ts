// The composition root: every plugin and route, in order, on one screen.
import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox'
import Fastify, { type FastifyInstance, LogController } from 'fastify'
import auth from '../plugins/auth.ts'
import engine from '../plugins/engine.ts'
import errors, { onClientError, onFrameworkError } from '../plugins/errors.ts'
import guard from '../plugins/guard.ts'
import handshake from '../plugins/handshake.ts'
import house from '../plugins/house.ts'
import log, { type LoggerOptions, loggerFor } from '../plugins/log.ts'
import rooms from '../plugins/rooms.ts'
import page from '../plugins/static.ts'
import tickets from '../plugins/tickets.ts'
import websocket from '../plugins/websocket.ts'
import { accountRoutes } from '../routes/accounts.ts'
import { healthRoutes } from '../routes/health.ts'
import { messageRoutes } from '../routes/messages.ts'
import { roomRoutes } from '../routes/rooms.ts'
import { sessionRoutes } from '../routes/session.ts'
import { ticketRoutes } from '../routes/tickets.ts'
import type { Config } from './config.ts'
import { addressList } from './identity/address.ts'
import { type Chance, systemChance } from './time/chance.ts'
import type { Clock } from './time/clock.ts'
import { systemClock } from './time/system-clock.ts'

/** What a test may hold still, and where the log goes. */
export interface AppParts {
  clock?: Clock
  chance?: Chance
  logger?: LoggerOptions
}

const REQUEST_MS = 30_000

/** Builds the whole service. Rejects when the engine refuses to open. */
export async function buildApp(config: Config, parts: AppParts = {}): Promise<FastifyInstance> {
  const { clock = systemClock, chance = systemChance, logger = loggerFor(config) } = parts
  const app = Fastify({
    logger,
    // Our own hook writes one line instead of two, and knows upgrades (plugins/log.ts).
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: config.trustProxy.length > 0 ? addressList(config.trustProxy) : false,
    return503OnClosing: false,
    frameworkErrors: onFrameworkError,
    clientErrorHandler: onClientError,
    requestTimeout: REQUEST_MS,
    routerOptions: { maxParamLength: 256 },
    http: { shouldUpgradeCallback: ({ headers }) => /^websocket$/i.test(headers.upgrade ?? '') },
  })
  app.setValidatorCompiler(TypeBoxValidatorCompiler)

  await app.register(house, { config, clock, chance })
  await app.register(log)
  await app.register(errors)
  await app.register(engine)
  await app.register(rooms)
  await app.register(websocket)
  await app.register(guard)
  await app.register(tickets)
  await app.register(auth)
  await app.register(handshake)
  await app.register(page)

  await app.register(accountRoutes)
  await app.register(sessionRoutes)
  await app.register(ticketRoutes)
  await app.register(roomRoutes)
  await app.register(messageRoutes)
  await app.register(healthRoutes)
  return app
}
