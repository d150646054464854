// What the package exports: everything in one plugin, or the service by itself.
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { HostParts } from '../plugins/house.ts'
import { everything } from './app.ts'
import { configFromOptions, type SettingsOptions } from './config-options.ts'
import { systemChance } from './time/chance.ts'
import { systemClock } from './time/system-clock.ts'

export type { Published, PublishOptions, TicketOptions, Usher } from '../plugins/facade.ts'
export { shouldUpgradeCallback } from '../plugins/host.ts'
export type { HostParts } from '../plugins/house.ts'
export { websocketOptions } from '../plugins/websocket.ts'
export { type AppParts, buildApp } from './app.ts'
export { type Config, ConfigError, loadConfig } from './config.ts'
export type { JwtOptions, SettingsOptions } from './config-options.ts'
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
  /** The page for people, and the one that explains the API. */
  pages?: boolean
}

/**
 * Usher in an application that there is already. Decorates it with `usher`, `authenticate`,
 * `identify` and `request.identity`. Fails the boot with a sentence where something does not fit.
 */
export const usher = fp(
  async (app: FastifyInstance, options: UsherOptions) => {
    const { prefix = '', identity, authorize, hooks, pages = true } = options
    const { accounts = identity === undefined, ...settings } = options
    const config = configFromOptions(settings)
    await app.register(everything, {
      ...{ config, clock: systemClock, chance: systemChance, identity, authorize, hooks },
      doors: { prefix, accounts, pages },
    })
  },
  { name: 'usher-plugin', fastify: '5.x' },
)
