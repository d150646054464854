// What is special to accounts on Redis: a name, its account and the list of all are on servers of
// their own, and a crash may come between any two of them.
import t, { type Test } from 'tap'
import { EngineUnavailable } from '../../../src/engine/engine.ts'
import { NO_HOLDER } from '../../../src/engine/shares.ts'
import { account, session } from '../../contract/support/samples.ts'
import { startRedis } from '../../support/redis-server.ts'
import { until } from '../../support/until.ts'
import { type IdentityNode, identityNodes } from './identity-node.ts'

const redis = await startRedis(t)
const NEVER = Number.MAX_SAFE_INTEGER

const listed = async ({ accounts }: IdentityNode, limit = 10) => {
  const query = { usernameKey: null, after: null, limit, holder: NO_HOLDER }
  return (await accounts.list(query)).map(({ user }) => user)
}
const nameKey = (node: IdentityNode, name: string) => node.keys.shared(`name:${name}`)

/** A node that crashes where a key is written that matches. */
async function crashing(t: Test, where: RegExp) {
  const open = identityNodes(redis)
  const [one, other] = [await open(t), await open(t)]
  const ada = account({ usernameKey: 'ada' })
  one.link.broken = where
  await t.rejects(one.accounts.create(ada), EngineUnavailable)
  return { other, ada }
}

t.test('a name whose account was never stored is taken for a minute', async (t) => {
  const { other } = await crashing(t, /\{u:.*:account$/)
  t.equal(await other.accounts.byUsername('ada'), null)
  t.equal(await other.accounts.create(account({ usernameKey: 'ada' })), 'taken')
  const key = nameKey(other, 'ada')
  const left = Number(await other.link.send(key, ['PTTL', key]))
  t.ok(left > 50_000 && left <= 60_000, `${left} ms`)
  await other.link.send(key, ['DEL', key])
  t.equal(await other.accounts.create(account({ usernameKey: 'ada' })), 'created')
})

t.test('a claim that came too late does not take the name of another', async (t) => {
  const node = await identityNodes(redis)(t)
  const [first, second] = [account({ usernameKey: 'ada' }), account({ usernameKey: 'ada' })]
  const key = nameKey(node, 'ada')
  const { send } = node.link
  // The account is stored, and its claim is over just then.
  node.link.send = async (at, command) => {
    const answer = await send.call(node.link, at, command)
    if (at.endsWith(':account') && command[0] === 'HSET') {
      node.link.send = send
      await node.link.send(key, ['DEL', key])
      t.equal(await node.accounts.create(second), 'created')
    }
    return answer
  }
  t.equal(await node.accounts.create(first), 'taken')
  t.equal(await node.accounts.byUser(first.user), null)
  t.same(await node.accounts.byUsername('ada'), second)
  t.same(await listed(node), [second.user])
})

t.test('a name is free again when what was said under it is past its age', async (t) => {
  const keys = identityNodes(redis, { messagesKeptMs: 0 })
  const node = await keys(t)
  const create = (usernameKey: string) => node.accounts.create(account({ usernameKey }))
  const remove = async (usernameKey: string, until: number) => {
    const found = await node.accounts.byUsername(usernameKey)
    return node.accounts.remove(found?.user ?? '', until)
  }
  for (const name of ['ann', 'bob']) await create(name)
  await remove('ann', NEVER)
  await remove('bob', 0)
  t.equal(await create('ann'), 'taken', 'it is kept until then')
  t.equal(await create('bob'), 'created')
  t.not(await node.accounts.byUsername('bob'), null)
  t.equal(await create('bob'), 'taken')
})

for (const [messagesKeptMs, how] of [
  [null, 'without an end'],
  [60_000, 'for a minute'],
] as const) {
  t.test(`where messages are kept ${how}, a name stays taken for as long`, async (t) => {
    const node = await identityNodes(redis, { messagesKeptMs })(t)
    const ada = account({ usernameKey: 'ada' })
    await node.accounts.create(ada)
    await node.accounts.remove(ada.user, 0)
    t.equal(await node.accounts.create(account({ usernameKey: 'ada' })), 'taken')
  })
}

t.test('an account whose removal failed half way is removed by the next call', async (t) => {
  for (const where of [/name:ada$/, /accounts$/, /:account$/]) {
    const node = await identityNodes(redis)(t)
    const ada = account({ usernameKey: 'ada' })
    const web = session(ada)
    await node.accounts.create(ada)
    await node.sessions.create(web)
    node.link.broken = where
    await t.rejects(node.accounts.remove(ada.user, NEVER), EngineUnavailable)
    node.link.broken = null
    t.equal(await node.sessions.byId(web.id), null)
    await node.accounts.remove(ada.user, NEVER)
    t.equal(await node.accounts.byUser(ada.user), null)
    t.equal(await node.accounts.create(account({ usernameKey: 'ada' })), 'taken')
    t.same(await listed(node), [])
  }
})

t.test('the list of accounts follows the accounts', async (t) => {
  const node = await identityNodes(redis)(t)
  const names = ['ann', 'bob', 'carol', 'dave']
  const all = names.map((usernameKey) => account({ usernameKey }))
  for (const each of all) await node.accounts.create(each)
  const [ann, bob, carol, dave] = all.map(({ user }) => user)
  const list = node.keys.shared('accounts')
  await node.link.send(list, ['ZADD', list, '0', 'aa\0u_gone', '0', 'bc\0u_lost'])
  await node.link.send(list, ['ZREM', list, `dave\0${dave}`])
  t.same(await listed(node, 3), [ann, bob, carol], 'a page is full though some are gone')
  await until(async () => Number(await node.link.send(list, ['ZCARD', list])) === 3, {
    what: 'those that are gone are taken off',
  })
  await node.accounts.byUsername('dave')
  await until(async () => (await listed(node)).length === 4, { what: 'a log-in enters it again' })
})
