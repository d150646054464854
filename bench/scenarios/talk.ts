// Crowds that talk: the scenarios that differ by sizes and pace alone.
import type { Talk } from '../load/orders.ts'
import type { Verdict } from '../load/verdict.ts'
import {
  type Context,
  type Crowd,
  costOf,
  type Figure,
  forEach,
  gather,
  measuredFigure,
  type Row,
  type Scenario,
} from './scenario.ts'

const ALL = ['usher', 'C floor', 'bun', '@fastify/websocket', 'ws', 'socket.io']
/** The servers that can carry 400,000 deliveries a second. */
const FAST = ['usher', 'C floor', 'bun']
export const BIG_ROOM: Crowd = { rooms: 1, members: 1_000, publishers: 10, timedEvery: 10 }
/** At ten million deliveries a second a member has some 15 KB waiting by then. */
export const TURN_MS = 25
const HUGE_ROOM = { rooms: 1, members: 10_000, publishers: 40, timedEvery: 20, turnMs: 1_000 }
const SETTLE_MS = 30_000

export const DELIVERIES = { unit: 'deliveries/s', more: true, subject: 'usher' }
export const LATENCY = { unit: 'p99 ms', more: false, subject: 'usher' }

/** One room, closed loop: how fast a server fans out when it always has something to do. */
export const ONE_BIG_ROOM: Scenario = {
  ...{ name: 'one big room', ...DELIVERIES },
  rows: rows(ALL, { ...BIG_ROOM, turnMs: TURN_MS }, { window: 16 }),
}

/** One room at a fixed rate: how long after it was due a message is there. */
export const FIXED_RATE: Scenario = {
  ...{ name: 'fixed rate, 400 msg/s', ...LATENCY },
  rows: rows(FAST, BIG_ROOM, { perSecond: 400 }),
}

export const LOW_RATE: Scenario = {
  ...{ name: 'fixed rate, 40 msg/s', ...LATENCY },
  rows: rows(ALL, BIG_ROOM, { perSecond: 40 }),
}

/** A thousand rooms of ten, one publisher in each, closed loop: no room fills a big buffer. */
export const MANY_ROOMS: Scenario = {
  ...{ name: 'rooms of ten', ...DELIVERIES },
  rows: rows(ALL, { rooms: 1_000, members: 10, publishers: 1, timedEvery: 10 }, { window: 4 }),
}

/** A hundred messages a second in all: kept on disk before they are delivered, and not. */
export const MANY_PUBLISHERS: Scenario = {
  ...{ name: '40 publishers, 10,000 members', ...LATENCY, subject: 'usher, stored' },
  rows: [
    ...stored(rows(['usher'], { ...HUGE_ROOM, isStored: true }, { perSecond: 100 })),
    ...rows(FAST, HUGE_ROOM, { perSecond: 100 }),
  ],
}

/** As fast as it goes, a thousand in flight: each publish comes back to all ten. */
const TEN: Crowd = { rooms: 1, members: 10, publishers: 10, timedEvery: 1 }

export const STORED_PUBLISH: Scenario = {
  ...{ name: 'publish over WebSockets', unit: 'publishes/s', more: true },
  subject: 'usher, stored',
  rows: [
    { name: 'usher, stored', contender: 'usher', measure: (context) => publish(context, true) },
    { name: 'usher', contender: 'usher', measure: (context) => publish(context, false) },
  ],
}

const BESIDE: Crowd = {
  ...{ rooms: 1, members: 64, publishers: 64, timedEvery: 64 },
  ...{ firstRoom: 1, isStored: true },
}

/** One big room without history, alone and while another room keeps all that it can on disk. */
export const BESIDE_STORED: Scenario = {
  ...{ name: 'beside a stored room', ...DELIVERIES, subject: 'usher, beside it' },
  rows: [
    { name: 'usher, beside it', contender: 'usher', measure: beside },
    { ...(ONE_BIG_ROOM.rows[0] as Row), name: 'usher, alone' },
  ],
}

function rows(contenders: readonly string[], crowd: Crowd, pace: Talk['pace']): Row[] {
  return forEach(contenders, async (context) => {
    await gather(context, scaled(crowd, context))
    const { figure } = await talk(context, { size: 64, pace })
    return 'perSecond' in pace ? byLatency(figure) : figure
  })
}

function stored(all: readonly Row[]): Row[] {
  return all.map((row) => ({ ...row, name: `${row.name}, stored` }))
}

/** Multiplies the larger number: the rooms, or the members of the one room. */
export function scaled(crowd: Crowd, { scale }: Pick<Context, 'scale'>): Crowd {
  if (crowd.rooms > 1) return { ...crowd, rooms: Math.round(crowd.rooms * scale.crowd) }
  return { ...crowd, members: Math.round(crowd.members * scale.crowd) }
}

/** Of what is delivered only the big room counts; what the other one kept is a note. */
async function beside(context: Context): Promise<Figure> {
  const big = scaled({ ...BIG_ROOM, turnMs: TURN_MS }, context)
  await gather(context, big)
  await gather(context, BESIDE, big.members)
  const { figure, verdict } = await talk(context, { size: 64, pace: { window: 16 } })
  const [inBig = 0, inStored = 0] = [verdict.sentIn[0], verdict.sentIn[1]]
  const deliveries = inBig * big.members
  const share = deliveries / (deliveries + inStored * BESIDE.members)
  const seconds = context.scale.seconds + context.scale.warmSeconds
  const notes = { ...figure.notes, 'stored publishes/s': inStored / seconds }
  return { ...figure, value: figure.value * share, notes }
}

async function publish(context: Context, isStored: boolean): Promise<Figure> {
  await gather(context, { ...TEN, isStored })
  const { figure } = await talk(context, { size: 200, pace: { window: 100 } })
  const cpuMicros = figure.cpuMicros === null ? null : figure.cpuMicros * TEN.members
  return { ...figure, value: figure.value / TEN.members, cpuMicros }
}

/** Lets a gathered crowd talk, and checks that each member got everything. */
export async function talk(
  context: Context,
  speaking: Pick<Talk, 'size' | 'pace'>,
): Promise<{ figure: Figure; verdict: Verdict }> {
  const { running, load, scale } = context
  const { seconds, warmSeconds } = scale
  const before = running.process.usage()
  const measured = await load.talk({ ...speaking, seconds, warmSeconds })
  const verdict = await load.verdict(SETTLE_MS)
  const figure = {
    ...measuredFigure(measured),
    ...costOf(context, before, verdict.delivered),
    missing: verdict.missing,
    closed: verdict.closed,
    notes: {
      'too many': verdict.surplus,
      'slow readers cut': verdict.slowClosed,
      'sent late by ms (p99)': measured.lateMs,
      'bytes each': measured.bytesEach,
    },
  }
  return { figure, verdict }
}

/** The value of a latency row is its p99; what was delivered is a note. */
export function byLatency(figure: Figure): Figure {
  const notes = { 'deliveries/s': figure.value, ...figure.notes }
  return { ...figure, value: figure.p99 ?? Number.NaN, notes }
}
