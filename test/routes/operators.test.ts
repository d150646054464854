// Rooms, and what was said in them, in the hands of operators: listing and deleting rooms,
// redacting all that a user has said; and what members hear of a redaction.
import t, { type Test } from 'tap'
import { EVERY_SCOPE, startApp } from '../support/app.ts'
import { type Client, connect } from '../support/client.ts'
import { follow, resetTo } from '../support/follow.ts'
import { asServer, call, person } from '../support/people.ts'
import { until } from '../support/until.ts'

const usher = await startApp(t, EVERY_SCOPE)
const { url } = usher
const ann = await person(usher)

const ask = (method: string, path: string, headers: Record<string, string> = asServer) =>
  call(url + path, method, { headers })

async function say(room: string, body: unknown, query = '') {
  const path = `${url}/rooms/${room}/messages${query}`
  return (await call(path, 'POST', { headers: asServer, body })).body
}

async function shown(room: string): Promise<unknown[]> {
  const { body } = await ask('GET', `/rooms/${room}/messages`)
  return body.messages.map(({ data }: { data: unknown }) => data)
}

async function done(t: Test, method: string, path: string): Promise<void> {
  const { status, body } = await ask(method, path)
  t.same({ status, body }, { status: 204, body: null }, `${method} ${path}`)
}

t.test('[C215] rooms are listed by name: with history, with members, page by page', async (t) => {
  const usher = await startApp(t, EVERY_SCOPE)
  const list = async (query = '') =>
    (await call(`${usher.url}/rooms${query}`, 'GET', { headers: asServer })).body
  t.same(await list(), { rooms: [], next: null })
  const headers = asServer
  const { body } = await call(`${usher.url}/rooms/chat:b/messages`, 'POST', { headers, body: 1 })
  for (const room of ['chat:c', 'chat:b']) {
    await call(`${usher.url}/rooms/${room}/messages`, 'POST', { headers, body: 1 })
  }
  await call(`${usher.url}/rooms/live:x/messages`, 'POST', { headers, body: 1 })
  const members: Client[] = []
  for (const room of ['chat:b', 'live:a', 'live:a', 'chat:a']) {
    members.push(await connect(`${usher.url}/rooms/${room}`, { headers }))
  }
  const rooms = [
    { room: 'chat:a', epoch: null, offset: null, members: 1 },
    { room: 'chat:b', epoch: body.epoch, offset: 2, members: 1 },
    { room: 'chat:c', epoch: body.epoch, offset: 1, members: 0 },
    { room: 'live:a', epoch: null, offset: null, members: 2 },
  ]
  t.same(await list(), { rooms, next: null })
  t.same(await list('?limit=4'), { rooms, next: null })
  t.same(await list('?limit=3'), { rooms: rooms.slice(0, 3), next: 'chat:c' })
  t.same(await list('?limit=3&after=chat:c'), { rooms: rooms.slice(3), next: null })
  t.same(await list('?after=chat:a&limit=1'), { rooms: rooms.slice(1, 2), next: 'chat:b' })
  t.same(await list('?after=live:a'), { rooms: [], next: null })
  for (const member of members) await member.close()
})

t.test('[C215] only server keys list rooms, and nothing else is asked for', async (t) => {
  t.match(await ask('GET', '/rooms', {}), { status: 401, body: { error: 'unauthorized' } })
  t.match(await ask('GET', '/rooms', ann.bearer), { status: 403, body: { error: 'forbidden' } })
  for (const query of ['?limit=0', '?limit=x', '?after=a%20b', '?before=1']) {
    t.match(await ask('GET', `/rooms${query}`), { status: 400 }, query)
  }
  const { status, headers } = await ask('POST', '/rooms')
  t.same([status, headers.get('allow')], [405, 'GET, HEAD'])
})

t.test('[C215] a page has 100 rooms if not said, and 1,000 at most', async (t) => {
  const names = Array.from({ length: 1_001 }, (_, i) => `many:${String(i).padStart(4, '0')}`)
  const items = names.map((room) => ({ room, data: 1 }))
  for (const from of [0, 1_000]) {
    const body = items.slice(from, from + 1_000)
    await call(`${url}/messages`, 'POST', { headers: asServer, body })
  }
  for (const [query, count] of [
    ['', 100],
    ['&limit=9999', 1_000],
  ] as const) {
    const { body } = await ask('GET', `/rooms?after=many:${query}`)
    t.same([body.rooms.length, body.next], [count, names[count - 1]])
  }
})

t.test(
  '[C216] a room that is deleted is empty, has a new epoch, and its keys are new',
  async (t) => {
    const publish = async (room: string, body: number) => {
      const headers = { ...asServer, 'idempotency-key': 'k' }
      return call(`${url}/rooms/${room}/messages`, 'POST', { headers, body })
    }
    const first = await publish('chat:d', 1)
    await say('chat:d', 2)
    await publish('chat:other', 1)
    await done(t, 'DELETE', '/rooms/chat:d')
    t.same(await shown('chat:d'), [])
    const state = (await ask('GET', '/rooms/chat:d')).body
    t.match(state, { offset: 0, redactions: 0 })
    t.not(state.epoch, first.body.epoch)
    const named = await ask('GET', `/rooms/chat:d/messages?epoch=${first.body.epoch}`)
    t.match(named, { status: 409, body: { error: 'unrecoverable_position' } })
    const again = await publish('chat:d', 3)
    t.match(again, { status: 201, body: { epoch: state.epoch, offset: 1 } })
    t.equal((await publish('chat:d', 3)).status, 200)
    t.equal((await publish('chat:other', 1)).status, 200, 'another room keeps its own')
    await done(t, 'DELETE', '/rooms/chat:d')
    await done(t, 'DELETE', '/rooms/chat:d')
    t.match(usher.log(), /"audit":"administered"[^\n]*"path":"\/rooms\/chat:d"/)
  },
)

t.test('[C216] members of a deleted room are told as after a loss', async (t) => {
  const { epoch } = await say('chat:e', 'one')
  const raw = await connect(`${url}/rooms/chat:e`, { headers: ann.bearer })
  const stream = await follow(`${url}/rooms/chat:e`, ann.bearer)
  const elsewhere = await connect(`${url}/rooms/chat:f`, { headers: ann.bearer })
  await until(() => stream.positions.length === 1)
  await done(t, 'DELETE', '/rooms/chat:e')
  t.same(await raw.closed, { code: 3010, reason: 'insufficient state' })
  const next = (await ask('GET', '/rooms/chat:e')).body.epoch
  t.same(await stream.take(1), [resetTo(next, 0)])
  await say('chat:e', 'two')
  t.match(await stream.take(1), [{ id: `${next}:1`, data: '"two"' }])
  const back = await follow(`${url}/rooms/chat:e?after=${epoch}:1`, ann.bearer)
  t.match(await back.take(1), [resetTo(next, 1)], 'and who was away hears it too')
  t.equal(elsewhere.ws.readyState, elsewhere.ws.OPEN)
  for (const each of [stream, back]) each.stop()
  await elsewhere.close()
})

t.test('[C216] members of a room without history stay, and its keys go', async (t) => {
  const member = await connect(`${url}/rooms/live:d`, { headers: ann.bearer })
  const publish = async (body: number) => {
    const headers = { ...asServer, 'idempotency-key': 'k' }
    return (await call(`${url}/rooms/live:d/messages`, 'POST', { headers, body })).status
  }
  t.equal(await publish(1), 201)
  await done(t, 'DELETE', '/rooms/live:d')
  t.equal(await publish(2), 201)
  t.same([await member.text(), await member.text()], ['1', '2'])
  await member.close()
})

t.test('[C216] only server keys delete rooms, whatever the name', async (t) => {
  await say('chat:g', 1)
  t.equal((await ask('DELETE', '/rooms/chat:g', {})).status, 401)
  t.equal((await ask('DELETE', '/rooms/chat:g', ann.bearer)).status, 403)
  t.equal((await ask('DELETE', `/rooms/user:${ann.user}`, ann.bearer)).status, 403)
  for (const name of ['a%20b', '$1', '%24', 'x'.repeat(129)]) {
    t.match(await ask('DELETE', `/rooms/${name}`), { status: 400 }, name)
  }
  t.same(await shown('chat:g'), [1])
  const { status, headers } = await ask('PUT', '/rooms/chat:g')
  t.same([status, headers.get('allow')], [405, 'DELETE, GET, HEAD'])
})

t.test('[C214] all that a user has said is redacted at once, in every room', async (t) => {
  const user = 'acme:1'
  for (const room of ['chat:h', 'chat:i']) {
    await say(room, 'mine', `?user=${user}&name=Mallory`)
    await say(room, 'another’s', '?user=acme:2')
  }
  const tag = (await ask('GET', '/rooms/chat:h/messages')).headers.get('etag') ?? ''
  await done(t, 'DELETE', `/users/${user}/messages`)
  const { body } = await ask('GET', '/rooms/chat:h/messages', { ...asServer, 'if-none-match': tag })
  t.match(body.messages, [
    { offset: 1, user, name: null, data: null, redacted: true },
    { offset: 2, user: 'acme:2', data: 'another’s' },
  ])
  t.same(await shown('chat:i'), [null, 'another’s'])
  await say('chat:h', 'later', `?user=${user}`)
  t.same(await shown('chat:h'), [null, 'another’s', 'later'])
  for (const room of ['chat:h', 'chat:i']) {
    const redactions = async () => (await ask('GET', `/rooms/${room}`)).body.redactions
    await until(async () => (await redactions()) === 1)
  }
  t.same(await shown('chat:h'), [null, 'another’s', 'later'])
  const one = await ask('DELETE', '/rooms/chat:h/messages/1')
  t.equal(one.status, 404, 'there is nothing left to redact')
})

t.test('[C214] what is replayed afterwards is redacted, also out of memory', async (t) => {
  await say('chat:j', 'mine', `?user=${ann.user}`)
  const { epoch } = await say('chat:j', 'another’s')
  const live = await follow(`${url}/rooms/chat:j?after=${epoch}:0`, ann.bearer)
  t.same(await live.data(2), ['"mine"', '"another’s"'], 'the newest are in memory now')
  await done(t, 'DELETE', `/users/${ann.user}/messages`)
  const late = await follow(`${url}/rooms/chat:j?after=${epoch}:0`, ann.bearer)
  const events = await late.take(2)
  t.match(events, [
    { id: `${epoch}:1`, event: 'redacted', data: '' },
    { id: `${epoch}:2`, data: '"another’s"' },
  ])
  const raw = await connect(`${url}/rooms/chat:j?replay=5`, { headers: ann.bearer })
  t.same([await raw.text(), await raw.text()], ['', '"another’s"'])
  await until(async () => (await ask('GET', '/rooms/chat:j')).body.redactions === 1)
  const told = await follow(`${url}/rooms/chat:j`, ann.bearer)
  await until(() => told.positions.length === 1)
  t.match(JSON.parse(told.positions[0]?.data ?? ''), { redactions: 1 })
  await say('chat:j', 'last')
  t.same(await live.data(1), ['"last"'], 'members are not told of each message')
  for (const each of [live, late, told]) each.stop()
  await raw.close()
})

t.test('[C218] a redaction is told to followers at once, without a position', async (t) => {
  const { epoch, offset } = await say('chat:k', 'oh')
  await say('chat:k', 'ah')
  const plain = await follow(`${url}/rooms/chat:k`, ann.bearer)
  const envelope = await follow(`${url}/rooms/chat:k?envelope=true`, ann.bearer)
  const raw = await connect(`${url}/rooms/chat:k`, { headers: ann.bearer })
  await until(() => plain.positions.length + envelope.positions.length === 2)
  await done(t, 'DELETE', `/rooms/chat:k/messages/${offset}`)
  await say('chat:k', 'next')
  for (const stream of [plain, envelope]) {
    const [told, next] = await stream.take(2)
    t.match(told, { event: 'redacted', data: String(offset), id: '' })
    t.equal(next?.id, `${epoch}:${offset + 2}`)
    stream.stop()
  }
  t.equal(await raw.text(), '"next"', 'a plain member is told nothing')
  await raw.close()
})
