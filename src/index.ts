// What the package exports: Usher as one plugin, and Usher as a service by itself.
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { UsherContext } from '../plugins/context.ts'
import type { HostParts } from '../plugins/embedding/host-types.ts'
import { LOG_SHAPES } from '../plugins/logging/shapes.ts'
import upgradeTimeout from '../plugins/upgrade-timeout.ts'
import { usherService } from './app.ts'
import { ConfigError } from './config/mistakes.ts'
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
  UsherHooks,
} from '../plugins/embedding/host-types.ts'
export type {
  Published,
  PublishOptions,
  TicketOptions,
  UserInRoom,
  UsersInRoom,
  Usher,
} from '../plugins/embedding/usher-types.ts'
export type { HostIdentity } from '../plugins/tokens/credential.ts'
export { shouldUpgradeCallback } from '../plugins/upgrade-requests.ts'
export { type WebSocketOptions, websocketOptions } from '../plugins/websocket.ts'
export { type AppParts, buildApp } from './app.ts'
export type { Config } from './config/config.ts'
export { loadConfig } from './config/environment.ts'
export { ConfigError } from './config/mistakes.ts'
export type { JwtOptions, SettingsOptions } from './config/options.ts'
export { EngineRefused, EngineUnavailable } from './engine/engine.ts'
export type { HostUser } from './identity/authenticator.ts'
export { Refusal } from './protocol/errors.ts'
export type { Identity, Revocation } from './protocol/identity.ts'
export type { Scope } from './protocol/scope.ts'
export type { Authorize } from './room/rule.ts'

export interface UsherOptions extends SettingsOptions, HostParts {
  /** Where Usher's routes are, such as `/rt`. */
  prefix?: string
  /** Sign-up and log-in by password: yes, unless the application knows its users itself. */
  accounts?: boolean
  /**
   * The chat, and the page that explains the API: yes under a prefix. Without accounts the chat is
   * there only where this is true: it asks `GET` and `DELETE` of `session` below the prefix, which
   * the application then answers.
   */
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

function contextOf(options: SettingsOptions & HostParts): UsherContext {
  const { identity, authorize, hooks, breached, ...settings } = options
  const config = configFromOptions(settings)
  const host = { identity, authorize, hooks, breached }
  return { config, clock: systemClock, random: systemRandom, ...host }
}

/**
 * Usher in an application. Decorates it with `usher` and nothing else: all the rest stands in a
 * scope of its own. Fails the boot with a sentence where something does not fit.
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
      chat: pages ?? (prefix !== '' && (accounts ?? rest.identity === undefined)),
    }
    const scope = async (inner: FastifyInstance): Promise<void> => {
      inner.log = app.log.child({}, { serializers: LOG_SHAPES as never })
      await inner.register(usherService, { ...parts, httpRoutes })
      app.decorate('usher', inner.usher)
      // For routes of the application's own whose head `app.usher.authenticate` has looked at.
      app.addHook('preHandler', inner.reauthenticate)
    }
    await app.register(upgradeTimeout)
    // The application's log must not have tickets in it either (S9). Fastify's types allow a
    // serializer only text.
    await app.register(scope, { logSerializers: LOG_SHAPES as never })
  },
  { name: 'fastify-usher', fastify: '5.x' },
)

export default usher

function wrongParts(options: object): string[] {
  const own = Object.entries(options).filter(([name]) => Object.hasOwn(FORMS, name))
  return wrongOptions(Object.fromEntries(own), FORMS)
}

/** Mistakes in options that are right by themselves, but wrong together or in this application. */
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
