// One run: so many publishes in flight for so many seconds, and what they took. Prints JSON.
// node bench/stored/publisher.ts <folder> <in flight> <seconds> <rooms> <share with keys>
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { openEngine } from '../../src/engine/open-engine.ts'
import { systemClock } from '../../src/time/system-clock.ts'

const [folder = '', inFlight = 1, seconds = 1, rooms = 1, keyed = 0] = process.argv
  .slice(2)
  .map((text, index) => (index === 0 ? text : Number(text))) as [string, ...number[]]

const RETENTION = { messages: 10_000, ageMs: null }
const HOLDER = { user: 'u_1', address: null, server: null }
const PAYLOAD = Buffer.alloc(200, 'x')
/** Time for the code to become warm; not counted. */
const WARM_MS = 1_000

const engine = await openEngine({ kind: 'sqlite', folder, lockWaitMs: 0 }, systemClock)
const delay = monitorEventLoopDelay({ resolution: 1 })
let number = 0
let done = 0
let stopped = false

async function publishUntilStopped(): Promise<void> {
  while (!stopped) {
    number += 1
    const key = number % 100 < keyed * 100 ? { sender: 'u_1', value: `k${number}` } : null
    const sender = { user: 'u_1', name: 'Ada', origin: null }
    const draft = { kind: 'text', payload: PAYLOAD, ...sender } as const
    const options = { retention: RETENTION, key, holder: HOLDER }
    await engine.log.append(`chat:${number % rooms}`, draft, options)
    done += 1
  }
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const all = Promise.all(Array.from({ length: inFlight }, publishUntilStopped))
await sleep(WARM_MS)
delay.enable()
const before = { done, cpu: process.cpuUsage(), at: performance.now() }
await sleep(seconds * 1_000)
const tookSeconds = (performance.now() - before.at) / 1_000
const cpu = process.cpuUsage(before.cpu)
const kept = done - before.done
delay.disable()
stopped = true
await all
await engine.close()

console.log(
  JSON.stringify({
    perSecond: kept / tookSeconds,
    cpuMicros: (cpu.user + cpu.system) / kept,
    delayP99: delay.percentile(99) / 1e6,
  }),
)
