// A connection to a server that takes it and never says a word.
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import t from 'tap'
import { SingleLink } from '../../../src/engine/redis/single-link.ts'
import { systemRandom } from '../../../src/time/random.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { until } from '../../support/until.ts'

t.test('a server that says nothing is given up, and tried again', async (t) => {
  const sockets: Socket[] = []
  const server = createServer((socket) => sockets.push(socket.resume())).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const clock = new ManualClock()
  const { port } = server.address() as AddressInfo
  const url = `redis://127.0.0.1:${port}`
  const link = new SingleLink({ url, clock, random: systemRandom })
  t.teardown(async () => {
    await link.close()
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const opening = link.open().catch((error) => error)
  await until(() => sockets.length === 1, { what: 'it is tried' })
  await clock.advance(10_000)
  t.match(await opening, { message: 'Redis did not answer in time.' })
  t.equal(link.away, 'Redis did not answer in time.')
  await clock.advance(1_000)
  await until(() => sockets.length === 2, { what: 'it is tried again' })
})
