// How a store is brought up to date, step by step.
import { DatabaseSync } from 'node:sqlite'
import t, { type Test } from 'tap'
import type { TicketRecord } from '../../../src/engine/identity-store.ts'
import { prepareReads } from '../../../src/engine/sqlite/identity-reads.ts'
import { prepareWrites } from '../../../src/engine/sqlite/identity-writes.ts'
import { messageWrites } from '../../../src/engine/sqlite/message-writes.ts'
import { packMoves } from '../../../src/engine/sqlite/packed-moves.ts'
import { receiptReads } from '../../../src/engine/sqlite/receipt-reads.ts'
import { MIGRATIONS, migrate, versionOf } from '../../../src/engine/sqlite/schema.ts'
import { TICKET } from '../../../src/protocol/limits.ts'
import { moveIn } from '../../contract/support/receipts.ts'
import { account, session, ticket } from '../../contract/support/samples.ts'

function inMemory(t: Test): DatabaseSync {
  const db = new DatabaseSync(':memory:')
  t.teardown(() => db.close())
  return db
}

t.test('a new store takes every step, once', async (t) => {
  const db = inMemory(t)
  t.equal(versionOf(db), 0)
  migrate(db, MIGRATIONS)
  migrate(db, MIGRATIONS)
  t.equal(versionOf(db), MIGRATIONS.length)
})

t.test('an older store takes only the steps that it lacks', async (t) => {
  const db = inMemory(t)
  migrate(db, ['CREATE TABLE first (x)'])
  migrate(db, ['CREATE TABLE first (x)', 'CREATE TABLE second (x)', 'DROP TABLE first'])
  t.equal(versionOf(db), 3)
  t.same(db.prepare('SELECT name FROM sqlite_schema').all(), [{ name: 'second' }])
})

t.test('a step that fails leaves nothing, and the steps before it stand', async (t) => {
  const db = inMemory(t)
  const steps = [
    'CREATE TABLE first (x)',
    'CREATE TABLE second (x); INSERT INTO nowhere VALUES (1)',
  ]
  t.throws(() => migrate(db, steps), /nowhere/)
  t.equal(versionOf(db), 1)
  t.same(db.prepare('SELECT name FROM sqlite_schema').all(), [{ name: 'first' }])
})

t.test('a store from before redactions were counted gets a count for each room', async (t) => {
  const db = inMemory(t)
  migrate(db, MIGRATIONS.slice(0, 6))
  db.exec("INSERT INTO rooms (name, generation, newest, messages_max) VALUES ('a', 0, 3, 10)")
  migrate(db, MIGRATIONS)
  t.same(
    { ...db.prepare('SELECT name, redactions FROM rooms').get() },
    { name: 'a', redactions: 0 },
  )
  t.equal(db.prepare('SELECT count(*) AS n FROM daily_use').get()?.n, 0)
})

t.test('messages from before names have none, and the view of operators shows names', async (t) => {
  const db = inMemory(t)
  migrate(db, MIGRATIONS.slice(0, 7))
  const say = (offset: number, more: string, value: string) =>
    db.exec(`INSERT INTO messages (room, "offset", time, kind, user, payload${more})
      VALUES (1, ${offset}, 0, 'text', 'u_1', CAST('hi' AS BLOB)${value})`)
  db.exec("INSERT INTO rooms (name, generation, newest, messages_max) VALUES ('a', 0, 3, 10)")
  say(1, '', '')
  migrate(db, MIGRATIONS)
  say(2, ', name', ", 'Ann'")
  const shown = db.prepare('SELECT room, user, name, payload FROM history ORDER BY "offset"').all()
  const said = { room: 'a', user: 'u_1', payload: 'hi' }
  t.same(shown, [
    { ...said, name: null },
    { ...said, name: 'Ann' },
  ])
})

t.test('rooms from before receipts have no participants, and take some', async (t) => {
  const db = inMemory(t)
  migrate(db, MIGRATIONS.slice(0, 10))
  const into = 'INSERT INTO rooms (name, generation, newest, messages_max)'
  db.exec(`${into} VALUES ('a', 0, 3, 10)`)
  migrate(db, MIGRATIONS)
  const count = () => db.prepare("SELECT participants FROM rooms WHERE name = 'a'").get()
  t.equal(count()?.participants, 0)
  const { writes } = messageWrites(db)
  const calls = [{ owner: { user: 'u_1', name: null }, holder: null, moves: [moveIn('a', {})] }]
  writes.moveReceipts(packMoves(calls, { mayGrow: true, time: 1 }))
  t.equal(count()?.participants, 1)
  t.same(receiptReads(db).ownReceipt({ room: 'a', user: 'u_1' }), { delivered: 3, read: 3 })
})

t.test('a sweep deletes expired records, oldest first, and no more than a slice', async (t) => {
  const db = inMemory(t)
  migrate(db, MIGRATIONS)
  const [writes, reads] = [prepareWrites(db), prepareReads(db)]
  const ada = account()
  writes.createAccount(ada)
  const old = [3, 1, 2, 4].map((expiresAt) => session(ada, { expiresAt }))
  for (const each of old) writes.createSession(each)
  t.equal(writes.sweepSessions({ now: 3, limit: 2 }), 2)
  t.equal(writes.sweepSessions({ now: 3, limit: 2 }), 1)
  t.equal(writes.sweepSessions({ now: 3, limit: 2 }), 0)
  const ends = old.map(({ id }) => reads.sessionById({ id })?.expiresAt)
  t.same(ends, [undefined, undefined, undefined, 4])
})

t.test('[S18] tickets of ended sessions are not taken', async (t) => {
  const db = inMemory(t)
  migrate(db, MIGRATIONS)
  const writes = prepareWrites(db)
  const expiresAt = 100_000
  const users = ['banned', 'revoked', 'revoked-before', 'logged-out', 'fine']
  const session = (user: string) => (user === 'logged-out' ? 's_gone' : null)
  const times = { issuedAt: 70_000, expiresAt }
  const left = users.map((user) => ticket({ user, ...times, session: session(user) }))
  writes.leaveTickets(left)
  writes.banUser({ user: 'banned', now: 5 })
  writes.revokeUser({ user: 'revoked', now: 90_000 })
  writes.revokeUser({ user: 'revoked-before', now: 60_000 })
  const taken = writes.takeTickets().map(({ user }) => user)
  t.same(taken, ['revoked-before', 'fine'])
})

t.test('tickets of a former version count as issued as early as they can have been', async (t) => {
  const db = inMemory(t)
  migrate(db, MIGRATIONS)
  const writes = prepareWrites(db)
  const expiresAt = 2 * TICKET.secondsMax * 1_000
  const { issuedAt: _, ...former } = ticket({ expiresAt })
  writes.leaveTickets([former as TicketRecord])
  t.same(writes.takeTickets(), [{ ...former, issuedAt: expiresAt / 2 }])
})

t.test('[C22] tickets that were left are taken once', async (t) => {
  const db = inMemory(t)
  migrate(db, MIGRATIONS)
  const writes = prepareWrites(db)
  const left = [ticket({ rooms: ['chat:1'] }), ticket({ info: '{"name":"Ädä"}' })]
  writes.leaveTickets(left)
  t.same(writes.takeTickets(), left)
  t.same(writes.takeTickets(), [])
})
