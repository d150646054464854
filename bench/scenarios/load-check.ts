// Is it the servers that are measured, or the load side? The same crowd once from our processes
// and once from wsload; where both agree about a server, the figure is the server's.
import type { Pace } from '../load/orders.ts'
import { runWsload, type Task } from '../load/wsload.ts'
import { byLatency, FIXED_RATE } from './fixed-rate.ts'
import { ONE_BIG_ROOM } from './one-big-room.ts'
import { type Context, type Figure, openingsOf, type Row, type Scenario } from './scenario.ts'

const CONTENDERS = ['usher', 'C floor', 'bun']
const WARM_SECONDS = 1

/** These need the path of a wsload. */
export const LOAD_CHECKS: readonly Scenario[] = [
  twice(ONE_BIG_ROOM, { window: 16 }, (figure) => figure),
  twice(FIXED_RATE, { perSecond: 400 }, byLatency),
]

function twice(scenario: Scenario, pace: Pace, shape: (figure: Figure) => Figure): Scenario {
  const rows = scenario.rows.filter(({ contender }) => CONTENDERS.includes(contender))
  return { ...scenario, rows: rows.flatMap((row) => [row, byWsload(row, pace, shape)]) }
}

function byWsload(row: Row, pace: Pace, shape: (figure: Figure) => Figure): Row {
  const measure = async (context: Context) => shape(await talkByWsload(context, pace))
  return { name: `${row.name}, by wsload`, contender: row.contender, measure }
}

async function talkByWsload(context: Context, pace: Pace): Promise<Figure> {
  const { running, scale, wsload } = context
  if (wsload === null) throw new Error('this needs --wsload')
  const members = Math.round(1_000 * scale.crowd)
  const first = openingsOf({ rooms: 1, members: 1, publishers: 1, timedEvery: 1 })
  const [opening] = await running.credentials(first, 'server key')
  if (!opening) throw new Error('there is no way in')
  const crowd = { target: running.target, opening, members, publishers: 10, size: 64 }
  const run = (task: Pick<Task, 'pace' | 'seconds'>) =>
    runWsload(wsload.path, wsload.pin, { ...crowd, ...task })
  await run({ pace, seconds: WARM_SECONDS })
  const begun = running.process.usage()
  await run({ pace: null, seconds: 0 })
  const connecting = running.process.usedSince(begun)
  const before = running.process.usage()
  const report = await run({ pace, seconds: scale.seconds })
  // It connects anew for each run: what that costs the server is known from the idle one.
  const { cpuSeconds, kept } = running.process.usedSince(before)
  const used = cpuSeconds - connecting.cpuSeconds
  return {
    value: report.delivered_per_s,
    cpuMicros: (used / (report.expected - report.missing)) * 1e6,
    p50: report.p50_ms,
    p99: report.p99_ms,
    load: null,
    wasLimit: false,
    kept,
    missing: report.missing,
    closed: report.closed,
    notes: {},
  }
}
