// Following a room by server-sent events: live, from a position, and with failures.
import t from 'tap'
import { type StartedApp, startApp } from '../support/app.ts'
import { connect } from '../support/client.ts'
import { follow, resetTo } from '../support/follow.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { nothingLeft } from '../support/nothing-left.ts'
import { asServer, call, person, ticketOf } from '../support/people.ts'
import { ruled } from '../support/settings.ts'
import { until } from '../support/until.ts'

const ROOM = '/rooms/chat:a'

function say({ url }: StartedApp, body: unknown) {
  return call(`${url}${ROOM}/messages`, 'POST', { headers: asServer, body })
}

t.test('[C90] a client that follows gets the published messages, as members do', async (t) => {
  const usher = await startApp(t)
  const client = await connect(usher.url + ROOM, { headers: asServer })
  const following = await follow(usher.url + ROOM, asServer)
  t.match(following.response.headers.get('content-type'), /^text\/event-stream/)
  t.equal(following.response.headers.get('cache-control'), 'no-cache, no-transform')
  client.send('hello')
  client.send(Buffer.from([1, 2]))
  const events = await following.take(2)
  t.match(events, [
    { id: /^[0-9a-f]+:1$/, event: 'message', data: 'hello' },
    { id: /:2$/, event: 'binary', data: 'AQI=' },
  ])
  following.stop()
  await client.close()
  await nothingLeft(usher.app)
})

t.test('[C91] with ?envelope=true each event is the message', async (t) => {
  const usher = await startApp(t)
  const following = await follow(`${usher.url}${ROOM}?envelope=true`, asServer)
  await say(usher, { a: 1 })
  const [event] = await following.take(1)
  t.match(JSON.parse(event?.data ?? ''), { offset: 1, user: null, kind: 'json', data: { a: 1 } })
  following.stop()
})

t.test('[C173] a client that returns gets what it missed once, by header or URL', async (t) => {
  const usher = await startApp(t)
  const { body } = await say(usher, 1)
  for (const missed of [2, 3]) await say(usher, missed)
  const at = (offset: number) => `${body.epoch}:${offset}`
  const from = (query: string, header: string | null = null) =>
    follow(`${usher.url}${ROOM}${query}`, header === null ? asServer : lastEvent(header))
  const lastEvent = (id: string) => ({ ...asServer, 'last-event-id': id })
  const ways = [
    [from('', at(1)), from(`?lastEventId=${at(1)}`), from(`?after=${at(1)}`)],
    // What a client adds by itself is newer than the URL that it was given.
    [from(`?after=${at(1)}`, at(2)), from(`?after=${at(1)}&lastEventId=${at(2)}`)],
    [from(`?lastEventId=${at(2)}`, at(3)), from(`?after=${at(1)}&lastEventId=`, at(3))],
    [from(`?after=${at(3)}&lastEventId=`), from(`?after=${at(3)}`, '')],
  ]
  const streams = await Promise.all(ways.map((some) => Promise.all(some)))
  await say(usher, 4)
  const missed = [['2', '3', '4'], ['3', '4'], ['4'], ['4']]
  for (const [way, expected] of missed.entries()) {
    for (const following of streams[way] ?? []) {
      t.same(await following.data(expected.length), expected, following.response.url)
      following.stop()
    }
  }
})

t.test('[C173] a gap that cannot be healed is a reset, and then it goes on', async (t) => {
  const usher = await startApp(t, ruled({ match: '*', history: { messages: 2, ageMs: null } }))
  const { body } = await say(usher, 1)
  for (const more of [2, 3, 4, 5]) await say(usher, more)
  const wrong = [`${body.epoch}:1`, `${body.epoch}:99`, 'feed:3']
  for (const position of wrong) {
    const following = await follow(usher.url + ROOM, { ...asServer, 'last-event-id': position })
    t.same(await following.take(1), [resetTo(body.epoch, 5)], position)
    following.stop()
  }
  const good = await follow(usher.url + ROOM, { ...asServer, 'last-event-id': `${body.epoch}:3` })
  t.same(await good.data(2), ['4', '5'])
  good.stop()
})

t.test('[C173] a thousand missed messages come in order, with those meanwhile', async (t) => {
  const usher = await startApp(t)
  const items = Array.from({ length: 500 }, (_, i) => ({ room: 'chat:a', data: i + 1 }))
  const publish = () => call(`${usher.url}/messages`, 'POST', { headers: asServer, body: items })
  const first = await publish()
  await publish()
  const position = { 'last-event-id': `${first.body[0].epoch}:0` }
  const following = await follow(usher.url + ROOM, { ...asServer, ...position })
  await publish()
  const events = await following.take(1_500)
  const offsets = events.map(({ id }) => Number(id.split(':')[1]))
  t.same(
    offsets,
    Array.from({ length: 1_500 }, (_, i) => i + 1),
  )
  following.stop()
})

t.test('refusals are plain HTTP, with the answers of a handshake', async (t) => {
  const usher = await startApp(t)
  const ann = await person(usher)
  const status = async (path: string, headers: Record<string, string> = {}) => {
    const following = await follow(usher.url + path, headers)
    following.stop()
    return following.response.status
  }
  t.equal(await status(ROOM), 401)
  t.equal(await status('/rooms/user:somebody', ann.bearer), 403)
  t.equal(await status(`${ROOM}?after=nonsense`, ann.bearer), 400)
  t.equal(await status(`${ROOM}?auth=message`, ann.bearer), 200, 'the token decides')
  t.equal(await status(`${ROOM}?auth=message`), 400)
  t.equal(await status(ROOM, { cookie: ann.browser.cookie }), 200, 'no page sent it')
  const foreign = { cookie: ann.browser.cookie, origin: 'https://evil.example' }
  t.equal(await status(ROOM, foreign), 403)
  const ticket = await ticketOf(usher, ann.bearer)
  t.equal(await status(`${ROOM}?ticket=${ticket}`), 200)
  t.equal(await status(`${ROOM}?ticket=${ticket}`), 401, 'one ticket, one connection')
  await nothingLeft(usher.app)
})

t.test('[C15] a log-out ends a stream, and so does a shutdown', async (t) => {
  const usher = await startApp(t)
  const ann = await person(usher)
  const following = await follow(usher.url + ROOM, ann.browser)
  const other = await follow(usher.url + ROOM, asServer)
  await call(`${usher.url}/session`, 'DELETE', { headers: ann.browser })
  await following.ended()
  await usher.app.close()
  await other.ended()
  t.pass('both have ended')
})

t.test('[C97] a quiet stream gets comments, and is not taken for dead', async (t) => {
  const clock = new ManualClock()
  const usher = await startApp(t, { heartbeat: { pingSeconds: 2, pongSeconds: 1 } }, { clock })
  const following = await follow(usher.url + ROOM, asServer)
  await until(() => usher.app.connections.size === 1)
  for (let round = 0; round < 10; round += 1) await clock.advance(1_000)
  await until(() => following.stream.comments >= 3)
  t.equal(usher.app.connections.size, 1)
  following.stop()
  await nothingLeft(usher.app)
})

t.test('[C49] a raw connection may ask for the newest messages first', async (t) => {
  const usher = await startApp(t)
  for (let i = 1; i <= 5; i += 1) await say(usher, i)
  const client = await connect(`${usher.url}${ROOM}?replay=3`, { headers: asServer })
  await say(usher, 6)
  for (const expected of ['3', '4', '5', '6']) t.equal(await client.text(), expected)
  const none = await connect(`${usher.url}${ROOM}`, { headers: asServer })
  await say(usher, 7)
  t.equal(await none.text(), '7')
  await Promise.all([client.close(), none.close()])
  await nothingLeft(usher.app)
})
