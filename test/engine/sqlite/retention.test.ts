// Deleting messages that rooms no longer keep, on a database without other users.
import t from 'tap'
import { openStore } from '../../../src/engine/sqlite/file.ts'
import { messageReads } from '../../../src/engine/sqlite/message-reads.ts'
import { messageWrites } from '../../../src/engine/sqlite/message-writes.ts'
import { pack } from '../../../src/engine/sqlite/packed-drafts.ts'

const DAY_MS = 86_400_000
const START = 1_700_000_000_000

function store() {
  const db = openStore(':memory:')
  const { writes } = messageWrites(db)
  const reads = messageReads(db)
  const say = (room: string, count: number, ageMs: number | null = null, key = false) =>
    writes.keepMessages(
      pack(
        Array.from({ length: count }, (_, i) => ({
          ...{ room, kind: 'text' as const, payload: Buffer.from('x'), time: START },
          ...{ user: null, name: null, holder: null },
          ...{ retention: { messages: 10, ageMs }, key: key ? `${room} ${i}` : null },
        })),
      ),
    )
  const sayAt = (time: number) =>
    writes.keepMessages(
      pack([
        {
          ...{ room: 'a', kind: 'text', payload: Buffer.from('x'), time },
          ...{ user: null, name: null, holder: null, key: null },
          retention: { messages: 10, ageMs: 500 },
        },
      ]),
    )
  const left = (room: string) => {
    const row = db
      .prepare(
        'SELECT count(*) AS n FROM messages JOIN rooms ON rooms.id = room WHERE rooms.name = :room',
      )
      .get({ room })
    return Number(row?.n)
  }
  return { db, writes, reads, say, sayAt, left }
}

t.test('a room that needs many slices gets them one after the other', async (t) => {
  const { writes, say, left } = store()
  say('busy', 500)
  say('quiet', 5)
  say('other', 50)
  const sizes: number[] = []
  for (let cursor = 0, slice = 0; slice < 6; slice += 1) {
    cursor = writes.trimMessages({ now: START, rows: 100, cursor }).cursor
    sizes.push(left('busy'))
  }
  t.same(sizes, [400, 300, 200, 100, 10, 10])
  t.equal(left('quiet'), 5)
  t.equal(left('other'), 10)
})

t.test('messages that are too old go, and offsets and epoch go on', async (t) => {
  const { writes, reads, say, left } = store()
  say('a', 5, DAY_MS)
  const before = reads.headOf({ room: 'a' })
  writes.trimMessages({ now: START + 2 * DAY_MS, rows: 100, cursor: 0 })
  t.equal(left('a'), 0)
  t.same(reads.headOf({ room: 'a' }), before)
  say('a', 1, DAY_MS)
  t.same(reads.headOf({ room: 'a' }), { ...before, offset: 6 })
})

t.test('what is shown stays, also where the clock was set back before it', async (t) => {
  const { writes, reads, sayAt } = store()
  for (const time of [START, START + 1_000, START + 100, START + 1_100]) sayAt(time)
  const page = { room: 'a', since: START + 700, kept: 10, after: null, before: null, limit: 10 }
  const shown = () =>
    reads.readMessages({ ...page, bytes: 1_000, order: 'asc' }).messages.map((m) => m.offset)
  t.same(shown(), [2, 3, 4])
  writes.trimMessages({ now: START + 1_200, rows: 100, cursor: 0 })
  t.same(shown(), [2, 3, 4])
  t.same(reads.summaryOf({ ...page, since: 0 }).oldest, 2, 'the first is deleted')
})

t.test('messages between deleted ones are not shown again, if their room keeps more', async (t) => {
  const { writes, reads, say, sayAt } = store()
  sayAt(START)
  say('a', 1, null, true)
  say('a', 10)
  writes.trimMessages({ now: START, rows: 100, cursor: 0 })
  sayAt(START)
  const kept = (messages: number) => ({ room: 'a', since: 0, kept: messages })
  t.equal(reads.summaryOf(kept(10)).oldest, 4)
  t.equal(reads.summaryOf(kept(100)).oldest, 3)
})

t.test('a message with a key stays for its window, whatever its room keeps', async (t) => {
  const { writes, say, left } = store()
  say('a', 50, null, true)
  writes.trimMessages({ now: START + 60_000, rows: 100, cursor: 0 })
  t.equal(left('a'), 50)
  writes.trimMessages({ now: START + 400_000, rows: 100, cursor: 0 })
  t.equal(left('a'), 10)
})

t.test('messages with keys that stay do not keep others from being deleted', async (t) => {
  const { writes, say, left } = store()
  say('a', 50, null, true)
  say('a', 30)
  const trim = (now: number) => {
    for (let i = 0; i < 10; i += 1) writes.trimMessages({ now, rows: 10, cursor: 0 })
  }
  trim(START)
  t.equal(left('a'), 60)
  trim(START + 400_000)
  t.equal(left('a'), 10)
})

t.test('a room of which nothing was left for a month begins a new epoch', async (t) => {
  const { db, writes, reads, say } = store()
  say('a', 5, DAY_MS)
  say('b', 5)
  const { epoch } = reads.headOf({ room: 'a' })
  const trim = (days: number) =>
    writes.trimMessages({ now: START + days * DAY_MS, rows: 100, cursor: 0 })
  for (const days of [2, 3, 20, 32]) trim(days)
  t.equal(reads.headOf({ room: 'a' }).offset, 5, 'not before')
  trim(34)
  t.equal(db.prepare('SELECT count(*) AS n FROM rooms').get()?.n, 1)
  const reborn = reads.headOf({ room: 'a' })
  t.equal(reborn.offset, 0)
  t.not(reborn.epoch, epoch)
  say('a', 1)
  t.same(reads.headOf({ room: 'a' }), { epoch: reborn.epoch, offset: 1 })
  t.equal(reads.headOf({ room: 'b' }).epoch, epoch, 'the others are unchanged')
})
