// Connects, talks and disconnects so many times, in every way there is, and then counts what is
// left: node --expose-gc test/soak/cycles.ts [cycles] [at once]
import type { FastifyInstance } from 'fastify'
import { buildApp } from '../../src/app.ts'
import { testConfig } from '../support/app.ts'
import { connect, upgradeRequest } from '../support/client.ts'
import { leftIn } from '../support/nothing-left.ts'
import { asServer } from '../support/people.ts'
import { rawConnect, rawRequest, reset } from '../support/raw-client.ts'
import { limited, UNLIMITED } from '../support/settings.ts'
import { closed, until } from '../support/until.ts'

const HEAP_GROWTH_MAX = 2 * 1024 * 1024
const WARM_UP = 1_000

interface Place {
  url: string
  app: FastifyInstance
}

/** Each cycle has a user and a room that are partly its own, so that nothing is there by habit. */
interface Cycle extends Place {
  number: number
  room: string
}

async function ticketFor({ app, number }: Cycle): Promise<string> {
  const payload = { user: `u_${number}` }
  const answer = await app.inject({ method: 'POST', url: '/tickets', headers: asServer, payload })
  return answer.json().ticket
}

/** Says something and hears it, then closes as one should. */
async function talk(cycle: Cycle, query = '', headers: Record<string, string> = {}): Promise<void> {
  const client = await connect(`${cycle.url}${cycle.room}${query}`, { headers })
  client.send(`cycle ${cycle.number}`)
  while ((await client.text()) !== `cycle ${cycle.number}`);
  await client.close()
}

async function byFirstMessage(cycle: Cycle): Promise<void> {
  const client = await connect(`${cycle.url}${cycle.room}?auth=message`)
  client.send(JSON.stringify({ ticket: await ticketFor(cycle) }))
  client.send(`cycle ${cycle.number}`)
  while ((await client.text()) !== `cycle ${cycle.number}`);
  client.ws.terminate()
  await client.closed
}

const WAYS: ((cycle: Cycle) => Promise<void>)[] = [
  (cycle) => talk(cycle, '', asServer),
  async (cycle) => talk(cycle, `?ticket=${await ticketFor(cycle)}`),
  (cycle) => talk(cycle, '?echo=true', asServer),
  byFirstMessage,
  // Refused, reset in the middle of the handshake, reset while a member, cut for a bad frame.
  async ({ url, room }) => {
    const client = await rawRequest(url, upgradeRequest(room))
    await client.status()
    client.socket.destroy()
  },
  async ({ url, room }) => reset(await rawRequest(url, upgradeRequest(room, asServer))),
  async ({ url, room }) => reset(await rawConnect(url, room, asServer)),
  async ({ url, room }) => {
    const client = await rawConnect(url, room, asServer)
    const ended = closed(client.socket)
    client.send({ opcode: 3 })
    await ended
  },
]

async function run(place: Place, count: number, atOnce: number): Promise<void> {
  let next = 0
  const one = async (): Promise<void> => {
    while (next < count) {
      const number = next
      next += 1
      const room = `/rooms/chat:${number % 97}`
      await WAYS[number % WAYS.length]?.({ ...place, number, room })
    }
  }
  await Promise.all(Array.from({ length: atOnce }, one))
}

interface Figures {
  heapBytes: number
  resources: Record<string, number>
  left: ReturnType<typeof leftIn>
}

/** What the process holds when everything has come to rest. */
async function figures(app: FastifyInstance): Promise<Figures> {
  await until(() => Object.values(leftIn(app)).every((count) => count === 0))
  for (let i = 0; i < 5; i += 1) {
    globalThis.gc?.()
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const resources: Record<string, number> = {}
  for (const name of process.getActiveResourcesInfo()) {
    resources[name] = (resources[name] ?? 0) + 1
  }
  return { heapBytes: process.memoryUsage().heapUsed, resources, left: leftIn(app) }
}

/** What is there more than before. */
function wrongs(before: Figures, after: Figures): string[] {
  const grown = after.heapBytes - before.heapBytes
  const found = grown > HEAP_GROWTH_MAX ? [`the heap grew by ${grown} bytes`] : []
  for (const [name, count] of Object.entries(after.resources)) {
    const more = count - (before.resources[name] ?? 0)
    if (more > 0) found.push(`${more} more ${name}`)
  }
  return found
}

async function main(count: number, atOnce: number): Promise<void> {
  if (!globalThis.gc) throw new Error('run it with node --expose-gc')
  const config = testConfig(limited(UNLIMITED))
  const app = await buildApp(config, { logger: { level: 'silent' } })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  await run({ url, app }, WARM_UP, atOnce)
  const before = await figures(app)
  const start = performance.now()
  await run({ url, app }, count, atOnce)
  const seconds = (performance.now() - start) / 1_000
  const after = await figures(app)
  const grownKilobytes = Math.round((after.heapBytes - before.heapBytes) / 1_024)
  console.log(JSON.stringify({ count, atOnce, seconds, grownKilobytes, before, after }, null, 2))
  const found = wrongs(before, after)
  for (const wrong of found) console.error(wrong)
  if (found.length > 0) process.exitCode = 1
  await app.close()
}

await main(Number(process.argv[2] ?? 10_000), Number(process.argv[3] ?? 50))
