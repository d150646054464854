// An application that somebody else wrote, on a free port, with Usher inside. It closes itself.
import { Writable } from 'node:stream'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import type { Test } from 'tap'
import { type UsherOptions, usher } from '../../src/index.ts'
import { SERVER_KEY } from '../support/app.ts'

/** Nothing on disk, a back end's key, and no long drain. */
export const OPTIONS: UsherOptions = {
  data: ':memory:',
  serverKeys: [{ name: 'backend', key: SERVER_KEY }],
  drainSeconds: 1,
}

export interface HostSetup {
  /** What Fastify is made with. */
  server?: FastifyServerOptions & { https?: object }
  options?: UsherOptions
  /** What the application has of its own, before Usher is registered. */
  before?: (app: FastifyInstance) => unknown
  /** And after it. */
  after?: (app: FastifyInstance) => unknown
}

/** Made, not started; closed when the test ends. */
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

/** A logger as an application would make it, with nothing of ours. */
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
