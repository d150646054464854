// The process: settings, the app, signals, draining, and the exit code.
import closeWithGrace from 'close-with-grace'
import type { FastifyInstance } from 'fastify'
import { buildApp } from './app.ts'
import { type Config, ConfigError, loadConfig } from './config.ts'
import { EngineRefused } from './engine/engine.ts'

/** What closing may take beyond the drain window before the process is ended anyway. */
const GRACE_MS = 5_000

async function main(): Promise<void> {
  const config = loadConfig()
  const app = await buildApp(config)
  closeOnSignals(app, config)
  for (const warning of config.warnings) app.log.warn(warning)
  await app.listen({ host: config.host, port: config.port })
  const { name, durability } = app.engine
  app.log.info({ engine: name, durability, rules: config.rules.length }, 'Usher is open')
}

function closeOnSignals(app: FastifyInstance, config: Config): void {
  const delay = config.drainSeconds * 1_000 + GRACE_MS
  closeWithGrace({ delay, logger: app.log }, async ({ err, signal }) => {
    if (err) app.log.error({ err }, 'an error nobody caught: closing')
    else app.log.info({ signal }, 'closing')
    await app.close()
  })
}

/** Wrong settings and a refused data folder are the operator's to mend: a sentence, no stack. */
function refuse(error: unknown): void {
  const expected = error instanceof ConfigError || error instanceof EngineRefused
  process.stderr.write(`Usher does not start.\n${expected ? error.message : inspect(error)}\n`)
  process.exitCode = 1
}

function inspect(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

main().catch(refuse)
