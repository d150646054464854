// Bans at hand: never better known than in the store.
import { type Test, test } from 'tap'
import { EngineUnavailable } from '../../../src/engine/engine.ts'
import { InProcessStandings, STANDINGS_HELD_MAX } from '../../../src/engine/memory/user-status.ts'
import {
  GOOD_STANDING,
  type Standing,
  type StandingStore,
} from '../../../src/engine/user-status-store.ts'

const BANNED: Standing = { bannedAt: 5, revokedBefore: null }

/** A store whose bans a test lets happen, or fail, when it wants. */
function setUp(_: Test, known: [string, Standing][] = []) {
  const stored = new Map(known)
  const banning = Promise.withResolvers<void>()
  const asked: string[] = []
  const store: StandingStore = {
    async of(user) {
      asked.push(user)
      return stored.get(user) ?? GOOD_STANDING
    },
    async ban(user) {
      stored.set(user, BANNED)
      await banning.promise
    },
    unban: async (user) => void stored.delete(user),
    revoke: () => Promise.reject(new EngineUnavailable('away')),
  }
  return { stored, banning, asked, standings: new InProcessStandings(store, known) }
}

test('who is known, and who is not, is told without asking', async (t) => {
  const { standings, asked } = setUp(t, [['eve', BANNED]])
  t.same(await standings.of('eve'), BANNED)
  t.same(await standings.of('ann'), GOOD_STANDING)
  t.same(asked, [])
})

test('[S18] a ban that is on disk holds before it is answered', async (t) => {
  const { standings, banning } = setUp(t)
  const done = standings.ban('eve', 5)
  t.same(await standings.of('eve'), BANNED)
  banning.resolve()
  await done
  t.same(await standings.of('eve'), BANNED)
  await standings.unban('eve')
  t.same(await standings.of('eve'), GOOD_STANDING)
})

test('[S18] a ban of which nobody knows how it ended is looked up', async (t) => {
  const { standings, banning } = setUp(t)
  const done = standings.ban('eve', 5)
  banning.reject(new EngineUnavailable('the thread is gone'))
  await t.rejects(done, EngineUnavailable)
  t.same(await standings.of('eve'), BANNED)
})

test('when too many are known the store is asked', async (t) => {
  const crowd = Array.from({ length: STANDINGS_HELD_MAX + 1 }, (_, i) => [`u${i}`, BANNED] as const)
  const { standings, asked } = setUp(t, crowd as unknown as [string, Standing][])
  t.same(await standings.of('u7'), BANNED)
  t.same(asked, ['u7'])
})
