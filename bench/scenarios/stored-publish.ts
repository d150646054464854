// Publishing over WebSockets into a room that keeps everything on disk before it answers, as fast
// as it goes, beside the same room without history.
import { type Context, type Figure, gather, type Scenario, talk } from './scenario.ts'

const PUBLISHERS = 10
/** Of each: a thousand in flight in all. */
const WINDOW = 100

export const STORED_PUBLISH: Scenario = {
  name: 'publish over WebSockets',
  unit: 'publishes/s',
  more: true,
  subject: 'usher, stored',
  rows: [
    { name: 'usher, stored', contender: 'usher', measure: (context) => publish(context, true) },
    { name: 'usher', contender: 'usher', measure: (context) => publish(context, false) },
  ],
}

/** Everybody hears everybody, so each publish comes back to all of them. */
async function publish(context: Context, isStored: boolean): Promise<Figure> {
  const members = PUBLISHERS
  await gather(context, { rooms: 1, members, publishers: members, timedEvery: 1, isStored })
  const figure = await talk(context, { size: 200, pace: { window: WINDOW } })
  const { value, cpuMicros } = figure
  return {
    ...figure,
    value: value / members,
    cpuMicros: cpuMicros === null ? null : cpuMicros * members,
  }
}
