// The case that breaks every server of one process: three users of one room are on three nodes.
import t from 'tap'
import { Keys } from '../../src/engine/redis/keys.ts'
import { connect } from '../support/client.ts'
import { follow } from '../support/follow.ts'
import { asServer, call, type Person, signedUp, ticketOf } from '../support/people.ts'
import { refusedOn } from '../support/redis-rights.ts'
import { connectRich } from '../support/rich-client.ts'
import { until } from '../support/until.ts'
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

    const members = await call(`${one.url}/rooms/${ROOM}/members`, 'GET', { headers: cid.bearer })
    const users = members.body.members.map(({ user }: { user: string }) => user)
    t.same(users.sort(), [ann.user, bob.user, cid.user].sort())

    await service.nodes[1]?.end('SIGKILL')
    raw.send('after the end of bob')
    t.equal((await raw.next()).data.toString(), 'after the end of bob')
    t.same(await stream.data(1), ['after the end of bob'])
    const present = async () => {
      const { body } = await call(`${three.url}/rooms/${ROOM}/members`, 'GET', {
        headers: cid.bearer,
      })
      return body.members.length
    }
    await until(async () => (await present()) === 2, {
      what: 'the members of a dead node are gone',
    })
    stream.stop()
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

t.test('of a hundred uses of one ticket over the nodes that are left, one enters', async (t) => {
  const ticket = await ticketOf(one, ann.bearer)
  const tries = Array.from({ length: 100 }, (_, at) => {
    const { url } = at % 2 === 0 ? one : three
    return connect(`${url}/rooms/${ROOM}?ticket=${ticket}`).then(
      (client) => client,
      () => null,
    )
  })
  const entered = (await Promise.all(tries)).filter((client) => client !== null)
  t.equal(entered.length, 1)
  for (const client of entered) client.ws.terminate()
})

t.test('a log-out, a ban and a sending out on one node end what is on another', async (t) => {
  const open = (person: Person) =>
    connect(`${three.url}/rooms/${ROOM}`, { headers: { ...person.browser, origin: three.url } })
  const [first, second, third] = [await open(ann), await open(bob), await open(cid)]
  t.equal((await call(`${one.url}/session`, 'DELETE', { headers: ann.browser })).status, 204)
  t.equal((await first.closed).code, 3503)
  const ban = await call(`${one.url}/users/${bob.user}/ban`, 'PUT', { headers: asServer })
  t.equal(ban.status, 204)
  t.equal((await second.closed).code, 3503)
  const out = `${one.url}/rooms/${ROOM}/members/${cid.user}`
  t.equal((await call(out, 'DELETE', { headers: asServer })).status, 204)
  t.equal((await third.closed).code, 3503)
  const headers = { ...bob.browser, origin: three.url }
  const again = await call(`${three.url}/session`, 'GET', { headers })
  t.equal(again.status, 401)
})

t.test(
  'a user of Redis with the least rights is enough, also to read how durable it is',
  async (t) => {
    t.same(await refusedOn(service.redis), [])
    t.match((await call(`${one.url}/health/ready`, 'GET')).body, { durability: 'disk' })
  },
)
