// A whole Usher on a free port, with an engine in memory. It closes itself at the end of the test,
// and then searches all that it logged for secrets that must not be there (S9).
import { randomBytes } from 'node:crypto'
import { Writable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { LOG_SHAPES } from '../../plugins/logging/shapes.ts'
import { type AppParts, buildApp } from '../../src/app.ts'
import type { Config } from '../../src/config/config.ts'
import { loadConfig } from '../../src/config/environment.ts'
import { SCOPES } from '../../src/protocol/scope.ts'
import { ManualClock, moveUntil } from './manual-clock.ts'

export interface StartedApp {
  url: string
  app: FastifyInstance
  /** Everything logged so far, as text. */
  log(): string
  /** Values that must never be logged; the log is searched for them at the end. */
  keepSecret(...values: string[]): void
}

export const SERVER_KEY = 'key-of-a-back-end-0123456789'
/** Settings in which the key of `asServer` has every scope. */
export const EVERY_SCOPE = {
  serverKeys: [{ name: 'backend', key: SERVER_KEY, scopes: SCOPES }],
} as const

/** Settings for tests: no disk, any port, and a log at its most talkative level. */
export function testConfig(overrides: Partial<Config> = {}): Config {
  const config = loadConfig({
    USHER_DATA: ':memory:',
    USHER_CONFIG: undefined,
    USHER_API_KEYS: `backend:${SERVER_KEY}`,
    USHER_DRAIN_SECONDS: '1',
    USHER_LOG_LEVEL: 'trace',
    PORT: '0',
  })
  return { ...config, ...engineOfTest(), ...overrides }
}

/** `USHER_TEST_REDIS_URL` runs tests of the whole service on that Redis instead. */
function engineOfTest(): Partial<Config> {
  const { USHER_TEST_REDIS_URL: url } = process.env
  if (!url) return {}
  const prefix = `t${randomBytes(6).toString('hex')}:`
  return { engine: { kind: 'redis', url, prefix } }
}

export async function startApp(
  t: Test,
  overrides: Partial<Config> = {},
  parts: AppParts = {},
): Promise<StartedApp> {
  const lines: string[] = []
  const secrets = new Set([SERVER_KEY])
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk))
      done()
    },
  })
  const config = testConfig(overrides)
  const logger = { level: config.logLevel, serializers: LOG_SHAPES, stream }
  const app = await buildApp(config, { ...parts, logger })
  const log = (): string => lines.join('')
  t.teardown(async () => {
    await app.close()
    const leaked = [...secrets].filter((secret) => log().includes(secret))
    if (leaked.length > 0) throw new Error(`the log contains ${leaked.length} secrets`)
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const keepSecret = (...values: string[]): void => {
    for (const value of values) secrets.add(value)
  }
  return { url, app, log, keepSecret }
}

/** An app on a manual clock, which moves while the app closes. */
export async function startOnManualClock(t: Test, overrides: Partial<Config> = {}) {
  const clock = new ManualClock()
  const usher = await startApp(t, overrides, { clock })
  t.teardown(() => moveUntil(clock, usher.app.close()))
  return { clock, usher }
}
