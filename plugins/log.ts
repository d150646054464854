// One line in the log for each request, never with a credential. URLs are logged without their
// query, because a ticket may stand there (S9).
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifyServerOptions } from 'fastify'
import fp from 'fastify-plugin'
import { pino } from 'pino'
import type { Config } from '../src/config/config.ts'
import { addressIn, LOG_SHAPES, pathOf } from './logging/shapes.ts'

export type LoggerOptions = Exclude<FastifyServerOptions['logger'], boolean | undefined>

/** JSON lines in production and in pipes, readable ones on a terminal. */
export function loggerFor(config: Config): LoggerOptions {
  const readable = !config.production && process.stdout.isTTY
  const shared = { level: config.logLevel, serializers: LOG_SHAPES }
  return readable ? { ...shared, transport: PRETTY } : { ...shared, stream: gatheredStdout() }
}

/** One write for many lines: at a thousand connections a second a write for each line is felt. */
const GATHERED_BYTES = 8_192
const GATHERED_MS = 100

function gatheredStdout() {
  const stdout = pino.destination({
    ...{ dest: 1, sync: false, minLength: GATHERED_BYTES },
    periodicFlush: GATHERED_MS,
  })
  process.once('exit', () => {
    try {
      stdout.flushSync()
    } catch {
      // The output was never opened, or its reader is gone.
    }
  })
  return stdout
}

const PRETTY = {
  target: 'pino-pretty',
  options: { ignore: 'pid,hostname,reqId', translateTime: 'HH:MM:ss.l' },
}

/** An accepted upgrade has its log line when its connection ends. */
async function onResponse(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const line = {
    method: request.method,
    path: pathOf(request.url),
    status: reply.statusCode,
    ms: Math.round(reply.elapsedTime * 10) / 10,
    ip: addressIn(request.ip),
  }
  if (request.ws) request.log.info(line, 'handshake refused')
  else request.log.info(line, 'request')
}

async function log(app: FastifyInstance): Promise<void> {
  app.addHook('onResponse', onResponse)
}

export default fp(log, { name: 'usher-log', fastify: '5.x' })
