// Publishing over REST: the body is the message.
import t from 'tap'
import type { Message } from '../../src/protocol/message.ts'
import { type StartedApp, startApp } from '../support/app.ts'
import { connect } from '../support/client.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { asServer, person, ticketOf } from '../support/people.ts'
import { limited, ruled } from '../support/settings.ts'

const free = limited({ messagesPerSecond: null, bytesPerSecond: null, messageBytes: 1_024 })
const usher = await startApp(t, {
  ...free,
  ...ruled({ match: 'json:*', payload: 'json' }, { match: 'read:*', publish: [] }, { match: '*' }),
})
const ann = await person(usher)
const bob = await person(usher)

interface Publish {
  room?: string
  type?: string
  body?: string | Buffer
  headers?: Record<string, string>
  query?: string
}

async function publish({ room = 'chat:a', query = '', ...rest }: Publish, { url } = usher) {
  const { type = 'text/plain', body = 'hello', headers = ann.bearer } = rest
  const init = { method: 'POST', body, headers: { ...headers, 'content-type': type } }
  const response = await fetch(`${url}/rooms/${room}/messages${query}`, init)
  const answer = (await response.json()) as Record<string, unknown>
  return { status: response.status, headers: response.headers, body: answer }
}

/** The messages of a room that has no hold here, as the engine hands them to nodes. */
async function overhear({ app }: StartedApp, room: string): Promise<Message[]> {
  const heard: Message[] = []
  const onMessage = (message: Message) => void heard.push(message)
  const follow = await app.engine.log.follow(room, {
    onMessage,
    onRedacted: () => {},
    onHidden: () => undefined,
    onUserRedacted: () => {},
    onRecounted: () => {},
    onGap: () => undefined,
  })
  t.teardown(() => follow.stop())
  return heard
}

t.test('[C50] text and JSON arrive as text frames, bytes as binary ones', async (t) => {
  const member = await connect(`${usher.url}/rooms/chat:a`, { headers: bob.bearer })
  const all: [type: string, body: string | Buffer, binary: boolean][] = [
    ['text/plain', 'grüße 🎭', false],
    ['text/plain; charset=utf-8', '{"looks": "like JSON"}', false],
    ['Text/Plain', ' ', false],
    ['application/json', '{ "a" : [1, 2.0], "__proto__": 1 }\n', false],
    ['application/json; charset=utf-8', 'null', false],
    ['application/octet-stream', Buffer.from([0, 255, 10, 13]), true],
    ['application/octet-stream', 'hello', true],
  ]
  for (const [type, body, binary] of all) {
    const before = Date.now()
    const answer = await publish({ type, body })
    t.equal(answer.status, 201, type)
    t.same(Object.keys(answer.body).sort(), ['room', 'time'])
    t.equal(answer.body.room, 'chat:a')
    const time = Number(answer.body.time)
    t.ok(time >= before && time <= Date.now())
    t.same(await member.next(), { data: Buffer.from(body), binary }, 'byte for byte')
  }
})

t.test('[C50] an empty text and no bytes at all are messages too', async (t) => {
  const member = await connect(`${usher.url}/rooms/chat:empty`, { headers: bob.bearer })
  for (const type of ['text/plain', 'application/octet-stream']) {
    t.equal((await publish({ room: 'chat:empty', type, body: '' })).status, 201)
    t.same(await member.next(), {
      data: Buffer.alloc(0),
      binary: type === 'application/octet-stream',
    })
  }
})

t.test('[C50] a body that is not of its type is a 400 and reaches no member', async (t) => {
  const heard = await overhear(usher, 'chat:wrong')
  const room = 'chat:wrong'
  for (const body of ['', '{', 'text', '{"a":1}{', Buffer.from([0x22, 0xff, 0x22])]) {
    const answer = await publish({ room, type: 'application/json', body })
    t.match(answer, { status: 400, body: { error: 'bad_request', code: 107 } })
  }
  for (const body of [Buffer.from([0xff]), Buffer.from([0xed, 0xa0, 0x80])]) {
    t.match(await publish({ room, body }), { status: 400, body: { message: /UTF-8/ } })
  }
  t.same(heard, [])
})

t.test('[C4] other media types are a 415, a body over messageBytes a 413', async (t) => {
  for (const type of ['text/html', 'application/jsonp', 'application/x-www-form-urlencoded']) {
    const answer = await publish({ type })
    t.match(answer, { status: 415, body: { error: 'unsupported_media_type', code: 107 } }, type)
  }
  const { url } = usher
  const init = { method: 'POST', headers: ann.bearer }
  t.equal((await fetch(`${url}/rooms/chat:a/messages`, init)).status, 415, 'no type at all')
  t.equal((await publish({ body: 'x'.repeat(1_024) })).status, 201)
  const large = await publish({ body: 'x'.repeat(1_025) })
  t.match(large, { status: 413, body: { error: 'too_large', code: 106 } })
})

t.test('[C46] where the rule says json, only application/json is taken', async (t) => {
  const room = 'json:a'
  t.equal((await publish({ room, type: 'application/json', body: '1' })).status, 201)
  for (const type of ['text/plain', 'application/octet-stream']) {
    t.match(await publish({ room, type, body: '1' }), { status: 415, body: { code: 107 } })
  }
})

t.test('[S32] the sender is the user of the credential, whatever the message says', async (t) => {
  const heard = await overhear(usher, 'chat:sender')
  const body = JSON.stringify({ user: bob.user, time: 1, offset: 9 })
  await publish({ room: 'chat:sender', type: 'application/json', body })
  await publish({ room: 'chat:sender', headers: asServer })
  t.match(heard, [
    { user: ann.user, kind: 'json', payload: Buffer.from(body) },
    { user: null, kind: 'text' },
  ])
  t.not(heard[0]?.time, 1)
})

t.test('[C51] a server key may speak in the name of a user, and only a server key', async (t) => {
  const heard = await overhear(usher, 'chat:named')
  const named = { room: 'chat:named', query: '?user=acme%3A1' }
  t.equal((await publish({ ...named, headers: asServer })).status, 201)
  t.match(heard, [{ user: 'acme:1' }])
  const own = { room: 'chat:named', query: `?user=${ann.user}` }
  for (const refused of [named, own]) {
    t.match(await publish(refused), { status: 403, body: { error: 'forbidden', code: 103 } })
  }
  for (const query of ['?user=', '?user=a%20b', '?user=a&user=b', `?user=${'x'.repeat(129)}`]) {
    t.equal((await publish({ ...named, query, headers: asServer })).status, 400, query)
  }
  t.equal(heard.length, 1)
})

t.test('[C220] a retry with its key is a 200 with the first answer, published once', async (t) => {
  const member = await connect(`${usher.url}/rooms/chat:once`, { headers: bob.bearer })
  const headers = { ...ann.bearer, 'idempotency-key': 'key-1' }
  const keyed = { room: 'chat:once', headers, body: 'once' }
  const first = await publish(keyed)
  t.equal(first.status, 201)
  for (let n = 0; n < 3; n += 1) {
    const again = await publish(keyed)
    t.same([again.status, again.body], [200, first.body])
  }
  await publish({ room: 'chat:once', body: 'and then' })
  t.equal(await member.text(), 'once')
  t.equal(await member.text(), 'and then')
  t.same(member.unread, [])
})

t.test('[C220] of many retries at once exactly one is published', async (t) => {
  const heard = await overhear(usher, 'chat:burst')
  const headers = { ...ann.bearer, 'idempotency-key': 'burst' }
  const all = await Promise.all(
    Array.from({ length: 20 }, () => publish({ room: 'chat:burst', headers })),
  )
  t.same(all.map(({ status }) => status).sort(), [...Array(19).fill(200), 201])
  t.equal(heard.length, 1)
})

t.test('[C220] the same key with another body or another kind is a 409', async (t) => {
  const headers = { ...ann.bearer, 'idempotency-key': 'key-2' }
  await publish({ headers, body: '1' })
  for (const other of [{ body: '2' }, { body: '1', type: 'application/json' }]) {
    const answer = await publish({ headers, ...other })
    t.match(answer, { status: 409, body: { error: 'conflict', code: 107 } })
  }
  t.equal((await publish({ headers, body: '1' })).status, 200, 'the first one stands')
})

t.test('[C220] keys of other senders and other rooms never meet', async (t) => {
  const key = { 'idempotency-key': 'key-3' }
  t.equal((await publish({ headers: { ...ann.bearer, ...key } })).status, 201)
  t.equal((await publish({ headers: { ...bob.bearer, ...key }, body: 'other' })).status, 201)
  t.equal((await publish({ headers: { ...asServer, ...key }, body: 'third' })).status, 201)
  t.equal((await publish({ headers: { ...ann.bearer, ...key }, room: 'chat:b' })).status, 201)
})

t.test('[C220] a key has 1 to 128 visible characters', async (t) => {
  for (const key of ['', 'a b', 'x'.repeat(129), '\u00e4']) {
    const headers = { ...ann.bearer, 'idempotency-key': key }
    t.match(await publish({ headers }), { status: 400, body: { message: /Idempotency-Key/ } })
  }
  const headers = { ...ann.bearer, 'idempotency-key': 'x'.repeat(128) }
  t.equal((await publish({ headers })).status, 201)
})

t.test('[C221] a key holds for five minutes, and for a day where messages are kept', async (t) => {
  const clock = new ManualClock()
  const stopped = await startApp(t, free, { clock })
  const headers = { ...asServer, 'idempotency-key': 'key' }
  const say = async (room: string) => (await publish({ headers, room }, stopped)).status
  t.same([await say('live:a'), await say('chat:a')], [201, 201])
  await clock.advance(299_999)
  t.same([await say('live:a'), await say('chat:a')], [200, 200])
  await clock.advance(1)
  t.same([await say('live:a'), await say('chat:a')], [201, 200])
  clock.leap(86_000_000)
  await clock.advance(1_000)
  t.same([await say('live:a'), await say('chat:a')], [201, 200])
})

t.test('a user who may not publish is told so, and an anonymous request too', async (t) => {
  t.equal((await publish({ headers: {} })).status, 401)
  t.match(await publish({ room: 'read:a' }), { status: 403, body: { error: 'forbidden' } })
  const headers = { authorization: `Bearer ${await ticketOf(usher, ann.bearer)}` }
  t.equal((await publish({ headers })).status, 401)
})

t.test('[C72] [C3] a user who publishes too fast is a 429, a server key is not', async (t) => {
  const slow = await startApp(t, limited({ messagesPerSecond: 2 }), { clock: new ManualClock() })
  const { bearer } = await person(slow)
  const statuses = []
  for (let n = 0; n < 3; n += 1) statuses.push((await publish({ headers: bearer }, slow)).status)
  t.same(statuses, [201, 201, 429])
  const told = await publish({ headers: bearer }, slow)
  t.match(told.body, { error: 'too_many_requests', code: 111 })
  t.equal(told.headers.get('retry-after'), '1')
  for (let n = 0; n < 5; n += 1) {
    t.equal((await publish({ headers: asServer }, slow)).status, 201)
  }
})
