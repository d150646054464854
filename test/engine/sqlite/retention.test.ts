// Deleting messages that rooms no longer keep, on a database without other users.
import t from 'tap'
import type { Retention } from '../../../src/engine/message-log.ts'
import { openStore } from '../../../src/engine/sqlite/file.ts'
import { messageReads } from '../../../src/engine/sqlite/message-reads.ts'
import { messageWrites } from '../../../src/engine/sqlite/message-writes.ts'
import { pack } from '../../../src/engine/sqlite/packed-drafts.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const START = 1_700_000_000_000
const TEN: Retention = { messages: 10, ageMs: null }
const TEN_FOR_A_DAY: Retention = { messages: 10, ageMs: DAY_MS }
const MANY: Retention = { messages: 10_000, ageMs: null }

interface Said {
  room?: string
  count?: number
  time?: number
  retention?: Retention
  /** Each with a key of its own. */
  keyed?: boolean
  bytes?: number
}

function store() {
  const db = openStore(':memory:')
  let elapsed = 0
  const clock = { perLook: 0 }
  const { writes, onTakenBack } = messageWrites(db, {
    elapsed: () => {
      elapsed += clock.perLook
      return elapsed
    },
  })
  const reads = messageReads(db)
  let keys = 0
  const say = ({ room = 'a', count = 1, time = START, keyed = false, ...rest }: Said = {}) => {
    const { retention = TEN, bytes = 1 } = rest
    const one = () => ({
      ...{ room, kind: 'text' as const, payload: Buffer.alloc(bytes, 'x'), time },
      ...{ user: null, name: null, holder: null, keyAddress: null, retention },
      key: keyed ? `key ${keys++}` : null,
    })
    return writes.keepMessages(pack(Array.from({ length: count }, one)))
  }
  const left = (room = 'a') => {
    const row = db
      .prepare(
        'SELECT count(*) AS n FROM messages WHERE room = (SELECT id FROM rooms WHERE name = ?)',
      )
      .get(room)
    return Number(row?.n)
  }
  const slice = (now = START, units = 2_000) => writes.trimMessages({ now, units })
  /** Trims until there is nothing more to do; returns in how many slices. */
  const trim = (now = START, units = 2_000) => {
    let slices = 1
    while (slice(now, units).more) slices += 1
    return slices
  }
  const oldest = (now = START, retention = MANY) =>
    reads.summaryOf({ room: 'a', now, retention }).oldest
  return { db, writes, reads, clock, onTakenBack, say, left, slice, trim, oldest }
}

t.test('a room that needs many slices does not keep others from theirs', async (t) => {
  const { say, slice, left } = store()
  say({ room: 'busy', count: 1_000 })
  say({ room: 'other', count: 50 })
  slice(START, 300)
  t.ok(left('busy') > 600, 'a slice has an end')
  for (let i = 0; i < 5; i += 1) slice(START, 300)
  t.same([left('busy'), left('other')], [10, 10])
})

t.test('messages that are too old go, and offsets and epoch go on', async (t) => {
  const { reads, say, trim, left } = store()
  say({ count: 5, retention: TEN_FOR_A_DAY })
  const before = reads.headOf({ room: 'a' })
  trim(START + DAY_MS)
  t.equal(left(), 5, 'not before')
  trim(START + DAY_MS + 1)
  t.equal(left(), 0)
  t.same(reads.headOf({ room: 'a' }), before)
  say({ retention: TEN_FOR_A_DAY })
  t.same(reads.headOf({ room: 'a' }), { ...before, offset: 6 })
})

t.test('[C190] what is shown stays, also where the clock was set back before it', async (t) => {
  const { reads, say, trim, oldest } = store()
  const retention = { messages: 10, ageMs: 500 }
  for (const ms of [0, 1_000, 100, 1_100]) say({ time: START + ms, retention })
  const now = START + 1_200
  const page = { room: 'a', now, retention, after: null, before: null, limit: 10 }
  const shown = () =>
    reads.readMessages({ ...page, bytes: 1_000, order: 'asc' }).messages.map((m) => m.offset)
  t.same(shown(), [2, 3, 4])
  trim(now)
  t.same(shown(), [2, 3, 4])
  t.equal(oldest(START), 2, 'what is deleted stays so, if the clock is set back')
})

t.test('[C190] a message from the future keeps none of those after it, however many', async (t) => {
  const { say, trim, left, oldest } = store()
  const retention = { messages: 10_000, ageMs: MINUTE_MS }
  const future = START + 365 * DAY_MS
  say({ count: 3_000, time: future, retention })
  say({ count: 5, retention })
  trim(START + MINUTE_MS)
  t.equal(left(), 3_005, 'they are shown as long as those')
  say({ time: START + MINUTE_MS, retention })
  trim(START + MINUTE_MS + 1)
  t.equal(left(), 1)
  t.equal(oldest(), 3_006)
})

t.test('messages between deleted ones are not shown again, if their room keeps more', async (t) => {
  const { say, trim, oldest } = store()
  say()
  say({ keyed: true })
  say({ count: 10 })
  trim()
  t.equal(oldest(), 3)
  say()
  say({ retention: MANY })
  t.equal(oldest(), 4, 'nor is what only the count has hidden')
})

t.test(
  'messages with keys go like others, and those that former versions left go too',
  async (t) => {
    const { db, say, trim, left, oldest } = store()
    say({ count: 3_000, time: START + 365 * DAY_MS, keyed: true })
    say({ count: 20, keyed: true })
    trim()
    t.equal(left(), 10)
    say({ room: 'former', count: 300, retention: MANY })
    db.exec(`
    UPDATE messages SET key_hash = x'00' WHERE room = 2 AND "offset" % 2 = 0;
    UPDATE rooms SET shown_from = 281, due_at = 0 WHERE name = 'former'`)
    trim(START, 10)
    t.same([left('former'), oldest()], [20, 3_011])
  },
)

t.test('a room of which nothing was left for a month begins a new epoch', async (t) => {
  const { db, reads, say, trim } = store()
  say({ count: 5, retention: TEN_FOR_A_DAY })
  say({ room: 'b', count: 5 })
  const { epoch } = reads.headOf({ room: 'a' })
  for (const days of [2, 3, 20, 32]) trim(START + days * DAY_MS)
  t.equal(reads.headOf({ room: 'a' }).offset, 5, 'not before')
  trim(START + 34 * DAY_MS)
  t.equal(db.prepare('SELECT count(*) AS n FROM rooms').get()?.n, 1)
  const reborn = reads.headOf({ room: 'a' })
  t.equal(reborn.offset, 0)
  t.not(reborn.epoch, epoch)
  say()
  t.same(reads.headOf({ room: 'a' }), { epoch: reborn.epoch, offset: 1 })
  t.equal(reads.headOf({ room: 'b' }).epoch, epoch, 'the others are unchanged')
})

t.test('[C191] a rule that changes reaches rooms in which nothing is said', async (t) => {
  const { writes, say, trim, left, oldest } = store()
  say({ count: 50, retention: MANY })
  const change = (retention: Retention) => {
    writes.changeRetentions([{ room: 'a', retention }])
    trim(START + MINUTE_MS)
  }
  change(TEN)
  t.same([left(), oldest()], [10, 41])
  change(MANY)
  t.equal(oldest(), 41)
  change({ messages: 0, ageMs: null })
  t.same([left(), oldest()], [0, 51])
  change(MANY)
  say({ time: START + MINUTE_MS, retention: MANY })
  t.equal(oldest(START + MINUTE_MS), 51, 'and what is said then is shown')
})

t.test(
  '[C190] what a former rule hid is not shown before it is deleted, nor afterwards',
  async (t) => {
    const { writes, say, trim, oldest } = store()
    const day = { messages: 100, ageMs: DAY_MS }
    say({ count: 5, retention: day })
    say({ count: 20, time: START + DAY_MS, retention: day })
    const now = START + DAY_MS + 1
    t.equal(oldest(now), 6)
    writes.changeRetentions([{ room: 'a', retention: MANY }])
    t.equal(oldest(now), 6)
    trim(now)
    t.equal(oldest(now), 6)
  },
)

t.test('a publish under a new rule is shown at once, and nothing that was hidden', async (t) => {
  const { say, trim, left, oldest } = store()
  const none = { messages: 0, ageMs: null }
  say({ count: 5, retention: { messages: 100, ageMs: DAY_MS } })
  say({ count: 5, time: START + DAY_MS, retention: { messages: 100, ageMs: DAY_MS } })
  const now = START + DAY_MS + 1
  say({ time: now, retention: MANY })
  t.equal(oldest(now), 6)
  say({ time: now, retention: none })
  t.equal(oldest(now, none), 13)
  say({ time: now, retention: MANY })
  t.equal(oldest(now), 13)
  trim(now)
  t.equal(left(), 1, 'what is hidden is deleted')
})

t.test('rooms that have nothing to delete are not looked at, however many', async (t) => {
  const { say, slice, left } = store()
  const retention = { messages: 10, ageMs: DAY_MS }
  for (let i = 0; i < 2_000; i += 1) say({ room: `quiet ${i}`, retention })
  say({ room: 'full', count: 11, retention })
  say({ room: 'old', retention: { messages: 10, ageMs: MINUTE_MS } })
  const { more } = slice(START + MINUTE_MS + 1)
  t.same([left('full'), left('old'), more], [10, 0, false])
})

t.test('a slice ends after some bytes, and after some time', async (t) => {
  const { clock, say, trim, slice, left } = store()
  say({ count: 60, bytes: 65_536, retention: MANY })
  say({ retention: TEN })
  t.ok(trim(START, 400) >= 2, 'a message of 64 KB is worth seventeen units')
  say({ count: 1_000 })
  clock.perLook = 4
  slice()
  const afterOne = left()
  t.ok(afterOne > 500, `${afterOne} are left`)
  trim()
  t.equal(left(), 10)
})

t.test('a slice that could not be kept is done again', async (t) => {
  const { db, writes, onTakenBack, say, slice, trim, left, oldest } = store()
  say({ count: 500, retention: MANY })
  writes.changeRetentions([{ room: 'a', retention: TEN }])
  db.exec('BEGIN')
  t.equal(slice(START, 200).changes, 1)
  db.exec('ROLLBACK')
  onTakenBack()
  t.equal(left(), 500)
  trim()
  t.same([left(), oldest()], [10, 491])
})

t.test('a publish under a new rule holds, also in the middle of a look', async (t) => {
  const { say, slice, trim, left, oldest } = store()
  const former = { messages: 500, ageMs: DAY_MS }
  say({ count: 500, retention: former })
  say({ count: 3, time: START + DAY_MS, retention: { ...former, messages: 3 } })
  const now = START + DAY_MS + 1
  slice(now, 200)
  t.ok(left() > 100, 'the look has not ended')
  say({ count: 5, time: now, retention: MANY })
  trim(now)
  t.equal(oldest(now), 501)
  say({ time: now, retention: MANY })
  trim(now)
  t.same([left(), oldest(now)], [9, 501])
})
