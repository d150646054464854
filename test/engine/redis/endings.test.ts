// What has ended stays ended: after a crash half way, after a restart of Redis, and on a node that
// does not hear of it.
import t, { type Test } from 'tap'
import { EngineUnavailable } from '../../../src/engine/engine.ts'
import { account, session, ticket } from '../../contract/support/samples.ts'
import { soon } from '../../contract/support/suite-setup.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { EVERY_WRITE, startRedis } from '../../support/redis-server.ts'
import { until } from '../../support/until.ts'
import { type IdentityNode, identityNodes } from './identity-node.ts'

const redis = await startRedis(t, EVERY_WRITE)
const GOOD = { bannedAt: null, revokedBefore: null }

async function openTwo(t: Test): Promise<readonly [IdentityNode, IdentityNode]> {
  const open = identityNodes(redis)
  return [await open(t), await open(t)]
}

/** An account with two sessions, and a ticket of the first and one of no session. */
async function logIn({ accounts, sessions, tickets }: IdentityNode) {
  const owner = account()
  await accounts.create(owner)
  const [web, other] = [session(owner), session(owner)]
  for (const each of [web, other]) await sessions.create(each)
  const ofSession = ticket({ user: owner.user, session: web.id })
  const ofUser = ticket({ user: owner.user })
  for (const each of [ofSession, ofUser]) await tickets.issue(each)
  return { owner, user: owner.user, web, other, tickets: [ofSession, ofUser] }
}

for (const change of ['ban', 'revoke'] as const) {
  t.test(`a ${change} after which nothing was deleted ends all the same`, async (t) => {
    const [one, other] = await openTwo(t)
    const ada = await logIn(one)
    one.link.broken = /:(session|sessions|ended)$/
    await t.rejects(one.userStatus[change](ada.user, 1_500), EngineUnavailable)
    await soon(async () => (await other.sessions.byId(ada.web.id)) === null)
    t.equal(await other.sessions.bySecret(ada.web.secretHash ?? ''), null)
    for (const { hash } of ada.tickets) t.equal(await other.tickets.redeem(hash, 1_600), null)
    await other.userStatus.unban(ada.user)
    t.equal(await other.sessions.byId(ada.web.id), null, 'also when a ban is lifted')
    one.link.broken = null
    t.equal(await one.sessions.create(session(ada.owner)), true)
  })
}

t.test('all sessions but one end, though nothing was deleted, and are named again', async (t) => {
  const [one, other] = await openTwo(t)
  const ada = await logIn(one)
  one.link.broken = /:session$/
  await t.rejects(one.sessions.endAll(ada.user, ada.web.id), EngineUnavailable)
  await soon(async () => (await other.sessions.byId(ada.other.id)) === null)
  t.same(await other.sessions.byId(ada.web.id), ada.web)
  t.same(await other.tickets.redeem(ada.tickets[0]?.hash ?? '', 1_600), ada.tickets[0])
  one.link.broken = null
  t.same(await one.sessions.endAll(ada.user, ada.web.id), [ada.other.id], 'for those who close')
})

t.test('a session that is stored while all sessions end is named by the next ending', async (t) => {
  const [one, other] = await openTwo(t)
  const { owner } = await logIn(one)
  const late = session(owner)
  const [looked, stored] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const endings: Promise<string[]>[] = []
  // The ending finds the session listed and not stored, and takes it off the list too late.
  other.link.before = (_key, command) => {
    if (command !== 'ZREM') return
    looked.resolve()
    return stored.promise
  }
  one.link.before = (key) => {
    if (endings.length > 0 || key !== one.keys.session(late.id, 'session')) return
    endings.push(other.sessions.endAll(owner.user, null))
    return looked.promise
  }
  t.equal(await one.sessions.create(late), true)
  stored.resolve()
  t.ok((await endings[0])?.includes(late.id))
  for (const { sessions } of [one, other]) t.same(await sessions.byId(late.id), late)
  t.same(await other.sessions.endAll(owner.user, null), [late.id])
  t.equal(await one.sessions.byId(late.id), null)
})

t.test('a session that begins after an ending is good on a node that missed it', async (t) => {
  const clock = new ManualClock()
  const open = identityNodes(redis, { clock })
  const [one, other] = [await open(t), await open(t)]
  const { owner } = await logIn(one)
  for (const { sessions } of [one, other]) await sessions.endAll(owner.user, null)
  const next = session(owner)
  await other.sessions.create(next)
  t.same(await one.sessions.byId(next.id), next)
})

t.test('a session is over or named, whenever it begins while all sessions end', async (t) => {
  const [one, other] = await openTwo(t)
  const { owner } = await logIn(one)
  for (let round = 0; round < 20; round += 1) {
    const late = session(owner)
    const endAll = () => other.sessions.endAll(owner.user, null)
    await Promise.all([one.sessions.create(late), endAll()])
    const found = await one.sessions.byId(late.id)
    t.equal((await endAll()).includes(late.id), found !== null)
    t.equal(await one.sessions.byId(late.id), null)
  }
})

t.test('endings of a month ago are forgotten, and sessions of today stay good', async (t) => {
  const [one, other] = await openTwo(t)
  const ada = await logIn(one)
  await one.sessions.endAll(ada.user, null)
  const next = session(ada.owner)
  await one.sessions.create(next)
  const ended = one.keys.shared('{status}:ended')
  await one.link.send(ended, ['ZADD', ended, '1', ada.user])
  await one.userStatus.ban('u_other', 1_500)
  const users = one.keys.shared('{status}:users')
  t.equal(await one.link.send(users, ['HLEN', users]), 1, 'only the ban is left')
  await soon(async () => (await other.userStatus.of('u_other')).bannedAt === 1_500)
  for (const { sessions } of [one, other]) t.same(await sessions.byId(next.id), next)
  const later = session(ada.owner)
  await other.sessions.create(later)
  for (const { sessions } of [one, other]) t.same(await sessions.byId(later.id), later)
  const before = one.link.sent
  await one.sessions.byId(later.id)
  t.equal(one.link.sent - before, 1, 'each node has forgotten them')
})

t.test('a node that hears of no change asks Redis, and says so when it cannot', async (t) => {
  const clock = new ManualClock()
  const open = identityNodes(redis, { clock })
  const [one, other] = [await open(t), await open(t)]
  await one.userStatus.ban('u_1', 1_500)
  const before = other.link.sent
  t.same(await other.userStatus.of('u_1'), GOOD, 'from memory, for a moment')
  t.equal(other.link.sent, before)
  clock.stall(2_000)
  t.match(await other.userStatus.of('u_1'), { bannedAt: 1_500 })
  other.link.broken = /./
  await t.rejects(other.userStatus.of('u_1'), EngineUnavailable)
})

t.test('a node that missed a part of the feed reads all again', async (t) => {
  const clock = new ManualClock()
  const open = identityNodes(redis, { clock })
  const [one, other] = [await open(t), await open(t)]
  await one.userStatus.ban('u_0', 1_000)
  await clock.advance(500)
  await until(async () => (await other.userStatus.of('u_0')).bannedAt !== null, {
    what: 'the other node reads the feed',
  })
  for (const user of ['u_1', 'u_2', 'u_3']) await one.userStatus.ban(user, 1_500)
  const feed = one.keys.shared('{status}:feed')
  await one.link.send(feed, ['XTRIM', feed, 'MAXLEN', '1'])
  await clock.advance(500)
  const known = async () => {
    const all = await Promise.all(['u_1', 'u_2', 'u_3'].map((user) => other.userStatus.of(user)))
    return all.every(({ bannedAt }) => bannedAt === 1_500)
  }
  await until(known, { what: 'it knows all' })
})

t.test('after a restart of Redis sessions are good and tickets are not', async (t) => {
  const [one, other] = await openTwo(t)
  const ada = await logIn(one)
  await one.userStatus.ban('u_bad', 1_500)
  const began = one.tickets.since
  await redis.kill()
  await until(() => one.link.away !== null && other.link.away !== null, { what: 'they know' })
  await t.rejects(one.sessions.byId(ada.web.id), EngineUnavailable)
  await redis.start()
  await until(() => one.link.away === null && other.link.away === null, { what: 'it is back' })
  t.same(await other.sessions.byId(ada.web.id), ada.web)
  for (const node of [one, other]) {
    await soon(async () => (await node.userStatus.of('u_bad')).bannedAt === 1_500)
    for (const { hash } of ada.tickets) t.equal(await node.tickets.read(hash, 1_600), null)
    t.ok(node.tickets.since > began, 'a client is told to fetch a new ticket')
  }
  t.equal(await other.tickets.redeem(ada.tickets[1]?.hash ?? '', 1_600), null)
  const next = ticket({ user: ada.user, session: ada.web.id })
  t.equal(await one.tickets.issue(next), true)
  t.same(await other.tickets.redeem(next.hash, 1_600), next)
})

t.test('after a restart of Redis without its data nothing is good', async (t) => {
  const [one, other] = await openTwo(t)
  const ada = await logIn(one)
  await one.userStatus.ban('u_bad', 1_500)
  await redis.kill()
  await redis.forget()
  await until(() => one.link.away !== null && other.link.away !== null, { what: 'they know' })
  await redis.start()
  await until(() => one.link.away === null && other.link.away === null, { what: 'it is back' })
  t.equal(await other.sessions.bySecret(ada.web.secretHash ?? ''), null)
  t.equal(await other.tickets.read(ada.tickets[1]?.hash ?? '', 1_600), null)
  await soon(async () => (await other.userStatus.of('u_bad')).bannedAt === null)
})
