// What the package exports: everything in one plugin, the parts by themselves, or the service.
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import audit from '../plugins/audit.ts'
import auth from '../plugins/auth.ts'
import usherContext, { type HostParts, type UsherContext } from '../plugins/context.ts'
import engine from '../plugins/engine.ts'
import errors from '../plugins/errors.ts'
import eventStream from '../plugins/event-stream.ts'
import guard from '../plugins/guard.ts'
import handshake from '../plugins/handshake.ts'
import host, { endUpgrades } from '../plugins/host-checks.ts'
import { LOG_SHAPES } from '../plugins/log.ts'
import metrics from '../plugins/metrics.ts'
import openapi from '../plugins/openapi.ts'
import rooms from '../plugins/rooms.ts'
import serverApi from '../plugins/server-api.ts'
import tickets from '../plugins/tickets.ts'
import validation from '../plugins/validation.ts'
import page from '../plugins/web-page.ts'
import websocket from '../plugins/websocket.ts'
import { accountRoutes } from '../routes/account.ts'
import { signUpRoutes } from '../routes/accounts.ts'
import { batchRoutes } from '../routes/batch.ts'
import { healthRoutes } from '../routes/health.ts'
import { historyRoutes } from '../routes/history.ts'
import { messageRoutes } from '../routes/messages.ts'
import { metricsRoutes } from '../routes/metrics.ts'
import { roomRoutes } from '../routes/rooms.ts'
import { sessionRoutes } from '../routes/session.ts'
import { ticketRoutes } from '../routes/tickets.ts'
import { userRoutes } from '../routes/users.ts'
import { usherService } from './app.ts'
import { ConfigError } from './config/environment.ts'
import {
  configFromOptions,
  type OptionForm,
  type SettingsOptions,
  wrongOptions,
} from './config/options.ts'
import { systemRandom } from './time/random.ts'
import { systemClock } from './time/system-clock.ts'

export type {
  HostParts,
  RoomMember,
  RoomMessage,
  UsherContext,
  UsherHooks,
} from '../plugins/context.ts'
export { shouldUpgradeCallback } from '../plugins/host-checks.ts'
export type { Published, PublishOptions, TicketOptions, Usher } from '../plugins/server-api.ts'
export type { HostIdentity } from '../plugins/tokens/credential.ts'
export { type WebSocketOptions, websocketOptions } from '../plugins/websocket.ts'
export { type AppParts, buildApp } from './app.ts'
export { type Config, ConfigError, loadConfig } from './config/environment.ts'
export type { JwtOptions, SettingsOptions } from './config/options.ts'
export { EngineRefused, EngineUnavailable } from './engine/engine.ts'
export type { HostUser } from './identity/authenticator.ts'
export { Refusal } from './protocol/errors.ts'
export type { Identity, Revocation } from './protocol/identity.ts'
export type { Authorize } from './room/rule.ts'

export interface UsherOptions extends SettingsOptions, HostParts {
  /** Where our doors are, such as `/rt`. */
  prefix?: string
  /** Sign-up and log-in by password: yes, unless the application knows its users itself. */
  accounts?: boolean
  /** The page for people, and the one that explains the API: yes under a prefix. */
  pages?: boolean
}

const isFunction = (value: unknown): boolean => typeof value === 'function'
const YES_OR_NO = {
  is: (value: unknown) => typeof value === 'boolean',
  advice: 'write true or false',
}
const HOOKS = ['joined', 'left', 'published']

const FORMS: Readonly<Record<Exclude<keyof UsherOptions, keyof SettingsOptions>, OptionForm>> = {
  prefix: {
    is: (value) => typeof value === 'string' && /^(\/[\w.~-]+)*$/.test(value),
    advice: 'write a path like /rt, without a slash at its end',
  },
  accounts: YES_OR_NO,
  pages: YES_OR_NO,
  identity: { is: isFunction, advice: 'write a function of the request' },
  authorize: { is: isFunction, advice: 'write a function of identity, action and room' },
  breached: { is: isFunction, advice: 'write a function of the password' },
  hooks: {
    is: (value) =>
      Object.entries(value ?? {}).every(([name, run]) => HOOKS.includes(name) && isFunction(run)),
    advice: `write functions for ${HOOKS.join(', ')}`,
  },
}

/**
 * The parts of `usher`, to be registered one by one in this order; what one needs is told when it
 * is missing. They decorate the scope that they are registered in.
 */
export const plugins = {
  ...{ usherContext, host, metrics, engine, rooms, websocket, tickets, auth, serverApi },
  ...{ validation, audit, errors, guard, handshake, eventStream, openapi, page },
}

/**
 * The doors one by one, for `register` with a prefix or without. The scope that they stand in has
 * `bodies` and `errors`, and before those what they need.
 */
export const routes = {
  ...{ signUpRoutes, sessionRoutes, accountRoutes, ticketRoutes, roomRoutes },
  ...{ messageRoutes, historyRoutes, batchRoutes, userRoutes, healthRoutes, metricsRoutes },
}

/** What `plugins.house` is registered with. Throws a ConfigError for options that are wrong. */
export function contextOf(options: SettingsOptions & HostParts): UsherContext {
  const { identity, authorize, hooks, breached, ...settings } = options
  const parts = { identity, authorize, hooks, breached }
  throwIfWrong(wrongParts(parts))
  const config = configFromOptions(settings)
  return { config, clock: systemClock, random: systemRandom, ...parts }
}

/**
 * Usher in an application that there is already. Decorates it with `usher` and nothing else: all
 * the rest stands in a scope of its own. Fails the boot with a sentence where something does not
 * fit.
 */
export const usher = fp(
  async (app: FastifyInstance, options: UsherOptions) => {
    const { prefix = '', accounts, pages, ...rest } = options
    throwIfWrong([...wrongParts(options), ...misfits(app, options)])
    const parts = contextOf(rest)
    const httpRoutes = {
      prefix,
      unknownPaths: prefix !== '',
      accounts: accounts ?? rest.identity === undefined,
      pages: pages ?? prefix !== '',
    }
    const scope = async (inner: FastifyInstance): Promise<void> => {
      await inner.register(usherService, { ...parts, httpRoutes })
      app.decorate('usher', inner.usher)
    }
    endUpgrades(app)
    // The application's log shall not have tickets in it either (S9). Fastify's types know text
    // alone as what a serializer gives.
    await app.register(scope, { logSerializers: LOG_SHAPES as never })
  },
  { name: 'usher', fastify: '5.x' },
)

function wrongParts(options: object): string[] {
  const own = Object.entries(options).filter(([name]) => Object.hasOwn(FORMS, name))
  return wrongOptions(Object.fromEntries(own), FORMS)
}

/** Options that are right by themselves, and wrong together or in this application. */
function misfits(app: FastifyInstance, options: UsherOptions): string[] {
  const { prefix = '', identity, accounts, origins = [] } = options
  const wrongs: string[] = []
  if (identity && accounts) {
    wrongs.push('accounts: users log in here or by your identity function, leave out one of both.')
  }
  if (prefix === '' && origins.length > 0 && !app.hasPlugin('@fastify/cors')) {
    wrongs.push(
      'origins: Usher would answer CORS for your own routes too, give it a prefix or register ' +
        '@fastify/cors before it.',
    )
  }
  return wrongs
}

function throwIfWrong(sentences: string[]): void {
  if (sentences.length > 0) throw new ConfigError(sentences)
}
