// GET /rooms/:room/members: which users are in a room, over every kind of connection.
import t from 'tap'
import { startApp } from '../support/app.ts'
import { type Client, connect } from '../support/client.ts'
import { follow } from '../support/follow.ts'
import { asServer, call, type Person, person, ticketOf } from '../support/people.ts'
import { connectRich, openRich } from '../support/rich-client.ts'
import { limited, ruled } from '../support/settings.ts'
import { until } from '../support/until.ts'

const usher = await startApp(t, {
  ...limited({ presenceMembers: 4 }),
  ...ruled(
    { match: 'open:*', presence: 'members', join: ['anyone'] },
    { match: 'count:*', presence: 'counts' },
    { match: 'off:*' },
    { match: '*', presence: 'members' },
  ),
})
const ann = await person(usher, 'ann')
const bob = await person(usher, 'bob')

const ask = (room: string, headers: Record<string, string> = asServer) =>
  call(`${usher.url}/rooms/${room}/members`, 'GET', { headers })
const membersOf = async (room: string) => (await ask(room)).body
const enter = (room: string, { bearer }: Person): Promise<Client> =>
  connect(`${usher.url}/rooms/${room}`, { headers: bearer })
const shown = ({ user, username }: Person, connections = 1) => ({
  ...{ user, name: username, connections, info: null },
})

t.test('[C281] users are listed with their connections, and go with the last one', async (t) => {
  t.same(await membersOf('chat:a'), { members: [], connections: 0, users: 0 })
  const first = await enter('chat:a', ann)
  const stream = await follow(`${usher.url}/rooms/chat:a`, bob.bearer)
  const second = await enter('chat:a', ann)
  const all = { members: [shown(ann, 2), shown(bob)], connections: 3, users: 2 }
  t.same(await membersOf('chat:a'), all)
  t.same((await ask('chat:a', bob.bearer)).body, all, 'users see the same')
  await first.close()
  stream.stop()
  await until(async () => (await membersOf('chat:a')).connections === 1)
  t.same(await membersOf('chat:a'), { members: [shown(ann)], connections: 1, users: 1 })
  await second.close()
  t.same((await membersOf('chat:a')).members, [])
})

t.test('[C281] all connections without a user are one entry', async (t) => {
  const room = `${usher.url}/rooms/open:a`
  const clients = [await connect(room), await enter('open:a', ann), await connect(room)]
  const nameless = { user: null, name: null, connections: 2, info: null }
  t.same((await ask('open:a', {})).body, {
    ...{ members: [nameless, shown(ann)], connections: 3, users: 2 },
  })
  t.match((await ask('chat:a', {})).body, { error: 'unauthorized' })
  await Promise.all(clients.map((client) => client.close()))
})

t.test('[C282] only what is public of info leaves the server (S54)', async (t) => {
  const info = { name: 'Cleo', secret: 'internal', public: { colour: 'green', n: [1] } }
  const ticket = await ticketOf(usher, asServer, { user: 'cleo', info })
  const client = await connect(`${usher.url}/rooms/chat:b?ticket=${ticket}`)
  const { headers, body } = await ask('chat:b')
  const cleo = { user: 'cleo', name: 'Cleo', connections: 1, info: info.public }
  t.same(body, { members: [cleo], connections: 1, users: 1 })
  t.match(headers.get('cache-control'), /private/)
  await client.close()
  for (const [not, kept] of Object.entries({
    text: 'x',
    list: [1],
    nothing: null,
    none: undefined,
  })) {
    const narrow = await ticketOf(usher, asServer, { user: 'cleo', info: { public: kept, a: 1 } })
    const other = await connect(`${usher.url}/rooms/chat:b?ticket=${narrow}`)
    t.equal(
      (await membersOf('chat:b')).members[0].info,
      null,
      `what is public is an object: ${not}`,
    )
    await other.close()
  }
})

t.test('[C283] server keys do not appear, and are not counted with presence', async (t) => {
  for (const [room, members] of [
    ['chat:c', 1],
    ['off:c', 2],
  ] as const) {
    const back = await connect(`${usher.url}/rooms/${room}`, { headers: asServer })
    const client = await enter(room, ann)
    const { body } = await call(`${usher.url}/rooms/${room}`, 'GET', { headers: asServer })
    t.match(body, { members, users: 1 })
    if (room === 'chat:c') t.match(await membersOf(room), { members: [shown(ann)], connections: 1 })
    await Promise.all([back.close(), client.close()])
  }
})

t.test('[C284] above the size there are counts only, until it is well below it', async (t) => {
  const clients: Client[] = []
  for (let i = 0; i < 5; i += 1) clients.push(await enter('chat:d', i % 2 === 0 ? ann : bob))
  t.same(await membersOf('chat:d'), { members: null, connections: 5, users: 2 })
  for (const connections of [4, 3]) {
    await clients.shift()?.close()
    t.same(await membersOf('chat:d'), { members: null, connections, users: 2 })
  }
  await clients.shift()?.close()
  t.match(await membersOf('chat:d'), { members: [{}, {}], connections: 2, users: 2 })
  await Promise.all(clients.map((client) => client.close()))
})

t.test('[C284] a rule that says so tells counts only', async (t) => {
  const client = await enter('count:a', ann)
  t.same(await membersOf('count:a'), { members: null, connections: 1, users: 1 })
  await client.close()
})

t.test('[C285] without presence it is not available, to those who may join alone', async (t) => {
  for (const room of ['off:a', `user:${ann.user}`]) {
    t.match(await ask(room, ann.bearer), {
      status: 404,
      body: { error: 'not_available', code: 108 },
    })
  }
  t.match(await ask(`user:${ann.user}`, bob.bearer), { status: 403 })
  t.match(await ask('off:a', {}), { status: 401 })
})

t.test('[C286] what is answered counts for what a user may read', async (t) => {
  const { app } = usher
  const holder = { user: bob.user, address: null, server: null }
  app.engine.shares.charge('reads', holder, 2 ** 40)
  t.match(await ask('chat:a', bob.bearer), { status: 429, body: { error: 'too_many_requests' } })
  t.equal((await ask('chat:a', ann.bearer)).status, 200)
})

t.test(
  '[C280] joins and leaves of every kind of connection are told to those that ask',
  async (t) => {
    const rich = await openRich(usher.url, { headers: ann.browser })
    const { connect: connected } = await rich.ask('connect')
    const quiet = await connectRich(usher.url, { headers: ann.browser })
    await quiet.ask('subscribe', { channel: 'chat:e' })
    await rich.ask('subscribe', { channel: 'chat:e', join_leave: true })
    const mine = { client: connected.client, user: ann.user }
    t.match(
      await rich.push(),
      { channel: 'chat:e', join: { info: mine } },
      'its own join, after it',
    )
    const plain = await enter('chat:e', bob)
    const { join } = await rich.push()
    t.match(join.info, { user: bob.user, conn_info: { name: 'bob' } })
    const { presence } = await rich.ask('presence', { channel: 'chat:e' })
    t.same(Object.keys(presence.presence).length, 3)
    t.match(presence.presence[join.info.client], join.info)
    const stats = await rich.ask('presence_stats', { channel: 'chat:e' })
    t.match(stats, { presence_stats: { num_clients: 3, num_users: 2 } })
    plain.ws.terminate()
    t.match(await rich.push(), { channel: 'chat:e', leave: join })
    const stream = await follow(`${usher.url}/rooms/chat:e`, bob.bearer)
    t.match((await rich.push()).join, { info: { user: bob.user } })
    stream.stop()
    t.match((await rich.push()).leave, { info: { user: bob.user } })
    await rich.ask('unsubscribe', { channel: 'chat:e' })
    await rich.ask('subscribe', { channel: 'chat:e', join_leave: true })
    t.match((await rich.push()).join, { info: mine }, 'and not its own leave')
    t.same([rich.pushes, quiet.pushes], [[], []])
    for (const { client } of [rich, quiet]) await client.close()
  },
)

t.test('[C284] [C285] the rich protocol has counts where it has no list, or 108', async (t) => {
  const rich = await connectRich(usher.url, { headers: ann.browser })
  const ask = (what: string, channel: string) => rich.ask(what, { channel })
  t.match(await ask('presence', 'off:a'), { error: { code: 108 } })
  t.match(await ask('presence_stats', 'off:a'), { error: { code: 108 } })
  await rich.ask('subscribe', { channel: 'count:b', join_leave: true })
  t.match(await ask('presence', 'count:b'), { error: { code: 108 } })
  t.match(await ask('presence_stats', 'count:b'), {
    presence_stats: { num_clients: 1, num_users: 1 },
  })
  t.match(await ask('presence', `user:${bob.user}`), { error: { code: 103 } })
  const stranger = await connectRich(usher.url)
  const { presence } = await stranger
    .ask('subscribe', { channel: 'open:b' })
    .then(() => stranger.ask('presence', { channel: 'open:b' }))
  const [client] = Object.values(presence.presence)
  t.match(client, { client: /./ }, 'one without a user is there by its connection')
  t.same(rich.pushes, [])
  for (const { client } of [rich, stranger]) await client.close()
})
