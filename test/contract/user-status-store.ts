// What every engine must do for bans, revocations and the end of all of a user's sessions.
import type { Test } from 'tap'
import type { OpenEmpty } from './openers.ts'
import { account, session, ticket } from './samples.ts'

export function userStatusContract(t: Test, open: OpenEmpty): void {
  t.test('a user without an entry has a good status', async (t) => {
    const { userStatus } = await open(t)
    t.same(await userStatus.of('u_1'), { bannedAt: null, revokedBefore: null })
  })

  t.test('a ban lasts until it is lifted, from the first time', async (t) => {
    const { userStatus } = await open(t)
    await userStatus.ban('u_1', 5)
    await userStatus.ban('u_1', 9)
    t.match(await userStatus.of('u_1'), { bannedAt: 5 })
    await userStatus.unban('u_1')
    t.match(await userStatus.of('u_1'), { bannedAt: null })
    await userStatus.unban('u_2')
  })

  t.test('a ban ends sessions and tickets, and lets no new ones be made', async (t) => {
    const { accounts, sessions, userStatus, tickets } = await open(t)
    const ada = account()
    const [before, after] = [session(ada), session(ada)]
    await accounts.create(ada)
    t.equal(await sessions.create(before), true)
    const issued = ticket({ user: ada.user, session: null })
    await tickets.issue(issued)
    await userStatus.ban(ada.user, 5)
    t.equal(await sessions.byId(before.id), null)
    t.equal(await tickets.read(issued.hash, 0), null)
    t.equal(await sessions.create(after), false)
    t.equal(await tickets.issue(ticket({ user: ada.user, session: null })), false)
    await userStatus.unban(ada.user)
    t.equal(await sessions.create(after), true)
  })

  t.test('a revocation moves forward only, and ends sessions and tickets', async (t) => {
    const { accounts, sessions, userStatus } = await open(t)
    const ada = account()
    const web = session(ada)
    await accounts.create(ada)
    await sessions.create(web)
    await userStatus.revoke(ada.user, 9)
    await userStatus.revoke(ada.user, 5)
    t.same(await userStatus.of(ada.user), { bannedAt: null, revokedBefore: 9 })
    t.equal(await sessions.byId(web.id), null)
    t.equal(await sessions.create(session(ada)), true, 'who logs in again may')
  })

  t.test('all sessions but one end, of that user alone', async (t) => {
    const { accounts, sessions } = await open(t)
    const [ada, bob] = [account(), account()]
    for (const who of [ada, bob]) await accounts.create(who)
    const [kept, ended, other] = [session(ada), session(ada), session(bob)]
    for (const each of [kept, ended, other]) await sessions.create(each)
    t.same(await sessions.endAll(ada.user, kept.id), [ended.id])
    t.not(await sessions.byId(kept.id), null)
    t.same(await sessions.endAll(ada.user, null), [kept.id])
    t.not(await sessions.byId(other.id), null)
  })

  t.test('an account goes with its sessions and tickets', async (t) => {
    const { accounts, sessions, tickets } = await open(t)
    const ada = account()
    const web = session(ada)
    await accounts.create(ada)
    await sessions.create(web)
    const [own, given] = [web.id, null].map((id) => ticket({ user: ada.user, session: id }))
    for (const each of [own, given]) if (each) await tickets.issue(each)
    t.equal(await accounts.remove(ada.user), true)
    t.equal(await accounts.remove(ada.user), false)
    t.equal(await accounts.byUser(ada.user), null)
    t.equal(await sessions.byId(web.id), null)
    for (const each of [own, given]) t.equal(await tickets.read(each?.hash ?? '', 0), null)
  })
}
