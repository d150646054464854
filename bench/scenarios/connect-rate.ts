// Connections per second, from the first SYN to a member in a room, by each way of saying who.
// The tickets are there before; what is measured redeems them.
import { LIMIT_SHARE } from '../load/busy.ts'
import type { Credential } from '../servers/contender.ts'
import { type Context, type Figure, openingsOf, type Row, type Scenario } from './scenario.ts'

const PEOPLE = 6_000
/** Made before, unmeasured, so that the code is warm. */
const FIRST = 1_000

export const CONNECT_RATE: Scenario = {
  name: 'connect',
  unit: 'connections/s',
  more: true,
  subject: 'usher, ticket',
  rows: [
    ...(['ticket', 'cookie', 'server key', 'nobody'] as const).map(usherBy),
    ...['bun', '@fastify/websocket', 'ws', 'socket.io'].map((name) => row(name, name, 'nobody')),
  ],
}

function usherBy(credential: Credential): Row {
  return row(`usher, ${credential}`, 'usher', credential)
}

function row(name: string, contender: string, credential: Credential): Row {
  return { name, contender, measure: (context) => connectAll(context, credential) }
}

async function connectAll(context: Context, credential: Credential): Promise<Figure> {
  const { running, load, scale } = context
  const crowd = { rooms: 100, publishers: 0, timedEvery: 1 }
  const members = Math.ceil((PEOPLE * scale.crowd) / crowd.rooms)
  const all = openingsOf({ ...crowd, members: members + FIRST / crowd.rooms })
  const openings = await running.credentials(all, credential)
  await load.connect(running.target, openings.slice(0, FIRST))
  const before = running.process.usage()
  const busy = await load.busy()
  const perSecond = await load.connect(running.target, openings.slice(FIRST))
  const count = openings.length - FIRST
  const { cpuSeconds, kept } = running.process.usedSince(before)
  const share = await load.busiestSince(busy)
  const { closed } = await load.verdict(0)
  return {
    value: perSecond,
    cpuMicros: (cpuSeconds / count) * 1e6,
    p50: null,
    p99: null,
    load: share,
    wasLimit: share >= LIMIT_SHARE,
    kept,
    missing: 0,
    closed,
    notes: {},
  }
}
