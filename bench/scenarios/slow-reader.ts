// One of a thousand reads a kilobyte a second: what that costs the server and the other members.
import type { Running } from '../servers/contender.ts'
import { type Context, type Figure, gather, type Row, type Scenario } from './scenario.ts'
import { byLatency, talk } from './talk.ts'

const SIZE = 4_096
const PER_SECOND = 100
/** The kernel takes some megabytes for a slow reader before a server sees that it is slow. */
const SECONDS_MIN = 20
const LOOK_MS = 100
const MEGABYTE = 1_048_576

export const SLOW_READER: Scenario = {
  name: 'one slow reader',
  unit: 'p99 ms of the others',
  more: false,
  subject: 'usher, one slow',
  rows: ['usher', 'bun'].flatMap((contender) => [row(contender, 0), row(contender, 1)]),
}

function row(contender: string, slow: number): Row {
  const name = slow > 0 ? `${contender}, one slow` : contender
  return { name, contender, measure: (context) => withSlow(context, slow) }
}

async function withSlow(context: Context, slow: number): Promise<Figure> {
  const scale = { ...context.scale, seconds: Math.max(SECONDS_MIN, context.scale.seconds) }
  const members = Math.round(1_000 * scale.crowd)
  await gather(context, { rooms: 1, members, publishers: 10, timedEvery: 10, slow, turnMs: 50 })
  const before = context.running.process.rss()
  const peak = watchPeak(context.running)
  const { figure } = await talk(
    { ...context, scale },
    { size: SIZE, pace: { perSecond: PER_SECOND } },
  )
  const notes = { 'RSS grew by MB': (peak() - before) / MEGABYTE, ...figure.notes }
  return byLatency({ ...figure, notes })
}

function watchPeak({ process }: Running): () => number {
  let peak = process.rss()
  const timer = setInterval(() => {
    peak = Math.max(peak, process.rss())
  }, LOOK_MS)
  return () => {
    clearInterval(timer)
    return peak
  }
}
