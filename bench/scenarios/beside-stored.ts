// One big room without history, alone and while another room keeps all that it can on disk.
import { type Context, type Figure, gather, type Scenario, talk, talkOf } from './scenario.ts'

const WINDOW = 16
const TURN_MS = 25
/** A thousand in flight, as the budget for stored publishes has it. */
const STORED = { rooms: 1, members: 64, publishers: 64, timedEvery: 64 }

export const BESIDE_STORED: Scenario = {
  name: 'beside a stored room',
  unit: 'deliveries/s',
  more: true,
  subject: 'usher, beside it',
  rows: [
    { name: 'usher, beside it', contender: 'usher', measure: beside },
    {
      name: 'usher, alone',
      contender: 'usher',
      async measure(context) {
        await gatherBigRoom(context)
        return talk(context, { size: 64, pace: { window: WINDOW } })
      },
    },
  ],
}

async function gatherBigRoom(context: Context): Promise<number> {
  const members = Math.round(1_000 * context.scale.crowd)
  await gather(context, { rooms: 1, members, publishers: 10, timedEvery: 10, turnMs: TURN_MS })
  return members
}

/** Of what is delivered only the big room counts; what the other one kept is a note. */
async function beside(context: Context): Promise<Figure> {
  const members = await gatherBigRoom(context)
  await gather(context, { ...STORED, firstRoom: 1, isStored: true }, members)
  const { figure, verdict } = await talkOf(context, { size: 64, pace: { window: WINDOW } })
  const [big = 0, stored = 0] = [verdict.sentIn[0], verdict.sentIn[1]]
  const share = (big * members) / (big * members + stored * STORED.members)
  const seconds = context.scale.seconds + context.scale.warmSeconds
  const notes = { ...figure.notes, 'stored publishes/s': stored / seconds }
  return { ...figure, value: figure.value * share, notes }
}
