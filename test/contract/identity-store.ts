// The contract of accounts and sessions. The calls go to two nodes in turn.
import type { Test } from 'tap'
import type { AccountQuery } from '../../src/engine/identity-store.ts'
import { NO_HOLDER } from '../../src/engine/shares.ts'
import { account, session, ticket } from './support/samples.ts'
import type { OpenStores } from './support/suite-setup.ts'

export function accountContract(t: Test, open: OpenStores): void {
  t.test('an account is found by its user and by its username key', async (t) => {
    const { accounts } = await open(t)
    const ada = account({ username: 'Ädä 😀', usernameKey: 'ädä 😀' })
    t.equal(await accounts.create(ada), 'created')
    t.same(await accounts.byUser(ada.user), ada)
    t.same(await accounts.byUsername('ädä 😀'), ada)
  })

  t.test('an account that does not exist is null', async (t) => {
    const { accounts } = await open(t)
    t.equal(await accounts.byUser('u_nobody'), null)
    t.equal(await accounts.byUsername('unknown'), null)
  })

  t.test('accounts are listed by their keys, with bans, and found by one key', async (t) => {
    const { accounts, userStatus } = await open(t)
    const all = ['carol', 'ann', 'bob'].map((usernameKey) => account({ usernameKey }))
    for (const each of all) await accounts.create(each)
    const [carol, ann, bob] = all.map(({ user, username, createdAt }) => ({
      ...{ user, username, createdAt, bannedAt: null as number | null },
    }))
    await userStatus.ban(bob?.user ?? '', 2_000)
    const list = (fields: Partial<AccountQuery>) =>
      accounts.list({ usernameKey: null, after: null, limit: 9, holder: NO_HOLDER, ...fields })
    const banned = { ...bob, bannedAt: 2_000 }
    t.same(await list({}), [ann, banned, carol])
    t.same(await list({ limit: 1 }), [ann])
    t.same(await list({ after: 'ann' }), [banned, carol])
    t.same(await list({ usernameKey: 'bob' }), [banned])
    t.same(await list({ usernameKey: 'bo' }), [])
    t.same(await list({ usernameKey: 'bob', after: 'bob' }), [])
    t.same(await accounts.entryOf(bob?.user ?? ''), banned)
    t.same(await accounts.entryOf(ann?.user ?? ''), ann)
    t.equal(await accounts.entryOf('u_nobody'), null)
    await accounts.remove(ann?.user ?? '', Number.MAX_SAFE_INTEGER)
    t.same(await list({}), [banned, carol])
  })

  t.test('a username that is taken stays with its first owner', async (t) => {
    const { accounts } = await open(t)
    const first = account({ usernameKey: 'ada' })
    const second = account({ usernameKey: 'ada' })
    await accounts.create(first)
    t.equal(await accounts.create(second), 'taken')
    t.same(await accounts.byUsername('ada'), first)
    t.equal(await accounts.byUser(second.user), null)
  })

  t.test('a username stays taken after its account was removed, for that user too', async (t) => {
    const { accounts } = await open(t)
    const ada = account({ usernameKey: 'ada' })
    await accounts.create(ada)
    t.equal(await accounts.remove(ada.user, Number.MAX_SAFE_INTEGER), true)
    t.equal(await accounts.create(account({ usernameKey: 'ada' })), 'taken')
    t.equal(await accounts.create(ada), 'taken')
    t.equal(await accounts.byUsername('ada'), null)
    t.equal(await accounts.create(account({ usernameKey: 'adam' })), 'created')
  })

  t.test('one of 50 requests for one username at the same time gets it', async (t) => {
    const { accounts } = await open(t)
    const wishes = Array.from({ length: 50 }, () => account({ usernameKey: 'ada' }))
    const answers = await Promise.all(wishes.map((wish) => accounts.create(wish)))
    t.equal(answers.filter((answer) => answer === 'created').length, 1)
  })

  t.test('a new password replaces the old one, of that user alone', async (t) => {
    const { accounts } = await open(t)
    const [ada, bob] = [account(), account()]
    await accounts.create(ada)
    await accounts.create(bob)
    t.equal(await accounts.setPassword(ada.user, 'new', ada.password), true)
    t.same(await accounts.byUser(ada.user), { ...ada, password: 'new' })
    t.same(await accounts.byUser(bob.user), bob)
  })

  t.test('a password for an unknown user answers false', async (t) => {
    const { accounts } = await open(t)
    t.equal(await accounts.setPassword('u_nobody', 'new', 'old'), false)
  })

  t.test('one of two requests to replace one password at the same time does', async (t) => {
    const { accounts } = await open(t)
    const ada = account()
    await accounts.create(ada)
    const replace = (next: string) => accounts.setPassword(ada.user, next, ada.password)
    const outcomes = await Promise.all([replace('first'), replace('second')])
    t.same(outcomes.toSorted(), [false, true])
    const winner = outcomes[0] ? 'first' : 'second'
    t.equal((await accounts.byUser(ada.user))?.password, winner)
  })
}

export function sessionContract(t: Test, open: OpenStores): void {
  t.test('a session is found by its id and by its secret', async (t) => {
    const { accounts, sessions } = await open(t)
    const ada = account()
    const web = session(ada)
    await accounts.create(ada)
    await sessions.create(web)
    t.same(await sessions.byId(web.id), web)
    t.same(await sessions.bySecret(web.secretHash ?? ''), web)
  })

  t.test('sessions of apps have no secret, and there may be many', async (t) => {
    const { accounts, sessions } = await open(t)
    const ada = account()
    const apps = [1, 2].map(() => session(ada, { client: 'app', secretHash: null }))
    await accounts.create(ada)
    for (const app of apps) await sessions.create(app)
    for (const app of apps) t.same(await sessions.byId(app.id), app)
  })

  t.test('a session that does not exist is null', async (t) => {
    const { sessions } = await open(t)
    t.equal(await sessions.byId('s_none'), null)
    t.equal(await sessions.bySecret('none'), null)
  })

  t.test('a session cannot be made for an unknown user', async (t) => {
    const { sessions } = await open(t)
    const orphan = session(account())
    t.equal(await sessions.create(orphan), false)
    t.equal(await sessions.byId(orphan.id), null)
  })

  t.test('use moves a session forward and never back', async (t) => {
    const { accounts, sessions } = await open(t)
    const ada = account()
    const web = session(ada, { usedAt: 1_000 })
    await accounts.create(ada)
    await sessions.create(web)
    await sessions.touch(web.id, 3_000)
    await sessions.touch(web.id, 2_000)
    t.equal((await sessions.byId(web.id))?.usedAt, 3_000)
  })

  t.test('touching a session that is gone does nothing', async (t) => {
    const { sessions } = await open(t)
    await sessions.touch('s_none', 3_000)
    t.equal(await sessions.byId('s_none'), null)
  })

  t.test('a session ends once', async (t) => {
    const { accounts, sessions } = await open(t)
    const ada = account()
    const web = session(ada)
    await accounts.create(ada)
    await sessions.create(web)
    const outcomes = await Promise.all([sessions.end(web.id), sessions.end(web.id)])
    t.same(outcomes.toSorted(), [false, true])
    t.equal(await sessions.byId(web.id), null)
    t.equal(await sessions.bySecret(web.secretHash ?? ''), null)
  })

  t.test('the tickets of a session end with it, and no others', async (t) => {
    const { accounts, sessions, tickets } = await open(t)
    const ada = account()
    const [ending, staying] = [session(ada), session(ada)]
    await accounts.create(ada)
    for (const each of [ending, staying]) await sessions.create(each)
    const [gone, kept] = [ending, staying].map(({ id }) => ticket({ session: id }))
    const thirdParty = ticket()
    for (const each of [gone, kept, thirdParty]) await tickets.issue(each ?? ticket())
    await sessions.end(ending.id)
    t.equal(await tickets.redeem(gone?.hash ?? '', 1_000), null)
    t.same(await tickets.redeem(kept?.hash ?? '', 1_000), kept)
    t.same(await tickets.redeem(thirdParty.hash, 1_000), thirdParty)
  })
}
