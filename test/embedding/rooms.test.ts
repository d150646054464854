// The decisions of an application over rooms, and the events that its hooks are told.
import { test } from 'tap'
import type { Identity, RoomMember, RoomMessage } from '../../src/index.ts'
import { connect, refused } from '../support/client.ts'
import { asServer, call } from '../support/people.ts'
import { until } from '../support/until.ts'
import { keptLog, startHost } from './host.ts'

const ROOM = '/rt/rooms/chat:a'
const as = (user: string) => ({ 'x-user': user, 'sec-fetch-site': 'same-origin' })

/** An application that believes whatever name a request gives itself. */
const credulous = {
  identity: ({ headers }: { headers: NodeJS.Dict<string | string[]> }) =>
    typeof headers['x-user'] === 'string' ? { user: headers['x-user'] } : null,
}

const mayOnlyRead = ({ user }: Identity, action: string): boolean =>
  user === 'ann' || (user === 'bob' && action === 'join')

/** As query builders and older promise libraries answer. */
const thenable = (builder: object, answer: boolean): boolean =>
  Object.assign(
    builder,
    Object.fromEntries([['then', (tell: (answer: boolean) => void) => tell(answer)]]),
  ) as unknown as boolean

for (const [how, authorize] of [
  ['at once', mayOnlyRead],
  ['later', async (identity: Identity, action: string) => mayOnlyRead(identity, action)],
  ['by a thenable', (...asked) => thenable({}, mayOnlyRead(...asked))],
  ['by a function with a then', (...asked) => thenable(() => true, mayOnlyRead(...asked))],
] as [string, typeof mayOnlyRead][]) {
  test(`[C88] authorize that answers ${how}, at every endpoint`, async (t) => {
    const { url } = await startHost(t, { options: { ...credulous, authorize } })
    const ann = await connect(url + ROOM, { headers: as('ann') })
    const bob = await connect(url + ROOM, { headers: as('bob') })
    t.match(await refused(url + ROOM, { headers: as('eve') }), { status: 403 })
    t.match(
      await refused(url + ROOM),
      { status: 401 },
      'a request without a user is told to log in',
    )
    t.match(await refused(url + ROOM, { headers: asServer }), { status: 403 }, 'keys are asked for')
    ann.send('a')
    t.equal(await bob.text(), 'a')
    const say = (user: string) =>
      call(`${url}${ROOM}/messages`, 'POST', { headers: as(user), body: { by: user } })
    t.equal((await say('ann')).status, 201)
    t.equal((await say('bob')).status, 403)
    t.equal((await call(url + ROOM, 'GET', { headers: as('bob') })).status, 200)
    t.equal((await call(url + ROOM, 'GET', { headers: as('eve') })).status, 403)
    t.equal(await bob.text(), '{"by":"ann"}')
    bob.send('b')
    t.same(await bob.closed, { code: 3507, reason: 'permission denied' })
    await ann.close()
  })
}

test('[C88] authorize is not asked about personal rooms', async (t) => {
  const rooms: string[] = []
  const authorize = (_: Identity, _action: string, room: string) => rooms.push(room) > 0
  const { url } = await startHost(t, { options: { ...credulous, authorize } })
  const mine = `${url}/rt/rooms/user:ann`
  const ann = await connect(mine, { headers: as('ann') })
  t.match(await refused(mine, { headers: as('eve') }), { status: 403 })
  for (const [name, said, read] of [
    ['ann', 201, 200],
    ['eve', 403, 403],
  ] as const) {
    const headers = as(name)
    const published = await call(`${mine}/messages`, 'POST', { headers, body: name })
    t.equal(published.status, said, `${name} publishes`)
    for (const path of ['', '/messages']) {
      t.equal((await call(mine + path, 'GET', { headers })).status, read, name + path)
    }
  }
  t.equal(await ann.text(), '"ann"')
  t.same(rooms, [])
  await ann.close()
})

test('[C88] order stays what each made it while authorize takes its time', async (t) => {
  const waiting: (() => void)[] = []
  const authorize = (_: Identity, action: string): boolean | Promise<boolean> =>
    action === 'join' || new Promise((resolve) => waiting.push(() => resolve(true)))
  const { url } = await startHost(t, { options: { ...credulous, authorize } })
  const ann = await connect(url + ROOM, { headers: as('ann') })
  for (const text of ['1', '2', '3']) ann.send(text)
  for (let count = 1; count <= 3; count += 1) {
    await until(() => waiting.length === 1)
    waiting.shift()?.()
    t.equal(await ann.text(), String(count))
  }
  await ann.close()
})

test('[C88] an authorize that throws is logged, and closes one connection alone', async (t) => {
  const log = keptLog()
  let isBroken = false
  const throwing = (): boolean => {
    if (isBroken) throw new Error('their database is away')
    return true
  }
  for (const authorize of [throwing, async () => throwing()]) {
    isBroken = false
    const { url } = await startHost(t, {
      options: { ...credulous, authorize },
      server: { logger: log.logger },
    })
    const ann = await connect(url + ROOM, { headers: as('ann') })
    const bob = await connect(url + ROOM, { headers: as('bob') })
    isBroken = true
    t.match(await refused(url + ROOM, { headers: as('ann') }), { status: 500, body: { code: 100 } })
    const say = call(`${url}${ROOM}/messages`, 'POST', { headers: as('ann'), body: {} })
    t.equal((await say).status, 500)
    ann.send('a')
    t.equal((await ann.closed).code, 3004)
    isBroken = false
    bob.send('b')
    t.equal(await bob.text(), 'b')
    await bob.close()
  }
  t.match(log.text(), /their database is away/)
})

interface Heard {
  joined: RoomMember[]
  left: RoomMember[]
  published: RoomMessage[]
}

function gracefulShutdown(): { heard: Heard; hooks: object } {
  const heard: Heard = { joined: [], left: [], published: [] }
  const hooks = {
    joined: (member: RoomMember) => heard.joined.push(member),
    left: (member: RoomMember) => heard.left.push(member),
    published: (message: RoomMessage) => heard.published.push(message),
  }
  return { heard, hooks }
}

test('hooks are told each event once, whatever the endpoint', async (t) => {
  const { heard, hooks } = gracefulShutdown()
  const { url, app } = await startHost(t, { options: { ...credulous, hooks } })
  const ann = await connect(url + ROOM, { headers: as('ann') })
  const { ticket } = await app.usher.issueTicket({ user: 'bob' })
  const bob = await connect(`${url}${ROOM}?auth=message`)
  t.equal(heard.joined.length, 1, 'bob is nobody yet')
  bob.send(JSON.stringify({ ticket }))
  bob.send('by bob')
  t.equal(await ann.text(), 'by bob')
  ann.send(Buffer.from([1, 2]))
  await ann.next()
  const headers = { ...as('ann'), 'idempotency-key': 'k1' }
  const say = () => call(`${url}${ROOM}/messages`, 'POST', { headers, body: { n: 1 } })
  t.same([(await say()).status, (await say()).status], [201, 200])
  await app.usher.publish('chat:a', 'by the application')
  await Promise.all([ann.close(), bob.close()])
  await until(() => heard.left.length === 2)
  t.match(heard.joined, [
    { room: 'chat:a', user: 'ann' },
    { room: 'chat:a', user: 'bob' },
  ])
  t.same(
    heard.left.map(({ connection }) => connection).sort(),
    heard.joined.map(({ connection }) => connection).sort(),
  )
  t.same(
    Object.keys(heard.joined[0] ?? {}),
    ['room', 'connection', 'user'],
    'no inner field of ours',
  )
  const told = heard.published.map(({ user, kind, payload }) => [user, kind, String(payload)])
  t.same(told, [
    ['bob', 'text', 'by bob'],
    ['ann', 'binary', '\u0001\u0002'],
    ['ann', 'json', '{"n":1}'],
    [null, 'text', 'by the application'],
  ])
  t.ok(heard.published.every(({ time }) => time > 1_600_000_000_000))
})

test('[C65] closing the application: every member has left before it has closed', async (t) => {
  const { heard, hooks } = gracefulShutdown()
  const { url, app } = await startHost(t, { options: { ...credulous, hooks } })
  await Promise.all(['ann', 'bob'].map((user) => connect(url + ROOM, { headers: as(user) })))
  await app.close()
  t.same(heard.left.map(({ user }) => user).sort(), ['ann', 'bob'])
})

test('a hook that throws, or rejects, is logged and does no harm', async (t) => {
  const log = keptLog()
  const fail = () => {
    throw new Error('their hook is broken')
  }
  for (const hook of [fail, async () => fail(), () => new Promise(() => undefined)]) {
    const hooks = { joined: hook, left: hook, published: hook }
    const { url, app } = await startHost(t, {
      options: { ...credulous, hooks },
      server: { logger: log.logger },
    })
    const ann = await connect(url + ROOM, { headers: as('ann') })
    ann.send('a')
    t.equal(await ann.text(), 'a')
    await app.usher.publish('chat:a', 'b')
    t.equal(await ann.text(), 'b')
    t.equal((await ann.close()).code, 1000)
    await app.close()
  }
  for (const hook of ['joined', 'left', 'published']) {
    t.match(log.text(), new RegExp(`their hook is broken.*"hook":"${hook}"`))
  }
})

test('a hook may publish in its room, and send users out', async (t) => {
  const { app, url } = await startHost(t, {
    options: {
      ...credulous,
      hooks: {
        joined: ({ room, user }) =>
          user === 'eve'
            ? app.usher.disconnect({ user, room })
            : app.usher.publish(room, `${user} is here`),
        left: ({ room, user }) => app.usher.publish(room, `${user} is gone`),
        published: ({ room, payload }) =>
          String(payload) === 'ping' ? app.usher.publish(room, 'pong') : null,
      },
    },
  })
  const ann = await connect(url + ROOM, { headers: as('ann') })
  t.equal(await ann.text(), 'ann is here')
  const bob = await connect(url + ROOM, { headers: as('bob') })
  t.equal(await ann.text(), 'bob is here')
  t.equal(await bob.text(), 'bob is here')
  ann.send('ping')
  t.same([await bob.text(), await bob.text()], ['ping', 'pong'])
  const eve = await connect(url + ROOM, { headers: as('eve') })
  t.equal((await eve.closed).code, 3503)
  await bob.close()
  t.same([await ann.text(), await ann.text()], ['ping', 'pong'])
  t.same([await ann.text(), await ann.text()].sort(), ['bob is gone', 'eve is gone'])
  await ann.close()
})
