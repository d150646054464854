// What replays may hold and read, through real doors.
import t from 'tap'
import { type StartedApp, startApp, startOnManualClock } from '../support/app.ts'
import { connect } from '../support/client.ts'
import { follow } from '../support/follow.ts'
import { nothingLeft } from '../support/nothing-left.ts'
import { asServer, person } from '../support/people.ts'
import { rawRequest } from '../support/raw-client.ts'
import { limited } from '../support/settings.ts'
import { until } from '../support/until.ts'

const ROOM = '/rooms/chat:a'

/** Publishes so many texts; resolves with the epoch of the room. */
async function say({ url }: StartedApp, count: number, text: string): Promise<string> {
  const headers = { ...asServer, 'content-type': 'text/plain' }
  let epoch = ''
  for (let i = 0; i < count; i += 1) {
    const answer = await fetch(`${url}${ROOM}/messages`, { method: 'POST', headers, body: text })
    epoch = ((await answer.json()) as { epoch: string }).epoch
  }
  return epoch
}

t.test('[C61] streams that read nothing hold little, and are cut', async (t) => {
  const usher = await startApp(t, limited({ outboxSeconds: 1 }))
  const { connections } = usher.app
  // Every line end is six bytes more in a stream: a text grows to four times its size.
  const epoch = await say(usher, 64, 'x\n'.repeat(30_000))
  const head = [`GET ${ROOM} HTTP/1.1`, 'Host: x', 'Accept: text/event-stream']
  head.push(`Authorization: ${asServer.authorization}`, `Last-Event-ID: ${epoch}:0`)
  const streams = 8
  for (let i = 0; i < streams; i += 1) {
    const client = await rawRequest(usher.url, `${head.join('\r\n')}\r\n\r\n`)
    client.socket.pause()
    t.teardown(() => client.socket.destroy())
  }
  let most = 0
  await until(() => {
    most = Math.max(most, connections.slowReaders.totalBytes)
    return connections.size === 0
  })
  t.ok(most > 0 && most < streams * 1_048_576, `${most} bytes waited for ${streams} streams`)
  const metrics = await (await fetch(`${usher.url}/metrics`, { headers: asServer })).text()
  t.match(metrics, `usher_limit_hits_total{limit="outboxSeconds"} ${streams}`)
  await nothingLeft(usher.app)
})

t.test('[C113] replays count for their user, wait when it is over, and miss nothing', async (t) => {
  const limits = limited({ readBytesPerSecondPerUser: 20_000, outboxSeconds: 3_600 })
  const { clock, usher } = await startOnManualClock(t, limits)
  const ann = await person(usher)
  const epoch = await say(usher, 20, 'x'.repeat(60_000))
  const following = await follow(`${usher.url}${ROOM}?after=${epoch}:0`, ann.bearer)
  const data = await following.take(10)
  const history = () => fetch(`${usher.url}${ROOM}/messages`, { headers: ann.bearer })
  await until(async () => (await history()).status === 429)
  let rest = 0
  const waiting = following.take(10).then((events) => {
    rest = events.length
    return events
  })
  for (let i = 0; rest === 0 && i < 2_000; i += 1) await clock.advance(100)
  const ids = [...data, ...(await waiting)].map(({ id }) => id)
  t.same(
    ids,
    Array.from({ length: 20 }, (_, index) => `${epoch}:${index + 1}`),
  )
  following.stop()
  await nothingLeft(usher.app)
})

t.test(
  '[C49] more than one page is replayed to a raw connection, whole and in order',
  async (t) => {
    const usher = await startApp(t)
    for (let i = 0; i < 30; i += 1) await say(usher, 1, `${i} `.padEnd(50_000, 'x'))
    const client = await connect(`${usher.url}${ROOM}?replay=25`, { headers: asServer })
    await say(usher, 1, '30 ')
    for (let i = 5; i <= 30; i += 1) t.equal((await client.text()).split(' ')[0], `${i}`)
    await client.close()
    await nothingLeft(usher.app)
  },
)
