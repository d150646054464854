// The job that frees names of deleted accounts: which names it frees, and in which slices it looks.
import t, { type Test } from 'tap'
import { openStore } from '../../../src/engine/sqlite/file.ts'
import { prepareWrites } from '../../../src/engine/sqlite/identity-writes.ts'
import { messageWrites } from '../../../src/engine/sqlite/message-writes.ts'
import { pack } from '../../../src/engine/sqlite/packed-drafts.ts'
import {
  freeReleasedNames,
  releasedNameReads,
  releasedNameWrites,
  type Seen,
} from '../../../src/engine/sqlite/released-names.ts'
import { account } from '../../contract/support/samples.ts'
import { ManualClock } from '../../support/manual-clock.ts'

type Threads = Parameters<typeof freeReleasedNames>[1]

/** A store in this thread, with the job on it. */
function begin(t: Test) {
  const clock = new ManualClock()
  const db = openStore(':memory:')
  const looks: Seen[] = []
  const operations = { ...releasedNameReads(db), ...releasedNameWrites(db) }
  const { namesCarried } = operations
  operations.namesCarried = (look) => {
    looks.push(namesCarried(look))
    return looks.at(-1) as Seen
  }
  const thread = {
    call: async (name: keyof typeof operations, args: never) => operations[name](args),
  }
  const stop = freeReleasedNames(clock, { reader: thread, writer: thread } as unknown as Threads)
  t.teardown(() => {
    stop()
    db.close()
  })
  const { createAccount, removeAccount } = prepareWrites(db)
  const { writes } = messageWrites(db)
  const retention = { messages: 1e6, ageMs: null }
  const say = (user: string, name: string | null, count = 1) =>
    writes.keepMessages(
      pack(
        Array.from({ length: count }, () => ({
          ...{ room: 'a', kind: 'text' as const, payload: Buffer.from('x'), user, name },
          ...{ time: clock.now(), retention, key: null, holder: null, keyAddress: null },
        })),
      ),
    )
  const taken = (usernameKey: string) => createAccount(account({ usernameKey })) === 'taken'
  /** An account that is made and removed at once. */
  const removed = (usernameKey: string, keptMs = 1_000) => {
    const one = account({ usernameKey })
    createAccount(one)
    removeAccount({ user: one.user, keptUntil: clock.now() + keptMs })
    return one.user
  }
  return { clock, looks, say, taken, removed }
}

t.test('a name whose time is not over is not looked for', async (t) => {
  const { clock, looks, removed, taken } = begin(t)
  removed('ann', 60_001)
  await clock.advance(60_000)
  t.ok(taken('ann'))
  t.same(looks, [])
  await clock.advance(60_000)
  t.notOk(taken('ann'))
})

t.test('names are looked for in slices, and no further than the last is found', async (t) => {
  const { clock, looks, say, removed, taken } = begin(t)
  const [ann, bob] = [removed('ann'), removed('bob')]
  say('u_other', 'ann', 4_999)
  say(ann, 'Ann')
  say('u_other', null, 6_000)
  say(bob, 'Bob')
  say('u_other', null, 10_000)
  await clock.advance(60_000)
  t.same(looks, [
    { users: [ann], last: 5_000 },
    { users: [], last: 10_000 },
    { users: [bob], last: 15_000 },
  ])
  t.ok(taken('ann') && taken('bob'))
  await clock.advance(120_000)
  t.equal(looks.length, 3, 'and only a day later again')
})

t.test('a name that no message carries is free, one that another user has too', async (t) => {
  const { clock, looks, say, removed, taken } = begin(t)
  const [ann, bob] = [removed('ann'), removed('bob')]
  say(ann, null)
  say('u_other', 'ann')
  say(bob, 'Bob', 6_000)
  await clock.advance(60_000)
  t.same(looks, [
    { users: [bob], last: 5_000 },
    { users: [], last: null },
  ])
  t.notOk(taken('ann'))
  t.ok(taken('bob'))
})

t.test('of more names than one pass takes all are settled', async (t) => {
  const { clock, removed, taken } = begin(t)
  for (let i = 0; i < 2_500; i += 1) removed(`ann${i}`)
  await clock.advance(60_000)
  t.equal(Array.from({ length: 2_500 }, (_, i) => taken(`ann${i}`)).filter(Boolean).length, 0)
})
