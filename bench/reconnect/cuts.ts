// Each is cut every fifteen seconds and two seconds away, while a room goes on talking.
import { busyShare, busySoFar } from '../load/busy.ts'
import { Crowd, quantile } from './crowd.ts'
import { Publisher } from './publisher.ts'
import type { Report } from './report.ts'
import { Place } from './server.ts'

const CUT_EVERY_SECONDS = 15
const AWAY_MS = { least: 1_500, most: 2_500 }
const PER_SECOND = 8
const SETTLE_MS = 60_000

export async function cuts(size: number, seconds: number, pin: readonly string[]): Promise<Report> {
  const place = await Place.make('raised', pin)
  try {
    await place.start()
    const publisher = new Publisher(place.port, place.authorization)
    const crowd = new Crowd(size, place.port, publisher)
    crowd.backoff = () => AWAY_MS.least + Math.random() * (AWAY_MS.most - AWAY_MS.least)
    await publisher.begin()
    await crowd.gather()
    const talking = publisher.keepRate(PER_SECOND)
    const before = { cpu: place.cpuSeconds(), at: performance.now() }
    const load = busySoFar()
    await crowd.cut(CUT_EVERY_SECONDS, seconds)
    const busy = (place.cpuSeconds() - before.cpu) / ((performance.now() - before.at) / 1_000)
    const loadBusy = busyShare(load, busySoFar())
    await publisher.stop()
    await talking
    const settled = await crowd.settle(SETTLE_MS)
    crowd.leave()
    return {
      name: `${size.toLocaleString('en')} cut every ${CUT_EVERY_SECONDS} s, 2 s away`,
      facts: {
        'ways back': crowd.waysBack.length,
        'replay p50 ms': quantile(crowd.waysBack, 0.5),
        'replay p99 ms': quantile(crowd.waysBack, 0.99),
        messages: publisher.acknowledged,
        'server busy': busy,
        'load busy': loadBusy,
      },
      wrongs: wrongsOf(crowd, publisher, settled),
    }
  } finally {
    await place.remove()
  }
}

/** What must not be, whatever happened. */
export function wrongsOf(crowd: Crowd, publisher: Publisher, settled: boolean): string[] {
  const wrongs = [...crowd.wrongs]
  if (!settled) wrongs.push(`only ${crowd.back} of ${crowd.size} have everything`)
  if (publisher.acknowledged !== publisher.newest) {
    wrongs.push(`${publisher.acknowledged} acknowledged, ${publisher.newest} in the room`)
  }
  return wrongs
}
