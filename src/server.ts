// The process: settings, the app, signals, draining, and the exit code.
import closeWithGrace from 'close-with-grace'
import type { FastifyInstance } from 'fastify'
import { buildApp } from './app.ts'
import type { Config } from './config/config.ts'
import { loadConfig } from './config/environment.ts'
import { listenAdvice } from './config/listen-advice.ts'
import { ConfigError } from './config/mistakes.ts'
import { EngineRefused } from './engine/engine.ts'

/** Time that closing may take beyond the drain window before the process is ended anyway. */
const GRACE_MS = 5_000

/**
 * TCP connections that the system may queue until the process accepts them: after a restart all
 * clients connect at once, and one that finds the queue full tries again a second later, then
 * three, then seven. The system has a bound of its own, 4,096 on Linux (`net.core.somaxconn`).
 */
const BACKLOG = 65_535

async function main(): Promise<void> {
  const config = loadConfig()
  const app = await buildApp(config)
  const onSignals = closeOnSignals(app, config)
  try {
    await app.listen({ host: config.host, port: config.port, backlog: BACKLOG })
  } catch (error) {
    // The engine is open and would keep the process, and its data folder, until it is killed.
    onSignals.uninstall()
    await app.close()
    throw error
  }
  const { name, durability } = app.engine
  app.log.info({ engine: name, durability, rules: config.rules.length }, 'Usher is open')
}

function closeOnSignals(app: FastifyInstance, config: Config): { uninstall(): void } {
  const delay = config.drainSeconds * 1_000 + GRACE_MS
  return closeWithGrace({ delay, logger: app.log }, async ({ err, signal }) => {
    if (err) app.log.error({ err }, 'an uncaught error: closing')
    else app.log.info({ signal }, 'closing')
    process.once('exit', endAtOnce)
    await app.close()
    process.removeListener('exit', endAtOnce)
  })
}

/**
 * An exit waits for all threads, and so for ever where one waits for a disk that hangs. What was
 * acknowledged survives this.
 */
function endAtOnce(): void {
  process.kill(process.pid, 'SIGKILL')
}

/** Prints a sentence for what the operator can mend, and the stack of a fault of ours. */
function refuse(error: unknown): void {
  process.stderr.write(`Usher does not start.\n${sentenceOf(error)}\n`)
  process.exitCode = 1
}

function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error instanceof ConfigError || error instanceof EngineRefused) return error.message
  const advice = listenAdvice(error, { host: 'HOST', port: 'PORT' })
  if (advice !== null) return advice
  if ('syscall' in error) return `${error.message}: check the path and the rights of this user.`
  return error.stack ?? error.message
}

main().catch(refuse)
