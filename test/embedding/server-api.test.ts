// app.usher: the functions that an application calls from its own code, before and after it
// listens.
import { type Test, test } from 'tap'
import { Refusal, type Usher } from '../../src/index.ts'
import { connect, refused } from '../support/client.ts'
import { asServer, call } from '../support/people.ts'
import { makeHost, startHost } from './host.ts'

const ROOM = '/rt/rooms/chat:a'

test('[C89] publish: text, bytes and JSON arrive as what they are', async (t) => {
  const { app, url } = await startHost(t)
  const member = await connect(url + ROOM, { headers: asServer })
  const { usher } = app
  const first = await usher.publish('chat:a', 'text')
  t.match(first, { room: 'chat:a', time: Number })
  await usher.publish('chat:a', { json: [1, null] })
  await usher.publish('chat:a', 'text', { kind: 'json' })
  await usher.publish('chat:a', null)
  await usher.publish('chat:a', '')
  await usher.publish('chat:a', Buffer.from([0, 255]))
  await usher.publish('chat:a', new Uint8Array([1, 2]))
  await usher.publish('chat:a', Buffer.from('é'), { kind: 'text' })
  await usher.publish('chat:a', Buffer.from('{"a":1}'), { kind: 'json' })
  const texts = ['text', '{"json":[1,null]}', '"text"', 'null', '']
  for (const expected of texts) {
    const { data, binary } = await member.next()
    t.same({ text: String(data), binary }, { text: expected, binary: false })
  }
  t.match(await member.next(), { data: Buffer.from([0, 255]), binary: true })
  t.match(await member.next(), { data: Buffer.from([1, 2]), binary: true })
  t.equal(await member.text(), 'é')
  t.equal(await member.text(), '{"a":1}')
  await member.close()
})

test('publish takes a copy: the caller may use its bytes again', async (t) => {
  const { app, url } = await startHost(t)
  const member = await connect(url + ROOM, { headers: asServer })
  const bytes = Buffer.from('first')
  const publishing = app.usher.publish('chat:a', bytes)
  bytes.fill('x')
  await publishing
  t.equal(await member.text(), 'first')
  await member.close()
})

test('publish with a key takes effect once; other words with it are a conflict', async (t) => {
  const { app, url } = await startHost(t)
  const member = await connect(url + ROOM, { headers: asServer })
  const { usher } = app
  const first = await usher.publish('live:a', 'a', { key: 'k' })
  t.same(await usher.publish('live:a', 'a', { key: 'k' }), first)
  await t.rejects(usher.publish('live:a', 'b', { key: 'k' }), /key/i)
  await usher.publish('chat:a', 'once', { key: 'k' })
  await usher.publish('chat:a', 'once', { key: 'k' })
  await usher.publish('chat:a', 'end')
  t.same([await member.text(), await member.text()], ['once', 'end'])
  await member.close()
})

/** Each is refused with this status, and none takes effect. */
async function allRefused(t: Test, tries: [() => Promise<unknown>, number][]): Promise<void> {
  for (const [run, status] of tries) {
    const error = await run().then(
      () => null,
      (reason: unknown) => reason,
    )
    t.ok(error instanceof Refusal, `${run}: ${error}`)
    t.match(error, { reply: { status }, statusCode: status, message: /\w+ \w+/ })
  }
}

test('publish: a message that is not allowed is refused in words', async (t) => {
  const rooms = [{ match: 'json:*', payload: 'json' as const }, { match: 'chat:*' }]
  const { app } = await startHost(t, { options: { rooms } })
  const { usher } = app
  const loop: unknown[] = []
  loop.push(loop)
  await allRefused(t, [
    [() => usher.publish('other:a', 'x'), 403],
    [() => usher.publish('a b', 'x'), 403],
    [() => usher.publish(undefined as never, 'x'), 403],
    [() => usher.publish('json:a', 'x'), 415],
    [() => usher.publish('chat:a', 'x'.repeat(65_537)), 413],
    [() => usher.publish('chat:a', undefined), 400],
    [() => usher.publish('chat:a', () => 1), 400],
    [() => usher.publish('chat:a', 1n), 400],
    [() => usher.publish('chat:a', loop), 400],
    [() => usher.publish('chat:a', { a: 1 }, { kind: 'text' }), 400],
    [() => usher.publish('chat:a', 'x', { kind: 'xml' as never }), 400],
    [() => usher.publish('chat:a', Buffer.from([255]), { kind: 'text' }), 400],
    [() => usher.publish('chat:a', Buffer.from('{'), { kind: 'json' }), 400],
    [() => usher.publish('chat:a', 'x', { user: 'a b' }), 400],
    [() => usher.publish('chat:a', 'x', { key: '' }), 400],
    [() => usher.publish('chat:a', 'x', { key: 'a b' }), 400],
  ])
  t.match(await usher.publish('json:a', { a: 1 }), { room: 'json:a' })
})

test('a ticket of the application opens one connection, as it was ordered', async (t) => {
  const { app, url } = await startHost(t)
  const before = Date.now()
  const info = { name: 'Ann' }
  const order = { user: 'ann', rooms: ['chat:a'], info, ttl: 10, connectionTtl: 60 }
  const { ticket, expiresAt } = await app.usher.issueTicket(order)
  t.ok(expiresAt >= before + 10_000 && expiresAt <= Date.now() + 10_000)
  t.equal((await refused(`${url}/rt/rooms/chat:b?ticket=${ticket}`)).status, 403)
  const member = await connect(`${url}${ROOM}?ticket=${ticket}`)
  t.match(await refused(`${url}${ROOM}?ticket=${ticket}`), { body: { error: 'ticket_used' } })
  await member.close()
})

test('issueTicket: an invalid order is refused in words', async (t) => {
  const { app } = await startHost(t, { options: { limits: { ticketsPerMinute: 3 } } })
  const order = (more: object) => () => app.usher.issueTicket({ user: 'ann', ...more })
  await allRefused(t, [
    [order({ user: 'a b' }), 400],
    [order({ user: undefined }), 400],
    [order({ user: 7 }), 400],
    [order({ rooms: [] }), 400],
    [order({ rooms: 'chat:a' }), 400],
    [order({ rooms: ['a b'] }), 400],
    [order({ rooms: Array.from({ length: 129 }, (_, n) => `r${n}`) }), 400],
    [order({ ttl: 0 }), 400],
    [order({ ttl: 31 }), 400],
    [order({ ttl: Number.NaN }), 400],
    [order({ connectionTtl: 0.5 }), 400],
    [order({ connectionTtl: 2_592_001 }), 400],
    [order({ info: { a: 'x'.repeat(2_048) } }), 400],
    [order({ info: 'text' }), 400],
  ])
  for (let n = 0; n < 3; n += 1) await order({})()
  await allRefused(t, [[order({}), 429]])
})

test('disconnect: a user, a user in one room, and an unknown user', async (t) => {
  const { app, url } = await startHost(t)
  const enter = async (user: string, room: string) => {
    const { ticket } = await app.usher.issueTicket({ user })
    return connect(`${url}/rt/rooms/${room}?ticket=${ticket}`)
  }
  const [one, two] = [await enter('ann', 'chat:a'), await enter('ann', 'chat:b')]
  const bob = await enter('bob', 'chat:a')
  await app.usher.disconnect({ user: 'unknown' })
  await app.usher.disconnect({ session: 'nothing' })
  await app.usher.disconnect({ user: 'ann', room: 'chat:a' })
  t.same(await one.closed, { code: 3503, reason: 'forced' })
  await app.usher.publish('chat:b', 'still here')
  t.equal(await two.text(), 'still here')
  await app.usher.disconnect({ user: 'ann' })
  t.same(await two.closed, { code: 3503, reason: 'forced' })
  bob.send('me too')
  t.equal(await bob.text(), 'me too')
  await bob.close()
  const wrong = (who: unknown) => () => app.usher.disconnect(who as never)
  await allRefused(t, [
    [wrong({}), 400],
    [wrong({ user: '' }), 400],
    [wrong({ user: 'ann', room: 'a b' }), 400],
    [wrong({ session: 7 }), 400],
  ])
})

test('members: who is in a room, with what is public of their info', async (t) => {
  const { app, url } = await startHost(t)
  const { usher } = app
  const info = { name: 'Ann', secret: 'x', public: { colour: 'green' } }
  const { ticket } = await usher.issueTicket({ user: 'ann', info })
  const member = await connect(`${url}${ROOM}?ticket=${ticket}`)
  const ann = { user: 'ann', name: 'Ann', connections: 1, info: info.public }
  t.same(await usher.members('chat:a'), { members: [ann], connections: 1, users: 1 })
  await member.close()
  t.same(await usher.members('chat:a'), { members: [], connections: 0, users: 0 })
  await t.rejects(usher.members('live:a'), /does not tell who is in it/)
  await t.rejects(usher.members('a b'), /room name/)
})

test('redactUser and deleteRoom: what was said is gone, members are told of a loss', async (t) => {
  const { app, url } = await startHost(t)
  const { usher } = app
  const member = await connect(url + ROOM, { headers: asServer })
  const first = await usher.publish('chat:a', 'one', { user: 'ann' })
  await usher.publish('chat:a', 'two', { user: 'bob' })
  const shown = async () => {
    const { body } = await call(`${url}${ROOM}/messages`, 'GET', { headers: asServer })
    return body.messages.map(({ data }: { data: unknown }) => data)
  }
  await usher.redactUser('ann')
  t.same(await shown(), [null, 'two'])
  await usher.deleteRoom('chat:a')
  t.same(await shown(), [])
  t.equal((await member.closed).code, 3010)
  const again = await usher.publish('chat:a', 'three')
  t.match(again, { offset: 1 })
  t.not(again.epoch, first.epoch)
  await usher.deleteRoom('nothing:here')
  await t.rejects(usher.redactUser('a b'), /user id/)
  await t.rejects(usher.deleteRoom('a b'), /room name/)
})

test('it is there as soon as Usher is registered, before the application is ready', async (t) => {
  const app = await makeHost(t)
  t.match(await app.usher.publish('live:a', 'early'), { room: 'live:a' })
  const { ticket } = await app.usher.issueTicket({ user: 'ann' })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  await (await connect(`${url}${ROOM}?ticket=${ticket}`)).close()
})

test('after closing, everything is refused as unavailable', async (t) => {
  const { app } = await startHost(t)
  const { usher } = app
  await app.close()
  const calls: ((usher: Usher) => Promise<unknown>)[] = [
    (usher) => usher.publish('live:a', 'late'),
    (usher) => usher.issueTicket({ user: 'ann' }),
    (usher) => usher.disconnect({ user: 'ann' }),
    (usher) => usher.members('chat:a'),
    (usher) => usher.redactUser('ann'),
    (usher) => usher.deleteRoom('chat:a'),
    (usher) => usher.authenticate({} as never),
  ]
  for (const late of calls) {
    await t.rejects(late(usher), { name: 'EngineUnavailable', message: 'Usher is closed.' })
  }
})

test('two Ushers in one process share nothing', async (t) => {
  const [one, two] = await Promise.all([startHost(t), startHost(t, { options: { prefix: '' } })])
  const { ticket } = await one.app.usher.issueTicket({ user: 'ann' })
  const stranger = await refused(`${two.url}/rooms/chat:a?ticket=${ticket}`)
  t.match(stranger, { status: 401, body: { error: 'ticket_invalid' } })
  const ann = await connect(`${one.url}${ROOM}?ticket=${ticket}`)
  const bob = await connect(`${two.url}/rooms/chat:a`, { headers: asServer })
  await two.app.usher.publish('chat:a', 'to two')
  await one.app.usher.publish('chat:a', 'to one')
  t.equal(await ann.text(), 'to one')
  t.equal(await bob.text(), 'to two')
  await one.app.close()
  t.equal((await ann.closed).code, 3001)
  await two.app.usher.publish('chat:a', 'alone')
  t.equal(await bob.text(), 'alone')
  await bob.close()
})
