// Cached bans never claim more than the store knows.
import { type Test, test } from 'tap'
import { EngineUnavailable } from '../../../src/engine/engine.ts'
import { CachedUserStatus, STATUS_CACHE_MAX } from '../../../src/engine/memory/user-status-cache.ts'
import {
  GOOD_STATUS,
  type UserStatus,
  type UserStatusStore,
} from '../../../src/engine/user-status-store.ts'

const BANNED: UserStatus = { bannedAt: 5, revokedBefore: null }

/** A store whose bans a test lets happen, or fail, when it wants. */
function setUp(_: Test, known: [string, UserStatus][] = []) {
  const stored = new Map(known)
  const banning = Promise.withResolvers<void>()
  const asked: string[] = []
  const store: UserStatusStore = {
    async of(user) {
      asked.push(user)
      return stored.get(user) ?? GOOD_STATUS
    },
    async ban(user) {
      stored.set(user, BANNED)
      await banning.promise
    },
    unban: async (user) => void stored.delete(user),
    revoke: () => Promise.reject(new EngineUnavailable('away')),
  }
  return { stored, banning, asked, userStatus: new CachedUserStatus(store, known) }
}

test('known and unknown users are told without asking the store', async (t) => {
  const { userStatus, asked } = setUp(t, [['eve', BANNED]])
  t.same(await userStatus.of('eve'), BANNED)
  t.same(await userStatus.of('ann'), GOOD_STATUS)
  t.same(asked, [])
})

test('[S18] a ban that is on disk holds before it is answered', async (t) => {
  const { userStatus, banning } = setUp(t)
  const done = userStatus.ban('eve', 5)
  t.same(await userStatus.of('eve'), BANNED)
  banning.resolve()
  await done
  t.same(await userStatus.of('eve'), BANNED)
  await userStatus.unban('eve')
  t.same(await userStatus.of('eve'), GOOD_STATUS)
})

test('[S18] a ban whose outcome is unknown is looked up', async (t) => {
  const { userStatus, banning } = setUp(t)
  const done = userStatus.ban('eve', 5)
  banning.reject(new EngineUnavailable('the thread is gone'))
  await t.rejects(done, EngineUnavailable)
  t.same(await userStatus.of('eve'), BANNED)
})

test('[S18] a change of another node holds as soon as this node is told', async (t) => {
  const { stored, userStatus } = setUp(t)
  stored.set('eve', BANNED)
  t.same(await userStatus.of('eve'), GOOD_STATUS, 'not told yet')
  const read = userStatus.changed('eve')
  t.same(await userStatus.of('eve'), BANNED, 'the store is asked while it is read')
  await read
  t.same(await userStatus.of('eve'), BANNED)
  stored.delete('eve')
  await userStatus.changed('eve')
  t.same(await userStatus.of('eve'), GOOD_STATUS)
})

test('when too many are known the store is asked', async (t) => {
  const crowd = Array.from({ length: STATUS_CACHE_MAX + 1 }, (_, i) => [`u${i}`, BANNED] as const)
  const { userStatus, asked } = setUp(t, crowd as unknown as [string, UserStatus][])
  t.same(await userStatus.of('u7'), BANNED)
  t.same(asked, ['u7'])
})
