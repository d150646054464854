// What is special to tickets on Redis: whom they count for while they are out, and what they cost.
import t from 'tap'
import { EngineUnavailable } from '../../../src/engine/engine.ts'
import { HOST_SESSION } from '../../../src/protocol/names.ts'
import { account, session, ticket } from '../../contract/support/samples.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { startRedis } from '../../support/redis-server.ts'
import { identityNodes } from './identity-node.ts'

const redis = await startRedis(t)

t.test('a ticket counts on its node until that uses it, or its time is over', async (t) => {
  const clock = new ManualClock()
  const open = identityNodes(redis, { clock })
  const [one, other] = [await open(t), await open(t)]
  const [here, there] = [ticket(), ticket()]
  for (const each of [here, there]) await one.tickets.issue(each)
  t.equal(one.shares.held('ticketsOut'), 2)
  await one.tickets.redeem(here.hash, 1_500)
  t.equal(one.shares.held('ticketsOut'), 1)
  await other.tickets.redeem(there.hash, 1_500)
  t.equal(one.shares.held('ticketsOut'), 1, 'it is not told')
  t.equal(other.shares.held('ticketsOut'), 0)
  await clock.advance(2_000)
  t.equal(one.shares.held('ticketsOut'), 0)
})

t.test('a ticket that was not stored counts for its user no longer', async (t) => {
  const node = await identityNodes(redis)(t)
  node.link.broken = /ticket:/
  await t.rejects(node.tickets.issue(ticket()), EngineUnavailable)
  node.link.broken = null
  t.equal(await node.tickets.issue(ticket({ session: 's_ended' })), false)
  t.equal(node.shares.held('ticketsOut'), 0)
})

t.test('over the bound a ticket is refused, until others are past their time', async (t) => {
  const clock = new ManualClock()
  const node = await identityNodes(redis, { clock })(t)
  const info = 'x'.repeat(2_048)
  const issue = () => node.tickets.issue(ticket({ info }))
  const most = Math.floor((64 * 1024 * 1024) / 20 / 2_048)
  for (let count = 0; count < most; count += 100) {
    const some = Math.min(100, most - count)
    await Promise.all(Array.from({ length: some }, issue))
  }
  const refused = await issue().catch((error: unknown) => error)
  t.ok(refused instanceof EngineUnavailable)
  t.match(refused, { full: { limit: 'ticketsOut' } })
  clock.stall(2_000)
  t.equal(await issue(), true)
})

t.test('to read and to redeem a ticket takes six commands, of a host or not', async (t) => {
  const node = await identityNodes(redis, { clock: new ManualClock() })(t)
  const ada = account()
  const web = session(ada)
  await node.accounts.create(ada)
  await node.sessions.create(web)
  for (const asker of [web.id, `${HOST_SESSION}phone`]) {
    const one = ticket({ user: ada.user, session: asker })
    await node.tickets.issue(one)
    const before = node.link.sent
    await node.tickets.read(one.hash, 1_500)
    t.same(await node.tickets.redeem(one.hash, 1_500), one)
    t.equal(node.link.sent - before, 6)
  }
})

t.test('a session is one command at the door, the second time by its cookie too', async (t) => {
  const node = await identityNodes(redis, { clock: new ManualClock() })(t)
  const ada = account()
  const web = session(ada)
  await node.accounts.create(ada)
  await node.sessions.create(web)
  const cost = async (ask: () => Promise<unknown>) => {
    const before = node.link.sent
    await ask()
    return node.link.sent - before
  }
  t.equal(await cost(() => node.sessions.byId(web.id)), 1)
  t.equal(await cost(() => node.sessions.bySecret(web.secretHash ?? '')), 2)
  t.equal(await cost(() => node.sessions.bySecret(web.secretHash ?? '')), 1)
})

t.test('a ticket outlives no ending, whose clock runs ahead or not', async (t) => {
  const node = await identityNodes(redis)(t)
  const early = ticket({ issuedAt: 9_000, expiresAt: 10_000 })
  await node.tickets.issue(early)
  await node.tickets.end({ user: early.user }, 5_000)
  t.equal(await node.tickets.redeem(early.hash, 9_500), null, 'its node was ahead of the other')
  const late = ticket({ issuedAt: 9_000, expiresAt: 10_000 })
  await node.tickets.issue(late)
  t.same(await node.tickets.redeem(late.hash, 9_500), late)
})
