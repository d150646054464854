// A crowd that joins, talks and leaves at random for minutes, and whether memory stays where it is:
// node --expose-gc test/soak/crowd.ts [minutes] [people]
import { buildApp } from '../../src/app.ts'
import { testConfig } from '../support/app.ts'
import { type Client, connect } from '../support/client.ts'
import { leftIn } from '../support/nothing-left.ts'
import { asServer } from '../support/people.ts'
import { limited, UNLIMITED } from '../support/settings.ts'
import { until } from '../support/until.ts'

const [minutes = 10, people = 1_000] = process.argv.slice(2).map(Number)
const HEAP_GROWTH_MAX = 8 * 1024 * 1024
const ROOMS = 20
/** How many of them do something in one step of a tenth of a second. */
const STEP_MS = 100
const BUSY = Math.ceil(people / 50)

const app = await buildApp(testConfig({ ...limited(UNLIMITED), logLevel: 'warn' }))
const url = await app.listen({ host: '127.0.0.1', port: 0 })
const present: (Client | null)[] = Array.from({ length: people }, () => null)
let said = 0
let joins = 0

async function join(index: number): Promise<void> {
  const room = `live:${Math.floor(Math.random() * ROOMS)}`
  joins += 1
  const client = await connect(`${url}/rooms/${room}`, { headers: asServer })
  client.ws.removeAllListeners('message')
  // Two steps may have sent the same person in.
  if (present[index]) client.ws.terminate()
  else present[index] = client
}

async function act(): Promise<void> {
  const index = Math.floor(Math.random() * people)
  const client = present[index]
  if (!client) return join(index)
  if (Math.random() < 0.8) {
    said += 1
    client.send(`${said} ${'x'.repeat(Math.floor(Math.random() * 400))}`)
    return
  }
  present[index] = null
  if (Math.random() < 0.5) await client.close()
  else client.ws.terminate()
}

async function live(ms: number): Promise<void> {
  const end = performance.now() + ms
  while (performance.now() < end) {
    const busy = Promise.all(Array.from({ length: BUSY }, act))
    await Promise.all([busy, new Promise((resolve) => setTimeout(resolve, STEP_MS))])
  }
}

async function memory() {
  for (let i = 0; i < 4; i += 1) {
    globalThis.gc?.()
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  const { heapUsed, rss } = process.memoryUsage()
  return { heapUsed, rss }
}

await live(30_000)
const before = await memory()
const connections = app.connections.size
await live(minutes * 60_000)
const after = await memory()
const grown = after.heapUsed - before.heapUsed
const per = (bytes: number): string => `${(bytes / 1_048_576).toFixed(1)} MB`
console.log(`${minutes} minutes, ${people} people, ${joins} joins, ${said} messages`)
console.log(`connections ${connections} before, ${app.connections.size} after`)
console.log(`heap ${per(before.heapUsed)} before, ${per(after.heapUsed)} after: ${per(grown)}`)
console.log(`rss ${per(before.rss)} before, ${per(after.rss)} after (clients are in this process)`)
for (const client of present) client?.ws.terminate()
await until(() => app.connections.size === 0)
console.log('left behind:', JSON.stringify(leftIn(app)))
await app.close()
process.exitCode = grown > HEAP_GROWTH_MAX ? 1 : 0
