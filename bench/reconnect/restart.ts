// The server ends and starts again while all are there: how long until everybody is back, and with
// everything that was said meanwhile.
import { busyShare, busySoFar } from '../load/busy.ts'
import { type Backoff, Crowd, quantile } from './crowd.ts'
import { wrongsOf } from './cuts.ts'
import { Publisher } from './publisher.ts'
import type { Report } from './report.ts'
import { type Admission, Place } from './server.ts'

const PER_SECOND = 1
const BEFORE_MS = 2_000
const ALL_BACK_MS = 120_000

export type Ending = 'orderly' | 'kill -9'

export interface Restart {
  size: number
  ending: Ending
  admission: Admission
}

/** At once, but for who was refused: a second's spread keeps the load side from being measured. */
const AT_ONCE: Backoff = (attempts) => Math.random() * (attempts <= 1 ? 100 : 1_000)
/** As the Centrifugal SDKs do it: doubling from half a second to twenty, all of it by chance. */
const LIKE_SDKS: Backoff = (attempts) =>
  Math.min(20_000, 500 + Math.random() * Math.min(20_000, 500 * 2 ** attempts))

export async function restart(
  { size, ending, admission }: Restart,
  pin: readonly string[],
): Promise<Report> {
  const place = await Place.make(admission, pin)
  try {
    await place.start()
    const publisher = new Publisher(place.port, place.authorization)
    const crowd = new Crowd(size, place.port, publisher)
    crowd.backoff = admission === 'raised' ? AT_ONCE : LIKE_SDKS
    await publisher.begin()
    await crowd.gather()
    const talking = publisher.keepRate(PER_SECOND)
    await sleep(BEFORE_MS)
    const load = busySoFar()
    const times = await endAndStart(place, crowd, ending)
    const allBack = await untilAllBack(crowd)
    const seconds = (crowd.backAt - (crowd.acceptedAt ?? Number.NaN)) / 1_000
    const loadBusy = busyShare(load, busySoFar())
    await publisher.stop()
    await talking
    const settled = (await crowd.settle(ALL_BACK_MS)) && allBack
    crowd.leave()
    return {
      name: `restart, ${ending}, ${size.toLocaleString('en')}, admission ${admission}`,
      facts: {
        'all back s after the first accept': seconds,
        'down s': ((crowd.acceptedAt ?? Number.NaN) - times.goneAt) / 1_000,
        'way back p99 ms': quantile(crowd.waysBack, 0.99),
        'turned away 503': crowd.turnedAway.get(503) ?? 0,
        'turned away 429': crowd.turnedAway.get(429) ?? 0,
        'load busy': loadBusy,
        messages: publisher.acknowledged,
      },
      wrongs: wrongsOf(crowd, publisher, settled),
    }
  } finally {
    await place.remove()
  }
}

async function endAndStart(
  place: Place,
  crowd: Crowd,
  ending: Ending,
): Promise<{ goneAt: number }> {
  if (ending === 'orderly') await place.stop()
  else await place.kill()
  const goneAt = performance.now()
  crowd.acceptedAt = null
  crowd.waysBack = []
  await place.start()
  return { goneAt }
}

async function untilAllBack(crowd: Crowd): Promise<boolean> {
  const end = performance.now() + ALL_BACK_MS
  while (crowd.back < crowd.size && performance.now() < end) await sleep(20)
  return crowd.back === crowd.size
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
