// One line in the log for each request of a user or a back end, and for some of those of strangers:
// a flood of them is counted and does not fill the disk (S51). What stands in a line, and how much
// of it, is said in logging/shapes.ts.
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifyServerOptions } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../src/config/config.ts'
import { STRANGERS } from '../src/identity/audit.ts'
import type { Clock } from '../src/time/clock.ts'
import { Throttle } from '../src/time/throttle.ts'
import { kIdentity } from './auth.ts'
import { LineOutput } from './logging/line-output.ts'
import { addressIn, LOG_SHAPES, pathOf } from './logging/shapes.ts'

export type LoggerOptions = Exclude<FastifyServerOptions['logger'], boolean | undefined>

/** JSON lines in production and in pipes, readable ones on a terminal. */
export function loggerFor(config: Config, clock: Clock): LoggerOptions {
  const readable = !config.production && process.stdout.isTTY
  const shared = { level: config.logLevel, serializers: LOG_SHAPES }
  return readable ? { ...shared, transport: PRETTY } : { ...shared, stream: new LineOutput(clock) }
}

const PRETTY = {
  target: 'pino-pretty',
  options: { ignore: 'pid,hostname,reqId', translateTime: 'HH:MM:ss.l' },
}

/** Levels at which a line of level `info` is not written: some routes have one of their own. */
const ABOVE_INFO = new Set(['warn', 'error', 'fatal', 'silent'])

function isStranger(request: FastifyRequest): boolean {
  return (request[kIdentity]?.proof ?? 'none') === 'none'
}

function lineOf(request: FastifyRequest, reply: FastifyReply) {
  return {
    method: request.method,
    path: pathOf(request.url),
    status: reply.statusCode,
    ms: Math.round(reply.elapsedTime * 10) / 10,
    ip: addressIn(request.ip),
  }
}

export interface LogOptions {
  clock: Clock
  logger: LoggerOptions
}

async function log(app: FastifyInstance, { clock, logger }: LogOptions): Promise<void> {
  const throttle = new Throttle(STRANGERS, clock.elapsed())
  let unwritten = 0
  const told = (): number | undefined => {
    const count = unwritten
    unwritten = 0
    return count === 0 ? undefined : count
  }
  // An accepted upgrade has its log line when its connection ends.
  app.addHook('onResponse', (request, reply, done) => {
    done()
    if (ABOVE_INFO.has(request.log.level)) return
    const sentence = request.ws ? 'handshake refused' : 'request'
    if (!isStranger(request)) return request.log.info(lineOf(request, reply), sentence)
    const line = lineOf(request, reply)
    const network = app.networkOf(request) ?? line.ip
    if (throttle.take(network, clock.elapsed())) {
      return request.log.info({ ...line, unwritten: told() }, sentence)
    }
    unwritten += 1
    app.metrics.leftOut('request')
  })
  app.addHook('onReady', async () => {
    const { stream } = logger
    if (stream instanceof LineOutput) stream.onLeftOut = (n) => app.metrics.leftOut('output', n)
  })
  app.addHook('onClose', async () => {
    if (unwritten > 0) app.log.info({ unwritten: told() }, 'requests of strangers')
  })
}

export default fp(log, { name: 'usher-log', fastify: '5.x' })
