// A connection that has ended is kept by nothing: not in a map of its user, its session or its
// address, nor by a timer or a closure. The heap itself is asked, so the next map is covered too.
import { queryObjects } from 'node:v8'
import t from 'tap'
import { Connection } from '../../src/connection/connection.ts'
import { startApp } from '../support/app.ts'
import { connectEveryWay } from '../support/connect-every-way.ts'
import { follow } from '../support/follow.ts'
import { nothingLeft } from '../support/nothing-left.ts'
import { person } from '../support/people.ts'
import { openStream } from '../support/reply-stream.ts'
import { until } from '../support/until.ts'

const connections = (): number => queryObjects(Connection, { format: 'count' })

t.test('an ended connection is kept by nothing, however it came and ended', async (t) => {
  const usher = await startApp(t)
  const ann = await person(usher)
  const { web, app, given } = await connectEveryWay(usher, ann, 'chat:a')
  const clients = [...web, ...app, ...given]
  const following = await follow(`${usher.url}/rooms/chat:a`, ann.bearer)
  const streams = [
    await openStream(usher.url, { headers: ann.browser }),
    await openStream(usher.url, { headers: ann.browser, carrier: 'sse' }),
  ]
  for (const stream of streams) await stream.ask({ id: 2, subscribe: { channel: 'chat:a' } })
  const count = clients.length + 1 + streams.length
  await until(() => usher.app.connections.size === count)
  t.equal(connections(), count, 'the heap is asked rightly')

  following.stop()
  for (const stream of streams) stream.stop()
  for (const [index, client] of clients.entries()) {
    if (index % 2 === 0) await client.close()
    else client.ws.terminate()
  }
  await nothingLeft(usher.app)
  await until(() => connections() === 0)
  t.pass('and the heap has none')
})
