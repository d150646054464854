// History over REST: pages in both directions, positions, ETags, and redaction.
import t from 'tap'
import { type StartedApp, startApp } from '../support/app.ts'
import { connect } from '../support/client.ts'
import { asServer, call, person } from '../support/people.ts'
import { ruled } from '../support/settings.ts'

const MESSAGES = '/rooms/chat:a/messages'

async function say({ url }: StartedApp, body: unknown, headers: Record<string, string> = asServer) {
  const answer = await call(url + MESSAGES, 'POST', { headers, body })
  return answer.body as { epoch: string; offset: number; time: number }
}

async function sayText({ url }: StartedApp, text: string, type = 'text/plain') {
  const headers = { ...asServer, 'content-type': type }
  await fetch(url + MESSAGES, { method: 'POST', headers, body: text })
}

function read({ url }: StartedApp, query = '', headers: Record<string, string> = asServer) {
  return call(url + MESSAGES + query, 'GET', { headers })
}

const offsets = (body: { messages: { offset: number }[] }) => body.messages.map((m) => m.offset)

t.test('[C94] a publish to a room with history answers its position', async (t) => {
  const usher = await startApp(t)
  const first = await say(usher, 1)
  const second = await say(usher, 2)
  t.match(first, { epoch: /^[0-9a-f]{16}$/, offset: 1 })
  t.match(second, { epoch: first.epoch, offset: 2 })
  const state = await call(`${usher.url}/rooms/chat:a`, 'GET', { headers: asServer })
  t.match(state.body, { epoch: first.epoch, offset: 2 })
})

t.test('[C95] messages are read as they were published, by a user who may join', async (t) => {
  const usher = await startApp(t)
  const ann = await person(usher)
  await say(usher, { a: [1, 2] }, ann.bearer)
  await sayText(usher, 'line "one"\nline two')
  await sayText(usher, 'AP8=', 'application/octet-stream')
  const { status, body } = await read(usher, '', ann.bearer)
  t.equal(status, 200)
  t.match(body, {
    room: 'chat:a',
    offset: 3,
    messages: [
      { offset: 1, user: ann.user, kind: 'json', data: { a: [1, 2] } },
      { offset: 2, user: null, kind: 'text', data: 'line "one"\nline two' },
      { offset: 3, user: null, kind: 'binary', data: Buffer.from('AP8=').toString('base64') },
    ],
  })
  t.equal((await read(usher, '', {})).status, 401)
})

t.test('[C95] pages go both ways', async (t) => {
  const usher = await startApp(t)
  for (let i = 1; i <= 5; i += 1) await say(usher, i)
  t.same(offsets((await read(usher, '?limit=2')).body), [1, 2])
  t.same(offsets((await read(usher, '?after=2&limit=2')).body), [3, 4])
  t.same(offsets((await read(usher, '?order=desc&limit=2')).body), [5, 4])
  t.same(offsets((await read(usher, '?order=desc&before=4')).body), [3, 2, 1])
  t.same(offsets((await read(usher, '?after=5')).body), [])
  for (const query of ['?limit=0', '?after=-1', '?order=up', '?after=x', '?limit=1&limit=2']) {
    t.equal((await read(usher, query)).status, 400, query)
  }
})

t.test('[C95] [C49] a limit above 1,000 is 1,000, and a replay too', async (t) => {
  const usher = await startApp(t)
  const lines = Array.from({ length: 500 }, (_, at) => ({ room: 'chat:a', data: at }))
  for (let i = 0; i < 3; i += 1) {
    await call(`${usher.url}/messages`, 'POST', { headers: asServer, body: lines })
  }
  t.equal((await read(usher, '?limit=99999')).body.messages.length, 1_000)
  const client = await connect(`${usher.url}/rooms/chat:a?replay=99999`, { headers: asServer })
  await say(usher, 'live')
  const heard: string[] = []
  while (heard.at(-1) !== '"live"') heard.push(await client.text())
  t.equal(heard.length, 1_001)
  await client.close()
})

t.test('[C95] offsets of another epoch are refused, and not answered wrongly', async (t) => {
  const usher = await startApp(t)
  const { epoch } = await say(usher, 1)
  t.equal((await read(usher, `?epoch=${epoch}&after=0`)).status, 200)
  const { status, body } = await read(usher, '?epoch=feed&after=0')
  t.equal(status, 409)
  t.match(body, { error: 'unrecoverable_position', code: 112 })
})

t.test('[C95] an ETag tells when nothing has changed', async (t) => {
  const usher = await startApp(t)
  await say(usher, 1)
  const first = await read(usher)
  const tag = first.headers.get('etag') ?? ''
  const again = await read(usher, '', { ...asServer, 'if-none-match': tag })
  t.equal(again.status, 304)
  await say(usher, 2)
  const later = await read(usher, '', { ...asServer, 'if-none-match': tag })
  t.equal(later.status, 200)
  t.not(later.headers.get('etag'), tag)
})

t.test('[C95] a room that keeps nothing has no positions', async (t) => {
  const usher = await startApp(t, ruled({ match: '*' }))
  await say(usher, 1)
  const { body } = await read(usher)
  const nothing = { epoch: null, offset: null, redactions: null, messages: [] }
  t.same(body, { room: 'chat:a', ...nothing })
})

t.test('[C96] a user redacts own messages, and a server key all', async (t) => {
  const usher = await startApp(t)
  const [ann, bob] = [await person(usher), await person(usher)]
  await say(usher, 'mine', ann.bearer)
  await say(usher, 'theirs', bob.bearer)
  const remove = (offset: number | string, headers: Record<string, string>) =>
    call(`${usher.url}${MESSAGES}/${offset}`, 'DELETE', { headers })
  t.equal((await remove(2, ann.bearer)).status, 403)
  t.equal((await remove(1, ann.bearer)).status, 204)
  t.equal((await remove(1, ann.bearer)).status, 404, 'twice')
  t.equal((await remove(2, asServer)).status, 204)
  t.equal((await remove(3, asServer)).status, 404)
  t.equal((await remove(0, asServer)).status, 404)
  t.equal((await remove('x', asServer)).status, 400)
  t.equal((await remove(1, {})).status, 401)
  const { body } = await read(usher)
  const expected = { kind: 'json', data: null, redacted: true }
  t.match(body.messages, [
    { offset: 1, user: ann.user, ...expected },
    { offset: 2, user: bob.user, ...expected },
  ])
})

t.test('[C53] many at once: one result each, in order, some may fail', async (t) => {
  const usher = await startApp(
    t,
    ruled(
      { match: 'chat:*', history: { messages: 10, ageMs: null } },
      { match: 'json:*', payload: 'json' },
      { match: 'closed:*', publish: [] },
    ),
  )
  const body = [
    { room: 'chat:a', data: 'text', key: 'k' },
    { room: 'chat:a', data: { a: 1 } },
    { room: 'chat:a', data: 'AP8=', kind: 'binary' },
    { room: 'chat:a', data: 'A', kind: 'binary' },
    { room: 'json:a', data: 'text' },
    { room: 'json:a', data: 'text', kind: 'json' },
    { room: 'closed:a', data: 1 },
    { room: 'none', data: 1 },
    { room: 'chat:a', data: 'x'.repeat(70_000) },
    { room: 'chat:a', data: 'text', key: 'k' },
    { room: 'chat:a', data: 'other', key: 'k' },
  ]
  const answer = await call(`${usher.url}/messages`, 'POST', { headers: asServer, body })
  t.equal(answer.status, 200)
  t.match(answer.body, [
    { room: 'chat:a', offset: 1 },
    { offset: 2 },
    { offset: 3 },
    { error: 'bad_request', code: 107 },
    { error: 'unsupported_media_type' },
    { room: 'json:a', time: Number },
    { error: 'forbidden', code: 103 },
    { error: 'forbidden' },
    { error: 'too_large', code: 106 },
    { offset: 1 },
    { error: 'conflict' },
  ])
  t.match((await read(usher)).body.messages, [
    { kind: 'text', data: 'text' },
    { kind: 'json', data: { a: 1 } },
    { kind: 'binary', data: 'AP8=' },
  ])
})

t.test('[C53] it is for server keys, and takes 1 to 1,000', async (t) => {
  const usher = await startApp(t)
  const { bearer } = await person(usher)
  const send = (headers: Record<string, string>, body: unknown) =>
    call(`${usher.url}/messages`, 'POST', { headers, body })
  t.equal((await send({}, [{ room: 'chat:a', data: 1 }])).status, 401)
  t.equal((await send(bearer, [{ room: 'chat:a', data: 1 }])).status, 403)
  t.equal((await send(asServer, [])).status, 400)
  t.equal((await send(asServer, Array(1_001).fill({ room: 'chat:a', data: 1 }))).status, 400)
  t.equal((await send(asServer, [{ room: 'a b', data: 1 }])).status, 400)
  t.equal((await send(asServer, [{ room: 'chat:a', data: 1, more: 1 }])).status, 400)
})
