// Going down in order, in the middle of what people say: nothing acknowledged is lost, and what was
// heard is what is kept.
import { setTimeout as pause } from 'node:timers/promises'
import t from 'tap'
import { SERVER_KEY } from '../support/app.ts'
import { connect } from '../support/client.ts'
import { asServer, call } from '../support/people.ts'
import { startServer } from '../support/server-process.ts'
import { until } from '../support/until.ts'

const ROOM = '/rooms/chat:a'
const SPEAKERS = 8
const KEPT = 200

interface Said {
  offset: number
  data: string
}

t.test('[C65] [C94] SIGTERM while many speak loses nothing that was acknowledged', async (t) => {
  const folder = t.testdir({})
  const env = {
    USHER_DATA: folder,
    USHER_API_KEYS: `backend:${SERVER_KEY}`,
    USHER_DRAIN_SECONDS: '1',
  }
  const before = await startServer(t, env)
  const listener = await connect(before.url + ROOM, { headers: asServer })
  const acknowledged: Said[] = []
  let ended = false

  /** Keeps speaking until the server answers no more. */
  async function speak(who: number): Promise<void> {
    for (let number = 0; ; number += 1) {
      const data = `${who} ${number}`
      const options = { headers: asServer, body: data }
      const answer = await call(`${before.url}${ROOM}/messages`, 'POST', options).catch(() => null)
      if (answer?.status === 201) acknowledged.push({ offset: answer.body.offset, data })
      if (answer === null && ended) return
      if (answer?.status !== 201) await pause(5)
    }
  }

  const speakers = Array.from({ length: SPEAKERS }, (_, who) => speak(who))
  await until(() => acknowledged.length > KEPT)
  t.equal(await before.end('SIGTERM'), 0)
  ended = true
  await Promise.all(speakers)
  t.match(await listener.closed, { code: 3001 })

  const { url } = await startServer(t, env)
  const kept = new Map<number, string>()
  for (let after = 0, more = true; more; after += 1_000) {
    const query = `?limit=1000&after=${after}`
    const { body } = await call(`${url}${ROOM}/messages${query}`, 'GET', { headers: asServer })
    for (const { offset, data } of body.messages as Said[]) kept.set(offset, data)
    more = body.messages.length > 0
  }
  const lost = acknowledged.filter(({ offset, data }) => kept.get(offset) !== data)
  t.same(lost, [])
  const heard = listener.unread.map(({ data }) => JSON.parse(String(data)) as string)
  t.same(heard, [...kept.values()].slice(0, heard.length), 'in the order of the history')
})
