// The memory of an idle connection in a room: the slope between two crowds, so that the memory of
// the process itself does not count.
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Context,
  type Crowd,
  type Figure,
  figureOf,
  forEach,
  gather,
  type Scenario,
} from './scenario.ts'

const FEW = 4_000
const MANY = 12_000
/** Tickets live half a minute: so many are fetched at a time. */
const AT_ONCE = 2_000
const REST_MS = 1_000
const KILOBYTE = 1_024

export const IDLE_MEMORY: Scenario = {
  name: 'idle connection',
  unit: 'KB of RSS',
  more: false,
  subject: 'usher',
  rows: forEach(['usher', 'bun', '@fastify/websocket', 'ws', 'socket.io'], (context) =>
    slope(context),
  ),
}

/** What those of a crowd are like; their number does not count. */
export type Kind = Partial<Omit<Crowd, 'members'>>

export async function slope(context: Context, kind: Kind = {}): Promise<Figure> {
  const { load, scale } = context
  const few = await memoryWith(context, kind, [0, Math.round(FEW * scale.crowd)])
  const many = await memoryWith(context, kind, [few.count, Math.round(MANY * scale.crowd)])
  const bytes = (many.count - few.count) * KILOBYTE
  const { closed } = await load.verdict(0)
  const notes = { 'KB of heap': ((many.heapUsed ?? 0) - (few.heapUsed ?? 0)) / bytes }
  return figureOf((many.rss - few.rss) / bytes, { closed, notes })
}

async function memoryWith(context: Context, kind: Kind, [from, to]: [number, number]) {
  for (let at = from; at < to; at += AT_ONCE) {
    const members = Math.min(AT_ONCE, to - at)
    await gather(context, { rooms: 1, publishers: 0, timedEvery: 1, ...kind, members }, at)
  }
  await sleep(REST_MS)
  return { count: to, ...(await context.running.process.memory()) }
}
