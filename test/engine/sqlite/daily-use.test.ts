// What users have used of the quotas of a day, in a store without an engine around it.
import { test } from 'tap'
import { DAY_MS, DailyUse, NO_QUOTAS } from '../../../src/engine/sqlite/daily-use.ts'
import { openStore } from '../../../src/engine/sqlite/file.ts'
import { messageWrites } from '../../../src/engine/sqlite/message-writes.ts'
import { pack } from '../../../src/engine/sqlite/packed-drafts.ts'

const DAY = 20_000
const NOON = (DAY + 0.5) * DAY_MS
const ALL = 1_000_000

function store(storedBytes: number | null = 10, newRooms: number | null = 2) {
  const db = openStore(':memory:')
  const quotas = { ...NO_QUOTAS, storedBytes, newRooms }
  const use = new DailyUse(db, quotas)
  const rows = () =>
    db
      .prepare('SELECT * FROM daily_use ORDER BY holder')
      .all()
      .map((row) => ({ ...row }))
  return { db, quotas, use, rows }
}

test('[S45] a quota begins again with the day, and not when the clock was set back', async (t) => {
  const { use } = store()
  t.equal(use.take('u', NOON, 10, false), null)
  t.equal(use.take('u', (DAY + 1) * DAY_MS - 1, 1, false), 'storedBytes')
  t.equal(use.take('u', (DAY + 1) * DAY_MS, 10, false), null)
  t.equal(use.take('u', NOON, 1, false), 'storedBytes')
  t.equal(use.take('u', NOON + DAY_MS, 1, false), 'storedBytes')
})

test('[S45] a clock that was far ahead for a moment closes no quota until then', async (t) => {
  const { use } = store()
  t.equal(use.take('u', NOON + 3_650 * DAY_MS, 10, false), null)
  use.keep(ALL)
  use.settle()
  t.equal(use.take('u', NOON, 10, false), null)
  t.equal(use.take('u', NOON, 1, false), 'storedBytes')
  t.equal(use.take('u', NOON + DAY_MS, 10, false), null)
})

test('a transaction that was taken back has used nothing', async (t) => {
  const { use } = store()
  use.take('u', NOON, 4, true)
  use.settle()
  for (let again = 0; again < 3; again += 1) {
    use.take('u', NOON, 6, true)
    t.equal(use.take('u', NOON, 1, false), 'storedBytes')
    use.takeBack()
  }
  t.equal(use.take('u', NOON, 6, true), null)
})

test('a commit that fails keeps no message and no use of it', async (t) => {
  const { db, quotas, rows } = store(4)
  const { writes, onKept, onTakenBack } = messageWrites(db, { quotas })
  const say = (text: string) => {
    const retention = { messages: 10, ageMs: null }
    const draft = {
      room: 'a',
      kind: 'text',
      payload: Buffer.from(text),
      user: 'u',
      name: null,
    } as const
    const unkeyed = { key: null, keyAddress: null }
    return writes.keepMessages(pack([{ ...draft, ...unkeyed, time: NOON, retention, holder: 'u' }]))
  }
  db.exec('BEGIN')
  t.same(say('1234').offset, [1])
  db.exec('ROLLBACK')
  onTakenBack()
  t.same(say('1234').offset, [1], 'the room is new once more')
  t.same(say('5').offset, [-2])
  onKept()
  writes.keepDailyUse({ limit: ALL })
  t.same(rows(), [{ holder: 'u', day: DAY, bytes: 4, rooms: 1, keys: 0 }])
})

test('[S45] use is written in slices, each change once, and read again', async (t) => {
  const { db, quotas, use, rows } = store()
  for (const holder of ['a', 'b', 'c']) use.take(holder, NOON, 7, true)
  use.settle()
  t.equal(use.keep(2), 2)
  use.settle()
  t.equal(use.keep(2), 1)
  use.settle()
  t.equal(use.keep(2), 0)
  t.same(
    rows(),
    ['a', 'b', 'c'].map((holder) => ({ holder, day: DAY, bytes: 7, rooms: 1, keys: 0 })),
  )
  const next = new DailyUse(db, quotas)
  t.equal(next.take('a', NOON, 4, false), 'storedBytes')
  t.equal(next.take('a', NOON, 3, true), null)
  t.equal(next.take('a', NOON, 0, true), 'newRooms')
})

test('what was used after it was written, or was taken back, is written again', async (t) => {
  const { use, rows } = store()
  use.take('a', NOON, 1, false)
  use.settle()
  use.keep(ALL)
  use.take('a', NOON, 2, false)
  use.settle()
  t.equal(use.keep(ALL), 1)
  t.same(rows(), [{ holder: 'a', day: DAY, bytes: 3, rooms: 0, keys: 0 }])
  use.takeBack()
  t.equal(use.keep(ALL), 1, 'that transaction failed')
})

test('what was used of former days is deleted, and nothing of this day', async (t) => {
  const { use, rows } = store()
  for (let user = 0; user < 10; user += 1) {
    use.take(`u${user}`, user % 2 === 0 ? NOON : NOON + DAY_MS, 1, false)
  }
  use.keep(ALL)
  let slices = 0
  for (let after: string | null = ''; after !== null; slices += 1) {
    after = use.sweep({ day: DAY + 1, after, limit: 3 })
  }
  t.same(
    rows().map(({ holder }) => holder),
    ['u1', 'u3', 'u5', 'u7', 'u9'],
  )
  t.equal(slices, 4)
})

test('users whose use is in the store do not stay in memory', async (t) => {
  const { use } = store()
  const users = 50_001
  for (let user = 0; user < users; user += 1) use.take(`u${user}`, NOON, 9, false)
  use.settle()
  t.equal(use.held, users, 'what is nowhere else stays')
  use.keep(users)
  use.settle()
  t.equal(use.held, 0)
  t.equal(use.take('u7', NOON, 2, false), 'storedBytes', 'they are read again')
})
