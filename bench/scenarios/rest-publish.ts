// Publishing over REST, keep-alive, into an empty room without history, beside a bare route that
// checks the same JWT and the same body.
import {
  type Context,
  costOf,
  type Figure,
  forEach,
  measuredFigure,
  type Scenario,
} from './scenario.ts'

const CONNECTIONS = 32
const BODY = JSON.stringify({ text: 'x'.repeat(53) })

export const REST_PUBLISH: Scenario = {
  name: 'REST publish',
  unit: 'requests/s',
  more: true,
  subject: 'usher',
  rows: forEach(['usher', 'fastify'], publish),
}

async function publish(context: Context): Promise<Figure> {
  const { running, load, scale } = context
  const request = await running.post()
  if (request === null) throw new Error('this server takes no REST publishes')
  const { seconds, warmSeconds } = scale
  const order = { port: running.target.port, ...request, body: BODY, connections: CONNECTIONS }
  const before = running.process.usage()
  const posted = await load.post({ ...order, seconds, warmSeconds })
  const cost = costOf(context, before, posted.all)
  return { ...measuredFigure(posted), ...cost, missing: posted.failed }
}
