// Who belongs to a room and how far they have got, over REST.
import t from 'tap'
import { startApp } from '../support/app.ts'
import { connect } from '../support/client.ts'
import { asServer, call, person } from '../support/people.ts'
import { limited } from '../support/settings.ts'

const usher = await startApp(t, limited({ receiptParticipants: 4 }))
const { url } = usher
const [ann, bob, carol] = [await person(usher), await person(usher), await person(usher)]
type Headers = Record<string, string>

function say(room: string, headers: Headers, body: unknown = 'x') {
  return call(`${url}/rooms/${room}/messages`, 'POST', { headers, body })
}

function move(room: string, headers: Headers, body: object) {
  return call(`${url}/rooms/${room}/receipts`, 'PUT', { headers, body })
}

async function all(room: string, headers: Headers, query = '') {
  return (await call(`${url}/rooms/${room}/receipts${query}`, 'GET', { headers })).body
}

t.test(
  '[C371] my receipts only grow, reach the newest message, and what I read came to me',
  async (t) => {
    await move('chat:grow', ann.bearer, { delivered: 0 })
    for (let n = 0; n < 5; n += 1) await say('chat:grow', asServer)
    t.match(await move('chat:grow', ann.bearer, { delivered: 3 }), {
      status: 200,
      body: { delivered: 3, read: 0 },
    })
    t.same((await move('chat:grow', ann.bearer, { read: 2 })).body, { delivered: 3, read: 2 })
    t.same((await move('chat:grow', ann.bearer, { read: 1 })).body, { delivered: 3, read: 2 })
    t.same((await move('chat:grow', ann.bearer, { read: 4 })).body, { delivered: 4, read: 4 })
    t.same((await move('chat:grow', ann.bearer, { read: 99 })).body, { delivered: 5, read: 5 })
  },
)

t.test(
  '[C370] [C371] a move that is none, or of a room that has no receipts, is refused',
  async (t) => {
    for (const body of [
      {},
      { private: true },
      { read: -1 },
      { read: 1.5 },
      { read: '1' },
      { to: 1 },
    ]) {
      t.match(await move('chat:none', ann.bearer, body), { status: 400, body: { code: 107 } })
    }
    for (const room of ['lobby', 'live:a', `user:${ann.user}`]) {
      const refusal = { status: 404, body: { error: 'not_available', code: 108 } }
      t.match(await move(room, ann.bearer, { read: 1 }), refusal, room)
      t.match(await call(`${url}/rooms/${room}/receipts`, 'GET', { headers: ann.bearer }), refusal)
    }
    t.match(await move('chat:none', {}, { read: 1 }), { status: 401 })
    t.match(await move('chat:none', asServer, { read: 1 }), { status: 403 })
    t.match(await move(`user:${bob.user}`, ann.bearer, { read: 1 }), { status: 403 })
  },
)

t.test('[C372] only a move or a wish makes a participant, and only a wish ends one', async (t) => {
  const room = 'chat:belong'
  const member = await connect(`${url}/rooms/${room}`, { headers: ann.browser })
  member.send('joins and publishes')
  await member.text()
  await member.close()
  t.same((await all(room, bob.bearer)).participants, [])
  const participant = `${url}/rooms/${room}/participants/`
  const put = (user: string, headers: Headers) => call(participant + user, 'PUT', { headers })
  t.match(await put(ann.user, ann.bearer), { status: 204 })
  t.match(await put(bob.user, ann.bearer), { status: 403 })
  t.match(await put('u_elsewhere', asServer), { status: 204 })
  t.match(await put(ann.user, ann.bearer), { status: 204 }, 'again')
  await move(room, bob.bearer, { delivered: 0 })
  t.same(
    (await all(room, carol.bearer)).participants,
    [
      { user: ann.user, name: ann.username, joined: 1, delivered: 1, read: 1 },
      { user: bob.user, name: bob.username, joined: 1, delivered: 1, read: 1 },
      { user: 'u_elsewhere', name: null, joined: 1, delivered: 1, read: 1 },
    ].sort((a, b) => (a.user < b.user ? -1 : 1)),
  )
  const end = (user: string, headers: Headers) => call(participant + user, 'DELETE', { headers })
  t.match(await end(bob.user, ann.bearer), { status: 403 })
  for (const headers of [asServer, asServer]) {
    t.match(await end('u_elsewhere', headers), { status: 204 })
  }
  t.match(await end(bob.user, bob.bearer), { status: 204 })
  t.match((await all(room, carol.bearer)).participants, [{ user: ann.user }])
})

t.test(
  '[C373] [C374] a message counts for those who belonged to the room, but for its sender',
  async (t) => {
    const room = 'chat:marks'
    for (const { bearer } of [ann, bob]) await move(room, bearer, { delivered: 0 })
    await say(room, ann.bearer)
    t.match(await all(room, ann.bearer, '?offset=1'), {
      ...{ deliveredToAll: 0, readByAll: 0, deliveredTo: [], readBy: [] },
    })
    t.match(await all(room, bob.bearer), { deliveredToAll: 1, readByAll: 1 })
    await move(room, bob.bearer, { delivered: 1 })
    t.match(await all(room, ann.bearer, '?offset=1'), {
      ...{ deliveredToAll: 1, readByAll: 0, deliveredTo: [bob.user], readBy: [] },
    })
    await move(room, carol.bearer, { read: 1 })
    t.match(await all(room, ann.bearer, '?offset=1'), {
      ...{ deliveredToAll: 1, readByAll: 0, deliveredTo: [bob.user, carol.user].sort() },
      readBy: [carol.user],
    })
    await move(room, bob.bearer, { read: 1 })
    t.match(await all(room, ann.bearer), { readByAll: 1 })
    const asBob = { ...asServer }
    await call(`${url}/rooms/${room}/messages?user=${bob.user}`, 'POST', {
      headers: asBob,
      body: 'x',
    })
    t.match((await all(room, ann.bearer)).deliveredToAll, 1, 'a server key moves nothing')
  },
)

t.test('[C375] what is read privately is for my own devices alone', async (t) => {
  const room = 'chat:private'
  for (const { bearer } of [ann, bob]) await move(room, bearer, { delivered: 0 })
  for (let n = 0; n < 3; n += 1) await say(room, ann.bearer)
  const secret = await move(room, bob.bearer, { read: 3, private: true })
  t.same(secret.body, { delivered: 3, read: 3 })
  t.match(await all(room, ann.bearer, '?offset=2'), {
    ...{ deliveredToAll: 0, readByAll: null, deliveredTo: [], readBy: [] },
  })
  const bobIn = (body: { participants: { user: string }[] }) =>
    body.participants.find(({ user }) => user === bob.user)
  t.match(bobIn(await all(room, ann.bearer)), { delivered: 0, read: null })
  await move(room, bob.bearer, { delivered: 2 })
  t.match(bobIn(await all(room, ann.bearer)), { delivered: 2, read: null }, 'still private')
  await say(room, bob.bearer)
  t.match(bobIn(await all(room, ann.bearer)), { read: null }, 'publishing ends it not')
  const open = await move(room, bob.bearer, { read: 2 })
  t.same(open.body, { delivered: 4, read: 4 })
  t.match(bobIn(await all(room, ann.bearer)), { delivered: 2, read: 2 })
})

t.test('[C376] above the bound, lists and watermarks stop, and mine go on', async (t) => {
  const room = 'chat:crowd'
  for (let n = 0; n < 4; n += 1) {
    await call(`${url}/rooms/${room}/participants/u_${n}`, 'PUT', { headers: asServer })
  }
  await say(room, asServer)
  t.match(await all(room, ann.bearer), { deliveredToAll: 0, readByAll: 0 })
  t.same((await move(room, ann.bearer, { read: 1 })).body, { delivered: 1, read: 1 })
  t.same(await all(room, ann.bearer, '?offset=1'), {
    ...{ participants: null, deliveredToAll: null, readByAll: null },
    ...{ deliveredTo: null, readBy: null },
  })
})

t.test(
  '[C378] my rooms come newest first, with the newest message and what is unread',
  async (t) => {
    const dan = await person(usher)
    const mine = async (query = '') =>
      (await call(`${url}/rooms?participant=me${query}`, 'GET', { headers: dan.bearer })).body.rooms
    t.same(await mine(), [])
    for (const name of ['one', 'two', 'three']) {
      await move(`chat:of-dan-${name}`, dan.bearer, { delivered: 0 })
      await say(`chat:of-dan-${name}`, ann.bearer, name)
    }
    await say('chat:of-dan-one', ann.bearer, { again: true })
    await move('chat:of-dan-one', dan.bearer, { read: 1, private: true })
    const [first, ...rest] = await mine()
    t.match(first, { room: 'chat:of-dan-one', offset: 2, read: 1, delivered: 1, unread: 1 })
    t.match(first.last, { offset: 2, user: ann.user, name: ann.username, data: { again: true } })
    t.same(
      rest.map(({ room, unread }: { room: string; unread: number }) => [room, unread]),
      [
        ['chat:of-dan-three', 1],
        ['chat:of-dan-two', 1],
      ],
    )
    t.match(await mine('&limit=1'), [{ room: 'chat:of-dan-one' }])
    const older = await mine(`&before=${first.last.time}`)
    t.match(older.at(-1), { room: 'chat:of-dan-two' })
    await call(`${url}/rooms/chat:of-dan-two/participants/${dan.user}`, 'DELETE', {
      headers: dan.bearer,
    })
    t.equal((await mine()).length, 2)
    const status = async (query: string, headers: Headers) =>
      (await call(`${url}/rooms${query}`, 'GET', { headers })).status
    t.equal(await status('', dan.bearer), 403)
    t.equal(await status('?before=1', asServer), 400)
    t.equal(await status('?participant=me&after=a', dan.bearer), 400)
    t.equal(await status('?participant=me', asServer), 403)
    t.equal(await status('?participant=you', dan.bearer), 400)
    t.equal(await status('?participant=me', {}), 401)
  },
)

t.test('[C382] a deleted room has no participants', async (t) => {
  const room = 'chat:deleted'
  await move(room, ann.bearer, { delivered: 0 })
  await say(room, bob.bearer)
  t.match(await call(`${url}/rooms/${room}`, 'DELETE', { headers: asServer }), { status: 204 })
  t.same((await all(room, ann.bearer)).participants, [])
})
