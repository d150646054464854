// Event streams that cannot be admitted at once: they wait, and leave nothing behind.
import t from 'tap'
import type { Limits } from '../../src/protocol/limits.ts'
import { startOnManualClock } from '../support/app.ts'
import { connect, refused } from '../support/client.ts'
import { follow } from '../support/follow.ts'
import { moveUntil } from '../support/manual-clock.ts'
import { nothingLeft } from '../support/nothing-left.ts'
import { asServer, ticketOf } from '../support/people.ts'
import { rawRequest } from '../support/raw-client.ts'
import { limited } from '../support/settings.ts'
import { until } from '../support/until.ts'

const ROOM = '/rooms/chat:a'

/** A whole server on a manual clock, with streams of users who have tickets. */
async function scene(limits: Partial<Limits>) {
  const { clock, usher } = await startOnManualClock(t, limited(limits))
  const { shares } = usher.app.engine
  const waiting = (count: number) => until(() => shares.held('waitingStreams') === count)
  const path = async () => `${ROOM}?ticket=${await ticketOf(usher, asServer, { user: 'ann' })}`
  const stream = async () => follow(usher.url + (await path()), {})
  return { clock, usher, shares, waiting, path, stream }
}

t.test('[C175] a stream over the rate waits for its turn, a handshake does not', async (t) => {
  const { clock, usher, waiting, path, stream } = await scene({ handshakesPerSecond: 4 })
  const first = await stream()
  const second = stream()
  await waiting(1)
  t.equal((await refused(usher.url + (await path()))).status, 429)
  await moveUntil(clock, second)
  const streams = [first, await second]
  t.same(
    streams.map(({ response }) => response.status),
    [200, 200],
  )
  for (const one of streams) one.stop()
  await nothingLeft(usher.app)
})

t.test('[C175] on a full server it waits for a seat, ten seconds at most', async (t) => {
  const { clock, usher, waiting, stream } = await scene({ connections: 9 })
  const { shares } = usher.app.engine
  const held = [connect(usher.url + ROOM, { headers: asServer })]
  while (held.length < 9) held.push(connect(usher.url + ROOM, { headers: asServer }))
  const clients = await Promise.all(held)
  const first = stream()
  await waiting(1)
  await clients[0]?.close()
  await moveUntil(clock, first)
  t.equal((await first).response.status, 200)
  const second = stream()
  await waiting(1)
  const began = clock.elapsed()
  await moveUntil(clock, second)
  const { status, headers } = (await second).response
  t.same([status, headers.get('retry-after')], [503, '5'])
  t.ok(clock.elapsed() - began >= 9_900)
  t.equal(shares.held('connections'), 9, 'the refused stream has no seat')
  ;(await first).stop()
  await Promise.all(clients.slice(1).map((client) => client.close()))
  await nothingLeft(usher.app)
})

t.test('[C175] one whose client goes away, or whose server goes down, ends its wait', async (t) => {
  const { clock, usher, shares, waiting, path, stream } = await scene({ handshakesPerSecond: 4 })
  const first = await stream()
  const head = `GET ${await path()} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n`
  const gone = await rawRequest(usher.url, head)
  await waiting(1)
  gone.socket.resetAndDestroy()
  await until(async () => {
    await clock.advance(10)
    return shares.held('waitingStreams') === 0
  })
  t.equal(usher.app.connections.size, 1)
  const second = stream()
  await waiting(1)
  const closed = usher.app.close()
  await moveUntil(clock, Promise.all([closed, second]))
  t.equal((await second).response.status, 503)
  first.stop()
  t.equal(shares.held('connections'), 0)
})
