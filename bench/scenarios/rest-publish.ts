// Publishing over REST, keep-alive, into an empty room without history, beside a bare route that
// checks the same JWT and the same body.
import { type Context, type Figure, forEach, type Scenario } from './scenario.ts'

const CONNECTIONS = 32
const BODY = JSON.stringify({ text: 'x'.repeat(53) })

export const REST_PUBLISH: Scenario = {
  name: 'REST publish',
  unit: 'requests/s',
  more: true,
  subject: 'usher',
  rows: forEach(['usher', 'fastify'], publish),
}

async function publish({ running, load, scale }: Context): Promise<Figure> {
  const door = await running.post()
  if (door === null) throw new Error('this server takes no REST publishes')
  const { seconds, warmSeconds } = scale
  const order = { port: running.target.port, ...door, body: BODY, connections: CONNECTIONS }
  const before = running.process.usage()
  const posted = await load.post({ ...order, seconds, warmSeconds })
  const { cpuSeconds, kept } = running.process.usedSince(before)
  return {
    value: posted.perSecond,
    cpuMicros: (cpuSeconds / posted.all) * 1e6,
    p50: posted.latencies.quantile(0.5),
    p99: posted.latencies.quantile(0.99),
    load: posted.load,
    wasLimit: posted.wasLimit,
    kept,
    missing: posted.failed,
    closed: 0,
    notes: {},
  }
}
