// One run of stored publishes through Redis: at the engine's port, or by a bare script that does
// the same on one connection of the client library. Prints JSON.
// node bench/nodes/append.ts <engine|bare> <port> <in flight> <seconds> <share with keys>

import { createClient } from '@redis/client'
import { openEngine } from '../../src/engine/open-engine.ts'
import { systemClock } from '../../src/time/system-clock.ts'

const [what, port, inFlight, seconds, keyed] = process.argv.slice(2)
const RETENTION = { messages: 10_000, ageMs: null }
const HOLDER = { user: null, address: null, server: 'bench' }
const PAYLOAD = Buffer.alloc(200, 'x')
const ROOMS = 100
const DAY_MS = String(24 * 3_600_000)
/** Time for the code to become warm; not counted. */
const WARM_MS = 1_000

type Publish = (number: number, key: string | null) => unknown

async function engine(): Promise<Publish> {
  const url = `redis://127.0.0.1:${port}`
  const { log } = await openEngine({ kind: 'redis', url, prefix: 'b:' }, systemClock)
  return (number, value) => {
    const sender = { user: 'u_1', name: 'Ada', origin: null }
    const draft = { kind: 'text', payload: PAYLOAD, ...sender } as const
    const key = value === null ? null : { sender: 'u_1', value }
    return log.append(`chat:${number % ROOMS}`, draft, {
      ...{ retention: RETENTION, key, holder: HOLDER },
    })
  }
}

/** The next offset, the message at that, its news to all nodes, and the key's first answer. */
const TEXT = `
if KEYS[4] then
  local first = redis.call('GET', KEYS[4])
  if first then return first end
end
local time = redis.call('TIME')
local offset = redis.call('HINCRBY', KEYS[1], 'offset', 1)
local first = math.max(1, offset - 9999)
redis.call('XADD', KEYS[2], 'MINID', '~', first, offset .. '-0', 't', time[1], 'e', ARGV[1])
redis.call('SPUBLISH', KEYS[3], offset .. ' ' .. time[1] .. '\\n' .. ARGV[1])
if KEYS[4] then redis.call('SET', KEYS[4], offset, 'PX', ARGV[2]) end
return { offset, time[1] }`

async function bare(): Promise<Publish> {
  const client = createClient({ RESP: 2, socket: { host: '127.0.0.1', port: Number(port) } })
  await client.connect()
  const sha = await client.scriptLoad(TEXT)
  return (number, key) => {
    const room = `b:{r:chat:${number % ROOMS}}`
    const keys = [`${room}:m`, `${room}:s`, `${room}:c`]
    if (key !== null) keys.push(`${room}:k:${key}`)
    return client.evalSha(sha, { keys, arguments: [PAYLOAD, DAY_MS] })
  }
}

const publish = what === 'bare' ? await bare() : await engine()
let number = 0
let done = 0
let stopped = false

async function publishUntilStopped(): Promise<void> {
  while (!stopped) {
    number += 1
    await publish(number, number % 100 < Number(keyed) * 100 ? `k${number}` : null)
    done += 1
  }
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const all = Promise.all(Array.from({ length: Number(inFlight) }, publishUntilStopped))
await sleep(WARM_MS)
const before = { done, cpu: process.cpuUsage(), at: performance.now() }
await sleep(Number(seconds) * 1_000)
const tookSeconds = (performance.now() - before.at) / 1_000
const cpu = process.cpuUsage(before.cpu)
const kept = done - before.done
stopped = true
await all
const cpuMicros = (cpu.user + cpu.system) / kept
console.log(JSON.stringify({ perSecond: kept / tookSeconds, cpuMicros, all: done }))
process.exit()
