// The case that breaks every server of one process: three users of one room are on three nodes.
import t from 'tap'
import { Keys } from '../../src/engine/redis/keys.ts'
import { type Client, connect } from '../support/client.ts'
import { follow } from '../support/follow.ts'
import { asServer, call, type Person, signedUp, ticketOf, whoAmI } from '../support/people.ts'
import { refusedOn } from '../support/redis-rights.ts'
import { connectRich } from '../support/rich-client.ts'
import { until, within } from '../support/until.ts'
import { startService } from './service.ts'

t.testdir()
const ROOM = 'chat:three'
const service = await startService(t, 3)
const [one, two, three] = service.nodes.map(({ url }) => ({ url, keepSecret: () => {} }))
if (one === undefined || two === undefined || three === undefined) throw new Error('no nodes')
const people: Person[] = []
for (const [at, node] of [one, two, three].entries()) {
  people.push(await signedUp(node, `person${at}`))
}
const [ann, bob, cid] = people as [Person, Person, Person]

const publish = (url: string, text: string, { bearer }: Person) =>
  fetch(`${url}/rooms/${ROOM}/messages`, {
    method: 'POST',
    headers: { ...bearer, 'content-type': 'text/plain' },
    body: text,
  })

/** The users in the room, as the third node has them. */
const present = async (): Promise<string[]> => {
  const { body } = await call(`${three.url}/rooms/${ROOM}/members`, 'GET', { headers: asServer })
  return body.members.map(({ user }: { user: string }) => user)
}

t.test(
  'one by plain frames, one by the rich protocol, one by a stream: all hear all',
  async (t) => {
    const raw = await connect(`${one.url}/rooms/${ROOM}`, { headers: ann.browser })
    const rich = await connectRich(two.url, { headers: bob.browser })
    t.match(await rich.ask('subscribe', { channel: ROOM }), { subscribe: { positioned: true } })
    const stream = await follow(`${three.url}/rooms/${ROOM}`, cid.bearer)
    await until(() => stream.positions.length === 1, { what: 'the stream begins' })
    raw.send('from ann')
    t.equal((await raw.next()).data.toString(), 'from ann')
    t.match(await rich.ask('publish', { channel: ROOM, data: 'from bob' }), { publish: {} })
    t.equal((await publish(three.url, 'from cid', cid)).status, 201)
    const said = ['from ann', '"from bob"', 'from cid']
    t.same(await stream.data(3), said)
    t.same([(await raw.next()).data.toString(), (await raw.next()).data.toString()], said.slice(1))
    const heard = async () => {
      for (;;) {
        const { pub } = await rich.push()
        if (pub !== undefined) return pub.data
      }
    }
    t.same([await heard(), await heard(), await heard()], ['from ann', 'from bob', 'from cid'])

    t.same((await present()).sort(), [ann.user, bob.user, cid.user].sort())
    stream.stop()
    rich.client.ws.terminate()
    raw.ws.terminate()
  },
)

t.test('a node without members of a room gets none of its messages', async (t) => {
  const room = 'chat:alone'
  const member = await connect(`${one.url}/rooms/${room}`, { headers: ann.browser })
  const answer = await fetch(`${three.url}/rooms/${room}/messages`, {
    method: 'POST',
    headers: { ...asServer, 'content-type': 'text/plain' },
    body: 'from a node without members',
  })
  t.equal(answer.status, 201)
  t.equal((await member.next()).data.toString(), 'from a node without members')
  const channel = new Keys('usher:').room(room, 'c')
  t.same(await service.redis.tell('PUBSUB', 'SHARDNUMSUB', channel), [Buffer.from(channel), 1])
  member.ws.terminate()
})

t.test('of a hundred uses of one ticket over three nodes one enters', async (t) => {
  const ticket = await ticketOf(one, ann.bearer)
  const enter = (at: number) => {
    const { url } = [one, two, three][at % 3] ?? one
    return connect(`${url}/rooms/${ROOM}?ticket=${ticket}`)
  }
  const tries = await Promise.allSettled(Array.from({ length: 100 }, (_, at) => enter(at)))
  const entered = tries.flatMap((entry) => (entry.status === 'fulfilled' ? [entry.value] : []))
  t.equal(entered.length, 1)
  const refusals = tries.flatMap((entry) => (entry.status === 'rejected' ? [entry.reason] : []))
  t.equal(refusals.filter(({ message }) => /401/.test(message)).length, 99)
  for (const client of entered) client.ws.terminate()
})

t.test('a log-out, a ban and a sending out on one node end what is on all three', async (t) => {
  const everywhere = ({ browser }: Person) =>
    Promise.all(
      [one, two, three].map(({ url }) =>
        connect(`${url}/rooms/${ROOM}`, { headers: { ...browser, origin: url } }),
      ),
    )
  const areClosed = async (clients: Promise<Client[]>, end: () => ReturnType<typeof call>) => {
    const opened = await clients
    t.equal((await end()).status, 204)
    const closings = Promise.all(opened.map(({ closed }) => closed))
    const codes = await within(closings, { what: 'all three are closed', ms: 2_000 })
    t.same(
      codes.map(({ code }) => code),
      [3503, 3503, 3503],
    )
  }
  await areClosed(everywhere(ann), () =>
    call(`${one.url}/session`, 'DELETE', { headers: ann.browser }),
  )
  await areClosed(everywhere(bob), () =>
    call(`${one.url}/users/${bob.user}/ban`, 'PUT', { headers: asServer }),
  )
  await areClosed(everywhere(cid), () =>
    call(`${one.url}/rooms/${ROOM}/members/${cid.user}`, 'DELETE', { headers: asServer }),
  )
  for (const { url } of [one, two, three]) {
    t.equal(await whoAmI({ url }, { ...ann.browser, origin: url }), 401)
    t.equal(await whoAmI({ url }, { ...bob.browser, origin: url }), 401)
    t.equal(await whoAmI({ url }, { ...cid.browser, origin: url }), 200)
  }
})

t.test('a node that is killed takes its members along, and no others', async (t) => {
  const raw = await connect(`${one.url}/rooms/${ROOM}`, { headers: ann.bearer })
  const dying = await connect(`${two.url}/rooms/${ROOM}`, { headers: cid.bearer })
  const stream = await follow(`${three.url}/rooms/${ROOM}`, asServer)
  const users = [ann.user, cid.user].sort()
  await until(async () => String((await present()).sort()) === String(users), {
    what: 'both are present',
  })
  await service.nodes[1]?.end('SIGKILL')
  await dying.closed
  raw.send('after the end of a node')
  t.equal(await raw.text(), 'after the end of a node')
  t.same(await stream.data(1), ['after the end of a node'])
  await until(async () => String(await present()) === ann.user, {
    what: 'the member of a dead node is gone',
  })
  stream.stop()
  raw.ws.terminate()
})

t.test(
  'a user of Redis with the least rights is enough, also to read how durable it is',
  async (t) => {
    t.same(await refusedOn(service.redis), [])
    t.match((await call(`${one.url}/health/ready`, 'GET')).body, { durability: 'disk' })
  },
)
