// What an application has set for its own requests does not end quiet connections of Usher.
import { test } from 'tap'
import { connect, rawSocket } from '../support/client.ts'
import { follow } from '../support/follow.ts'
import { asServer } from '../support/people.ts'
import { openStream } from '../support/reply-stream.ts'
import { closed, until } from '../support/until.ts'
import { startHost } from './host.ts'

const ROOM = '/rt/rooms/chat:a'

test('its connectionTimeout ends no quiet stream and no quiet WebSocket', async (t) => {
  const { app, url } = await startHost(t, { server: { connectionTimeout: 700 } })
  const client = await connect(url + ROOM, { headers: asServer })
  const following = await follow(url + ROOM, asServer)
  const streams = [
    await openStream(`${url}/rt`, { headers: asServer }),
    await openStream(`${url}/rt`, { headers: asServer, carrier: 'sse' }),
  ]
  await until(() => following.positions.length > 0)
  // One that is as quiet, and is opened after them, ends; and then a second one.
  for (let i = 0; i < 2; i += 1) await closed(await rawSocket(url))
  await app.usher.publish('chat:a', 1)
  t.same([await client.text(), await following.data(1)], ['1', ['1']])
  for (const stream of streams) {
    t.ok((await stream.ask({ id: 2, subscribe: { channel: 'chat:a' } })).subscribe)
    stream.stop()
  }
  following.stop()
  await client.close()
})

test('[C90] inject cannot follow, and is told so', async (t) => {
  const { app } = await startHost(t, {})
  const headers = { ...asServer, accept: 'text/event-stream' }
  const answer = await app.inject({ url: ROOM, headers })
  t.equal(answer.statusCode, 400)
  t.match(answer.json(), { error: 'bad_request', message: /^inject has no TCP connection/ })
  const { ticket } = await app.usher.issueTicket({ user: 'ann' })
  const url = `${ROOM}?ticket=${ticket}`
  t.equal((await app.inject({ url, headers: { accept: 'text/event-stream' } })).statusCode, 400)
  t.equal((await app.inject({ url: ROOM, headers: asServer })).json().members, 0)
})
