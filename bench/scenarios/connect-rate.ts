// Connections per second, from the first SYN to a member in a room, by each kind of credential. The
// tickets are issued before the measured time, and redeemed in it.
import { LIMIT_SHARE } from '../load/busy.ts'
import type { Credential } from '../load/orders.ts'
import type { SpeechName } from '../load/speech.ts'
import {
  type Context,
  costOf,
  type Figure,
  figureOf,
  openingsOf,
  type Row,
  type Scenario,
} from './scenario.ts'

const MEASURED = 6_000
/** Connections made before the measured time, so that the code is warm. */
const FIRST = 1_000
const ROOMS = 100

export const CONNECT_RATE: Scenario = {
  name: 'connect',
  unit: 'connections/s',
  more: true,
  subject: 'usher, ticket',
  rows: [
    ...(['ticket', 'cookie', 'server key', 'none'] as const).map((credential) =>
      row(`usher, ${credential}`, 'usher', credential),
    ),
    ...['bun', '@fastify/websocket', 'ws', 'socket.io'].map((name) => row(name, name, 'none')),
  ],
}

function row(name: string, contender: string, credential: Credential): Row {
  return { name, contender, measure: (context) => connectAll(context, credential) }
}

/** A connection that is ready when it has joined its room. */
export async function connectAll(
  context: Context,
  credential: Credential,
  speech: SpeechName = 'raw',
): Promise<Figure> {
  const { running, load, scale } = context
  const members = Math.ceil((MEASURED * scale.crowd + FIRST) / ROOMS)
  const all = openingsOf({ rooms: ROOMS, publishers: 0, timedEvery: 1, members, speech })
  const openings = await running.credentials(all, credential)
  await load.connect(running.target, openings.slice(0, FIRST))
  const before = running.process.usage()
  const busy = await load.busy()
  const perSecond = await load.connect(running.target, openings.slice(FIRST))
  const cost = costOf(context, before, openings.length - FIRST)
  const share = await load.busiestSince(busy)
  const { closed } = await load.verdict(0)
  return figureOf(perSecond, { ...cost, load: share, wasLimit: share >= LIMIT_SHARE, closed })
}
