// The composition root: the one list of plugins and the one of routes, in order.
import Fastify, { type FastifyInstance, type FastifyPluginAsync, LogController } from 'fastify'
import fp from 'fastify-plugin'
import audit from '../plugins/audit.ts'
import auth from '../plugins/auth.ts'
import bodyParser from '../plugins/body-parser.ts'
import connectHandshake from '../plugins/connect-handshake.ts'
import connectionLog from '../plugins/connection-log.ts'
import usherContext, { type UsherContext } from '../plugins/context.ts'
import cors from '../plugins/cors.ts'
import type { HostParts } from '../plugins/embedding/host-types.ts'
import engine from '../plugins/engine.ts'
import errors from '../plugins/errors.ts'
import eventStream from '../plugins/event-stream.ts'
import forwarded from '../plugins/forwarded.ts'
import forwardedWarning from '../plugins/forwarded-warning.ts'
import gracefulShutdown from '../plugins/graceful-shutdown.ts'
import handshake from '../plugins/handshake.ts'
import handshakeForm from '../plugins/handshake-checks.ts'
import handshakeRate from '../plugins/handshake-rate.ts'
import holder from '../plugins/holder.ts'
import hostChecks from '../plugins/host-checks.ts'
import identity from '../plugins/identity.ts'
import knownPaths from '../plugins/known-paths.ts'
import lastResort from '../plugins/last-resort.ts'
import log, { type LoggerOptions, loggerFor } from '../plugins/log.ts'
import lostUpgrades from '../plugins/lost-upgrades.ts'
import metrics from '../plugins/metrics.ts'
import metricsPort from '../plugins/metrics-port.ts'
import openapi from '../plugins/openapi.ts'
import operatorSocket from '../plugins/operator-socket.ts'
import queryParameters from '../plugins/query-parameters.ts'
import reauthentication from '../plugins/reauthentication.ts'
import replyStreams from '../plugins/reply-streams.ts'
import requestMetrics from '../plugins/request-metrics.ts'
import requests from '../plugins/requests.ts'
import revocations from '../plugins/revocations.ts'
import richConnection from '../plugins/rich-connection.ts'
import rooms from '../plugins/rooms.ts'
import securityHeaders from '../plugins/security-headers.ts'
import serverApi from '../plugins/server-api.ts'
import sessionCookie from '../plugins/session-cookie.ts'
import socketsPerAddress from '../plugins/sockets-per-address.ts'
import streamAdmission from '../plugins/stream-admission.ts'
import tickets from '../plugins/tickets.ts'
import tls, { serverOptions } from '../plugins/tls.ts'
import unreadAnswers from '../plugins/unread-answers.ts'
import unrouted, { onClientError, onFrameworkError } from '../plugins/unrouted.ts'
import upgradeRequests from '../plugins/upgrade-requests.ts'
import uplinks from '../plugins/uplinks.ts'
import validation from '../plugins/validation.ts'
import webPage from '../plugins/web-page.ts'
import websocket from '../plugins/websocket.ts'
import webSocketConnection from '../plugins/websocket-connection.ts'
import { accountRoutes } from '../routes/account.ts'
import { batchRoutes } from '../routes/batch.ts'
import { connectionRoutes } from '../routes/connection.ts'
import { connectionStreamRoutes } from '../routes/connection-streams.ts'
import { emulationRoutes } from '../routes/emulation.ts'
import { healthRoutes } from '../routes/health.ts'
import { historyRoutes } from '../routes/history.ts'
import { memberRoutes } from '../routes/members.ts'
import { messageRoutes } from '../routes/messages.ts'
import { metricsRoutes } from '../routes/metrics.ts'
import { receiptRoutes } from '../routes/receipts.ts'
import { roomListRoutes } from '../routes/room-list.ts'
import { roomRoutes } from '../routes/rooms.ts'
import { sessionRoutes } from '../routes/session.ts'
import { signUpRoutes } from '../routes/sign-up.ts'
import { ticketRoutes } from '../routes/tickets.ts'
import { userAccountRoutes } from '../routes/user-accounts.ts'
import { userRoutes } from '../routes/users.ts'
import type { Config } from './config/config.ts'
import { addressList } from './identity/address.ts'
import type { Clock } from './time/clock.ts'
import { type Random, systemRandom } from './time/random.ts'
import { systemClock } from './time/system-clock.ts'

/** In this order: each plugin finds the decorators of those before it. */
const PLUGINS = [
  ...[lastResort, upgradeRequests, hostChecks, metrics, metricsPort, engine, rooms, revocations],
  ...[
    websocket,
    unreadAnswers,
    tickets,
    identity,
    forwarded,
    sessionCookie,
    auth,
    holder,
    reauthentication,
  ],
  ...[bodyParser, uplinks, serverApi],
] as FastifyPluginAsync[]

const ACCOUNT_ROUTES = [
  ...[signUpRoutes, sessionRoutes, accountRoutes, userAccountRoutes],
] as FastifyPluginAsync[]

const ROUTES = [
  ...[ticketRoutes, roomRoutes, messageRoutes, historyRoutes, batchRoutes, userRoutes],
  ...[roomListRoutes, memberRoutes, receiptRoutes, emulationRoutes],
] as FastifyPluginAsync[]

/** They ignore query parameters that they do not know. */
const LENIENT = [
  healthRoutes,
  metricsRoutes,
  connectionRoutes,
  connectionStreamRoutes,
] as FastifyPluginAsync[]

/** Parts that a test replaces, and those that a host application decides. */
export interface AppParts extends HostParts {
  clock?: Clock
  random?: Random
  logger?: LoggerOptions
  /** How long a request may take to come in, in milliseconds. */
  requestMs?: number
}

/** Where the routes are in an application, and which of them there are. */
export interface HttpRouteOptions {
  prefix: string
  /** Whether Usher answers paths below the prefix that lead nowhere. */
  unknownPaths: boolean
  /** Sign-up, log-in and log-out by password. */
  accounts: boolean
  /** The page that explains the API. */
  pages: boolean
  /** The page for people. */
  chat: boolean
}

export interface UsherServiceOptions extends UsherContext {
  httpRoutes: HttpRouteOptions
}

/** All of Usher, as a plugin in an application. */
export const usherService = fp(
  async (app: FastifyInstance, { httpRoutes: which, ...context }: UsherServiceOptions) => {
    await app.register(usherContext, context)
    for (const plugin of PLUGINS) await app.register(plugin)
    await app.register((scope) => httpRoutes(scope, which), { prefix: which.prefix })
  },
  { name: 'usher-service', fastify: '5.x' },
)

/**
 * The routes have a scope of their own: its hooks, errors and headers are not the application's.
 */
async function httpRoutes(app: FastifyInstance, which: HttpRouteOptions): Promise<void> {
  const { unknownPaths, accounts, pages, chat } = which
  await app.register(validation)
  await app.register(audit)
  await app.register(operatorSocket)
  await app.register(errors)
  await app.register(requests)
  await app.register(requestMetrics)
  await app.register(forwardedWarning)
  await app.register(cors)
  await app.register(securityHeaders)
  await app.register(handshakeRate)
  await app.register(handshakeForm)
  await app.register(streamAdmission)
  await app.register(lostUpgrades)
  if (unknownPaths) await app.register(knownPaths)
  await app.register(connectionLog)
  await app.register(handshake)
  await app.register(webSocketConnection)
  await app.register(connectHandshake)
  await app.register(richConnection)
  await app.register(replyStreams)
  await app.register(eventStream)
  await app.register(openapi, { shown: pages })
  if (chat) await app.register(webPage)
  for (const routes of LENIENT) await app.register(routes)
  await app.register(queryParameters)
  for (const routes of accounts ? [...ACCOUNT_ROUTES, ...ROUTES] : ROUTES) {
    await app.register(routes)
  }
}

const REQUEST_MS = 30_000
const LOOK_FOR_LATE_MS = 1_000

/**
 * Node exchanges the two times where the one for the head is greater, and looks for requests that
 * are late every half minute if not told otherwise.
 */
function timesOf(requestMs: number) {
  const connectionsCheckingInterval = Math.min(LOOK_FOR_LATE_MS, requestMs)
  return { requestTimeout: requestMs, headersTimeout: requestMs, connectionsCheckingInterval }
}

/** The whole service by itself. Rejects when the engine refuses to open. */
export async function buildApp(config: Config, parts: AppParts = {}): Promise<FastifyInstance> {
  const {
    clock = systemClock,
    random = systemRandom,
    logger = loggerFor(config, clock),
    ...rest
  } = parts
  const { requestMs = REQUEST_MS } = parts
  const app = Fastify({
    logger,
    // The hook of plugins/log.ts writes one line instead of two, and knows upgrades.
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: config.trustProxy.length > 0 ? addressList(config.trustProxy) : false,
    return503OnClosing: false,
    frameworkErrors: onFrameworkError,
    clientErrorHandler: onClientError,
    requestTimeout: requestMs,
    routerOptions: { maxParamLength: 256 },
    // Another process may have the folder for as long as it drains.
    pluginTimeout: 0,
    ...serverOptions(config.tls, timesOf(requestMs)),
  }) as unknown as FastifyInstance
  await app.register(unrouted)
  await app.register(tls, { files: config.tls, clock })
  await app.register(log, { clock, logger })
  await app.register(gracefulShutdown, { drainSeconds: config.drainSeconds, clock })
  await app.register(usherService, {
    ...{ config, clock, random, ...rest },
    httpRoutes: { prefix: '', unknownPaths: true, accounts: true, pages: true, chat: true },
  })
  await app.register(socketsPerAddress)
  return app
}
