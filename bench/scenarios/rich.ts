// The rich protocol beside raw frames and the server that it comes from, from the very frames that
// its SDKs send. `JSON` and `Protobuf` are its two encodings.
import type { SpeechName } from '../load/speech.ts'
import { connectAll } from './connect-rate.ts'
import { type Kind, slope } from './idle-memory.ts'
import {
  type Context,
  type Crowd,
  type Figure,
  forEach,
  gather,
  type Row,
  type Scenario,
} from './scenario.ts'
import { BIG_ROOM, byLatency, DELIVERIES, LATENCY, scaled, TURN_MS, talk } from './talk.ts'

const SIZE = 64
/** What a push has besides its payload, in bytes: its room, its sender and its time. */
const AROUND = 117
const AROUND_PROTOBUF = 49
const FORMATS = new Map<string, SpeechName>([
  ['raw', 'raw'],
  ['SSE', 'event stream'],
  ['JSON', 'rich JSON'],
  ['Protobuf', 'rich Protobuf'],
])
const RICH = ['JSON', 'Protobuf']
const SUBJECT = { subject: 'usher, JSON', isNew: true }

type Measure = (context: Context, speech: SpeechName) => Promise<Figure>

/** A row of Usher for each of these formats, and the controls as they are. */
function rowsOf(formats: readonly string[], controls: readonly string[], measure: Measure): Row[] {
  const ours = formats.map((format): Row => {
    const speech = FORMATS.get(format) ?? 'raw'
    const row = { name: `usher, ${format}`, contender: 'usher' }
    return { ...row, measure: (context) => measure(context, speech) }
  })
  return [...ours, ...forEach(controls, (context) => measure(context, 'raw'))]
}

export const RICH_BIG_ROOM: Scenario = {
  ...{ name: 'rich big room', ...DELIVERIES, ...SUBJECT },
  rows: [
    ...rowsOf([...RICH, 'raw'], ['centrifugo'], (context, speech) =>
      bigRoom(context, speech, SIZE),
    ),
    ...[SIZE + AROUND_PROTOBUF, SIZE + AROUND].map((size): Row => {
      const row = { name: `usher, raw ${size} B`, contender: 'usher' }
      return { ...row, measure: (context) => bigRoom(context, 'raw', size) }
    }),
  ],
}

async function bigRoom(context: Context, speech: SpeechName, size: number): Promise<Figure> {
  await gather(context, scaled({ ...BIG_ROOM, turnMs: TURN_MS, speech }, context))
  return (await talk(context, { size, pace: { window: 16 } })).figure
}

export const RICH_FIXED_RATE: Scenario = {
  ...{ name: 'rich at 400 msg/s', ...LATENCY, ...SUBJECT },
  rows: rowsOf([...RICH, 'raw'], ['bun', 'centrifugo'], async (context, speech) => {
    await gather(context, scaled({ ...BIG_ROOM, speech }, context))
    return byLatency((await talk(context, { size: SIZE, pace: { perSecond: 400 } })).figure)
  }),
}

export const RICH_CONNECT: Scenario = {
  ...{ name: 'rich connect', unit: 'connections/s', more: true, ...SUBJECT },
  rows: [
    ...rowsOf([...RICH, 'raw'], ['@fastify/websocket', 'centrifugo'], (context, speech) =>
      connectAll(context, 'ticket for its rooms', speech),
    ),
    {
      ...{ name: 'usher, JSON and own room', contender: 'usher' },
      measure: (context) => connectAll(context, 'ticket', 'rich JSON'),
    },
  ],
}

const NARROW = { credential: 'ticket for its rooms' } as const
const IDLE_KINDS: Readonly<Record<string, Kind>> = {
  JSON: { ...NARROW, speech: 'rich JSON' },
  Protobuf: { ...NARROW, speech: 'rich Protobuf' },
  raw: { ...NARROW },
  'JSON in ten': { ...NARROW, speech: 'rich JSON', rooms: 10, roomsEach: 10 },
  'JSON and own room': { speech: 'rich JSON' },
}

/** A ticket that does not name its rooms joins the user's own room, too: that is the last kind. */
export const RICH_IDLE: Scenario = {
  ...{ name: 'rich idle', unit: 'KB of RSS', more: false, ...SUBJECT },
  rows: [
    ...Object.entries(IDLE_KINDS).map(([name, kind]): Row => {
      const row = { name: `usher, ${name}`, contender: 'usher' }
      return { ...row, measure: (context) => slope(context, kind) }
    }),
    ...forEach(['centrifugo'], (context) => slope(context)),
  ],
}

/** Members that talk in one room, each by a format of its own. */
const ALONE = [...FORMATS.keys()]
const QUARTER = 4

/** What each format costs alone, and what its members see when all four are in the room. */
export const ALL_FORMATS: Scenario = {
  ...{ name: 'all formats in one room', ...LATENCY, isNew: true, subject: 'usher, JSON of all' },
  rows: [
    ...ALONE.map((format) => formatsRow(`${format} alone`, format, [format])),
    ...ALONE.map((format) => formatsRow(`${format} of all`, format, ALONE)),
  ],
}

function formatsRow(name: string, timed: string, formats: readonly string[]): Row {
  return {
    ...{ name: `usher, ${name}`, contender: 'usher' },
    async measure(context) {
      const all = scaled({ ...BIG_ROOM, publishers: 0 }, context).members
      const share = formats.length === 1 ? 1 : 1 / QUARTER
      for (const [place, format] of formats.entries()) {
        const members = Math.round(all * share)
        const timedEvery = format === timed ? Math.round(10 * share) : members + 1
        const speech = FORMATS.get(format) ?? 'raw'
        const crowd = { ...BIG_ROOM, publishers: 0, members, timedEvery, speech }
        await gather(context, crowd, place * members)
      }
      await gather(context, { ...BIG_ROOM, members: 10, publishers: 10, timedEvery: 11 }, all)
      return byLatency((await talk(context, { size: SIZE, pace: { perSecond: 400 } })).figure)
    },
  }
}

const ROOMS = 100
const ROOMS_EACH = 10
const BYTES_EACH = 100
/** Two load processes take turns, and one of them has no publisher: half of these are made. */
const TURNS_PER_SECOND = 60

/** CPU time per connection and turn, where each room has one message per turn. */
export const RICH_ROOMS: Scenario = {
  ...{ name: 'rich rooms per turn', unit: 'CPU µs', more: false, isNew: true },
  subject: 'usher, ten rooms',
  rows: [
    { name: 'usher, ten rooms', contender: 'usher', measure: (context) => inRooms(context, true) },
    { name: 'usher, one room', contender: 'usher', measure: (context) => inRooms(context, false) },
  ],
}

async function inRooms(context: Context, isTen: boolean): Promise<Figure> {
  const rooms = isTen ? ROOMS : 1
  const roomsEach = isTen ? ROOMS_EACH : 1
  const connections = Math.round(1_000 * context.scale.crowd)
  const crowd: Crowd = {
    ...{ rooms, roomsEach, members: (connections * roomsEach) / rooms, publishers: 0 },
    ...{ timedEvery: 10, speech: 'rich JSON' },
  }
  await gather(context, crowd)
  const speaker = { members: 1, roomsEach: rooms, publishers: 1, timedEvery: 2 }
  await gather(context, { ...crowd, ...speaker }, connections)
  const size = isTen ? BYTES_EACH : ROOMS_EACH * (BYTES_EACH + AROUND) - AROUND
  const { figure, verdict } = await talk(context, { size, pace: { perSecond: TURNS_PER_SECOND } })
  const turns = verdict.sentIn[0] ?? 0
  const cpuMicros = ((figure.cpuMicros ?? 0) * verdict.delivered) / turns / connections
  return { ...figure, value: cpuMicros, notes: { turns, ...figure.notes } }
}
