// The contract of bans, revocations and the end of all sessions of a user: an ending on one node
// holds on the other.
import type { Test } from 'tap'
import { account, session, ticket } from './support/samples.ts'
import { type OpenShared, soon } from './support/suite-setup.ts'

const GOOD = { bannedAt: null, revokedBefore: null }

export function userStatusContract(t: Test, open: OpenShared): void {
  t.test('status', async (t) => statusContract(t, open))
  t.test('endings', async (t) => endingContract(t, open))
}

function statusContract(t: Test, open: OpenShared): void {
  t.test('the status of an unknown user is good', async (t) => {
    for (const { userStatus } of await open(t)) t.same(await userStatus.of('u_1'), GOOD)
  })

  t.test('a ban lasts until it is lifted, from the first time', async (t) => {
    const [{ userStatus }] = await open(t)
    await userStatus.ban('u_1', 5_000)
    await userStatus.ban('u_1', 9_000)
    t.match(await userStatus.of('u_1'), { bannedAt: 5_000 })
    await userStatus.unban('u_1')
    t.match(await userStatus.of('u_1'), { bannedAt: null })
    await userStatus.unban('u_2')
  })

  t.test('a revocation moves forward only', async (t) => {
    const [{ userStatus }] = await open(t)
    await userStatus.revoke('u_1', 9_000)
    await userStatus.revoke('u_1', 5_000)
    t.same(await userStatus.of('u_1'), { bannedAt: null, revokedBefore: 9_000 })
  })

  t.test('each change is seen on its node at once, and soon on the other', async (t) => {
    const [one, other] = await open(t)
    const seen = { bannedAt: 5_000, revokedBefore: 9_000 }
    await one.userStatus.ban('u_1', 5_000)
    t.match(await one.userStatus.of('u_1'), { bannedAt: 5_000 })
    await soon(async () => (await other.userStatus.of('u_1')).bannedAt === 5_000)
    await other.userStatus.revoke('u_1', 9_000)
    t.same(await other.userStatus.of('u_1'), seen)
    await soon(async () => (await one.userStatus.of('u_1')).revokedBefore === 9_000)
    await one.userStatus.unban('u_1')
    t.same(await one.userStatus.of('u_1'), { ...seen, bannedAt: null })
    await soon(async () => (await other.userStatus.of('u_1')).bannedAt === null)
  })
}

function endingContract(t: Test, open: OpenShared): void {
  t.test('a ban ends sessions and tickets, and lets no new ones be made', async (t) => {
    const [one, other] = await open(t)
    const ada = account()
    const [before, after] = [session(ada), session(ada)]
    await one.accounts.create(ada)
    t.equal(await one.sessions.create(before), true)
    const issued = ticket({ user: ada.user, session: null })
    await one.tickets.issue(issued)
    await other.userStatus.ban(ada.user, 1_500)
    t.equal(await one.sessions.byId(before.id), null)
    t.equal(await one.tickets.read(issued.hash, 1_600), null)
    t.equal(await one.sessions.create(after), false)
    t.equal(await one.tickets.issue(ticket({ user: ada.user, session: null })), false)
    await other.userStatus.unban(ada.user)
    t.equal(await one.tickets.redeem(issued.hash, 1_600), null, 'ended sessions stay ended')
    t.equal(await one.sessions.byId(before.id), null)
    t.equal(await one.sessions.create(after), true)
  })

  t.test('a revocation ends sessions and tickets, and new ones may be made', async (t) => {
    const [one, other] = await open(t)
    const ada = account()
    const web = session(ada)
    const issued = ticket({ user: ada.user, session: web.id })
    await one.accounts.create(ada)
    await one.sessions.create(web)
    await one.tickets.issue(issued)
    await other.userStatus.revoke(ada.user, 1_500)
    t.equal(await one.sessions.byId(web.id), null)
    t.equal(await one.tickets.redeem(issued.hash, 1_600), null)
    const next = session(ada, { createdAt: 1_700 })
    t.equal(await one.sessions.create(next), true)
    const late = ticket({ user: ada.user, session: next.id, issuedAt: 1_700 })
    t.equal(await other.tickets.issue(late), true)
    t.same(await one.tickets.redeem(late.hash, 1_800), late)
  })

  t.test('all sessions but one end, of that user alone', async (t) => {
    const [one, other] = await open(t)
    const [ada, bob] = [account(), account()]
    for (const user of [ada, bob]) await one.accounts.create(user)
    const [kept, ended, bobs] = [session(ada), session(ada), session(bob)]
    for (const each of [kept, ended, bobs]) await one.sessions.create(each)
    t.same(await other.sessions.endAll(ada.user, kept.id), [ended.id])
    t.not(await one.sessions.byId(kept.id), null)
    t.same(await one.sessions.endAll(ada.user, null), [kept.id])
    t.not(await other.sessions.byId(bobs.id), null)
  })

  t.test('an account goes with its sessions and tickets', async (t) => {
    const [one, other] = await open(t)
    const ada = account()
    const web = session(ada)
    await one.accounts.create(ada)
    await one.sessions.create(web)
    const issued = [web.id, null].map((id) => ticket({ user: ada.user, session: id }))
    for (const each of issued) await one.tickets.issue(each)
    t.equal(await other.accounts.remove(ada.user, 0), true)
    t.equal(await one.accounts.remove(ada.user, 0), false)
    t.equal(await one.accounts.byUser(ada.user), null)
    t.equal(await one.sessions.byId(web.id), null)
    for (const { hash } of issued) t.equal(await one.tickets.read(hash, 1_600), null)
  })

  t.test('a session that ends on one node takes its tickets on the other', async (t) => {
    const [one, other] = await open(t)
    const ada = account()
    const web = session(ada)
    const issued = ticket({ user: ada.user, session: web.id })
    await one.accounts.create(ada)
    await one.sessions.create(web)
    await one.tickets.issue(issued)
    t.equal(await other.sessions.end(web.id), true)
    t.equal(await one.tickets.redeem(issued.hash, 1_600), null)
    t.equal(await other.tickets.issue(ticket({ user: ada.user, session: web.id })), false)
  })
}
