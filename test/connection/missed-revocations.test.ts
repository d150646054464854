// What a node was perhaps not told: each session and user of its connections is looked up, however
// often the store is away meanwhile.
import { test } from 'tap'
import revocations from '../../plugins/revocations.ts'
import { EngineUnavailable } from '../../src/engine/engine.ts'
import type { SessionRecord } from '../../src/engine/identity-store.ts'
import { GOOD_STATUS, type UserStatus } from '../../src/engine/user-status-store.ts'
import { CLOSE } from '../../src/protocol/errors.ts'
import { TestRooms, turn, userOf } from '../support/test-rooms.ts'

/** Stores by hand, in which sessions are there unless they ended. */
async function node() {
  const testRooms = new TestRooms({ connectionsPerUser: null })
  const { connections, clock } = testRooms
  const ended = new Set<string>()
  const status = new Map<string, UserStatus>()
  const looked: string[] = []
  const warned: unknown[] = []
  const state = { isAway: false, gap: () => {}, stop: async () => {} }
  const sessions = {
    async byId(id: string): Promise<SessionRecord | null> {
      if (state.isAway) throw new EngineUnavailable('The store is away.')
      looked.push(id)
      return ended.has(id) ? null : ({ id } as SessionRecord)
    },
  }
  const engine = {
    sessions,
    userStatus: { of: async (user: string) => status.get(user) ?? GOOD_STATUS },
    revocations: {
      follow(_: unknown, onGap: () => void) {
        state.gap = onGap
        return () => {}
      },
    },
  }
  const app = {
    ...{
      engine,
      connections,
      usherContext: { clock },
      log: { warn: (...of: []) => warned.push(of) },
    },
    addHook: (_: string, stop: () => Promise<void>) => Object.assign(state, { stop }),
  }
  await revocations(app as never)
  return { testRooms, clock, ended, status, looked, warned, state }
}

test('[C360] after a gap a session that has ended is closed with 3503, and no other', async (t) => {
  const { testRooms, ended, state, looked, warned } = await node()
  const lives = []
  for (let i = 0; i < 250; i += 1) lives.push(await testRooms.member(userOf(`u${i}`)))
  const host = await testRooms.member(userOf('guest', { session: 'host:1' }))
  const anonymous = await testRooms.member(userOf('x', { user: null, session: null }))
  for (const each of ['s_u0', 's_u249', 'host:1']) ended.add(each)
  state.gap()
  await turn()
  t.equal(looked.length, 250, 'the session of the application is not looked up')
  t.equal(warned.length, 1)
  const closed = [...lives, host, anonymous].filter(({ socket }) => socket.closedWith !== null)
  t.same(closed, [lives[0], lives[249]])
  for (const { socket } of closed) t.same(socket.closedWith, CLOSE.forced)
})

test('[C360] so is a user who was banned or revoked since it was proved who it is', async (t) => {
  const { testRooms, clock, status, state } = await node()
  const early = clock.now()
  await clock.advance(1_000)
  const of = (user: string) => testRooms.member(userOf(user, { session: null, proof: 'ticket' }))
  const [banned, revoked, came] = [await of('banned'), await of('revoked'), await of('came')]
  await clock.advance(1_000)
  status.set('banned', { bannedAt: early, revokedBefore: null })
  status.set('revoked', { bannedAt: null, revokedBefore: clock.now() })
  status.set('came', { bannedAt: null, revokedBefore: early })
  state.gap()
  await turn()
  await clock.advance(2_000)
  await turn()
  t.same(
    [banned, revoked, came].map(({ socket }) => socket.closedWith?.code ?? null),
    [CLOSE.forced.code, CLOSE.forced.code, null],
  )
})

test('while the store is away it is asked again, and another gap begins it again', async (t) => {
  const { testRooms, clock, ended, looked, state, warned } = await node()
  const { socket } = await testRooms.member(userOf('ann'))
  ended.add('s_ann')
  state.isAway = true
  state.gap()
  await turn()
  await clock.advance(3_000)
  t.equal(socket.closedWith, null)
  t.ok(warned.length > 1)
  state.isAway = false
  await clock.advance(1_000)
  await turn()
  t.same(socket.closedWith, CLOSE.forced)
  const bob = await testRooms.member(userOf('bob'))
  ended.add('s_bob')
  state.gap()
  await clock.advance(2_000)
  await turn()
  t.same(bob.socket.closedWith, CLOSE.forced)
  await clock.advance(10_000)
  const { length } = looked
  await clock.advance(60_000)
  t.equal(looked.length, length, 'then it rests')
})

test('a node that closes looks up no more', async (t) => {
  const { testRooms, clock, looked, state } = await node()
  await testRooms.member(userOf('ann'))
  state.isAway = true
  state.gap()
  await turn()
  await state.stop()
  state.isAway = false
  await clock.advance(10_000)
  t.same(looked, [])
})
