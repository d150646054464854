// An application with Usher inside, on a free port. It closes itself.
import { Writable } from 'node:stream'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import type { Test } from 'tap'
import { type UsherOptions, usher } from '../../src/index.ts'
import { SERVER_KEY } from '../support/app.ts'

/** A prefix, an engine in memory, a server key, and a short drain. */
export const OPTIONS: UsherOptions = {
  prefix: '/rt',
  data: ':memory:',
  serverKeys: [{ name: 'backend', key: SERVER_KEY }],
  drainSeconds: 1,
}

export interface HostSetup {
  /** The options of Fastify. */
  server?: FastifyServerOptions & { https?: object }
  options?: UsherOptions
  /** The application's own plugins and routes, registered before Usher. */
  before?: (app: FastifyInstance) => unknown
  /** Those registered after Usher. */
  after?: (app: FastifyInstance) => unknown
}

/** Makes the application without starting it; closes it when the test ends. */
export async function makeHost(t: Test, setup: HostSetup = {}): Promise<FastifyInstance> {
  const app = Fastify(setup.server ?? {}) as unknown as FastifyInstance
  t.teardown(() => app.close())
  await setup.before?.(app)
  await app.register(usher, { ...OPTIONS, ...setup.options })
  await setup.after?.(app)
  return app
}

export interface Host {
  app: FastifyInstance
  url: string
}

export async function startHost(t: Test, setup: HostSetup = {}): Promise<Host> {
  const app = await makeHost(t, setup)
  return { app, url: await app.listen({ host: '127.0.0.1', port: 0 }) }
}

export interface KeptLog {
  logger: { level: string; stream: Writable }
  text(): string
}

/** A logger as an application would make it, without our settings. */
export function keptLog(): KeptLog {
  const lines: string[] = []
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk))
      done()
    },
  })
  return { logger: { level: 'trace', stream }, text: () => lines.join('') }
}
