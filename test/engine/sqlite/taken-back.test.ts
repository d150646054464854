// What was taken back, of a user or with a room: it is not shown after a kill, jobs delete it from
// the disk, and nothing new is hidden with it.
import { DatabaseSync } from 'node:sqlite'
import t, { type Test } from 'tap'
import { openEngine } from '../../../src/engine/open-engine.ts'
import { NO_HOLDER } from '../../../src/engine/shares.ts'
import { deletedRoomReads } from '../../../src/engine/sqlite/deleted-rooms.ts'
import { openStore } from '../../../src/engine/sqlite/file.ts'
import { messageWrites } from '../../../src/engine/sqlite/message-writes.ts'
import { pack } from '../../../src/engine/sqlite/packed-drafts.ts'
import { userRedactionReads } from '../../../src/engine/sqlite/user-redactions.ts'
import { systemClock } from '../../../src/time/system-clock.ts'
import { draft } from '../../contract/support/samples.ts'
import { pageQuery } from '../../support/page-query.ts'
import { until } from '../../support/until.ts'
import { startChild } from './child.ts'
import { DELETED, KEPT, REDACTED, SAID, SECRET } from './children/taken.ts'

const OPTIONS = { retention: KEPT, key: null, holder: NO_HOLDER }

async function opened(t: Test, folder: string) {
  const engine = await openEngine({ kind: 'sqlite', folder, lockWaitMs: 10_000 }, systemClock)
  t.teardown(() => engine.close())
  return engine
}

t.test('[C214] [C216] it is not shown after kill -9, and jobs delete it then', async (t) => {
  const folder = t.testdir({})
  const child = startChild(t, ['take-back.ts', folder])
  t.equal(await child.line(), 'done')
  await child.kill()
  const db = new DatabaseSync(`${folder}/usher.db`, { readOnly: true })
  t.teardown(() => db.close())
  const count = (sql: string) => Number(Object.values(db.prepare(sql).get() ?? {})[0])
  const saying = "SELECT count(*) FROM messages WHERE payload <> x''"
  t.equal(count(saying), 2 * SAID + 2, 'no job has begun')
  t.equal(count('SELECT count(*) FROM history'), 1, 'the view hides it')

  const { log } = await opened(t, folder)
  t.match(await log.head(DELETED), { offset: 0 })
  t.match(await log.read(DELETED, pageQuery()), { messages: [] })
  const texts = async () => {
    const query = pageQuery({ retention: KEPT, limit: SAID + 1 })
    const { messages } = await log.read(REDACTED, query)
    return messages.map(({ payload, name }) => [String(payload), name])
  }
  const expected = [...Array.from({ length: SAID }, () => ['', null]), [SECRET, 'Ada']]
  t.same(await texts(), expected)

  await until(() => count('SELECT count(*) FROM user_redactions') === 0)
  await until(() => count('SELECT count(*) FROM rooms') === 1)
  t.equal(count(saying), 1)
  t.equal(count('SELECT count(*) FROM messages'), SAID + 1)
  t.match(await log.summary(REDACTED, KEPT), { redactions: SAID })
  t.same(await texts(), expected)
})

t.test('[C214] a message after it is not hidden, whatever was deleted meanwhile', async (t) => {
  const folder = t.testdir({})
  const text = async (log: Awaited<ReturnType<typeof opened>>['log']) =>
    (await log.read('chat:1', pageQuery())).messages.map(({ payload }) => String(payload))
  const before = await opened(t, folder)
  for (const room of ['chat:1', 'chat:2', 'chat:2']) {
    await before.log.append(room, draft('former'), OPTIONS)
  }
  await before.close()
  // The newest messages are gone, as after trimming: without care their ids would be given again.
  const db = new DatabaseSync(`${folder}/usher.db`)
  db.exec(`
    INSERT INTO user_redactions SELECT 'u_ada', max(id) FROM messages;
    DELETE FROM messages WHERE id > 1`)
  db.close()
  const { log } = await opened(t, folder)
  await log.append('chat:1', draft('new'), OPTIONS)
  t.same(await text(log), ['', 'new'])
  await until(async () => (await log.summary('chat:1', KEPT)).redactions === 1)
  t.same(await text(log), ['', 'new'])
})

t.test('a part of the deletion of large messages is small', (t) => {
  const db = openStore(':memory:')
  const { writes } = messageWrites(db)
  const large = (room: string) => ({
    ...{ room, kind: 'text' as const, payload: Buffer.alloc(65_536, 'x'), time: 0 },
    ...{ user: 'u_ada', name: null, holder: null, keyAddress: null, key: null, retention: KEPT },
  })
  for (const room of ['chat:1', 'chat:2']) {
    writes.keepMessages(pack(Array.from({ length: 150 }, () => large(room))))
  }
  const count = () => Number(db.prepare('SELECT count(*) AS n FROM messages').get()?.n)
  writes.deleteRoom({ room: 'chat:1' })
  const id = deletedRoomReads(db).deletedRoom() ?? 0
  let slices = 0
  for (let before = count(); before > 150; before = count()) {
    writes.removeDeleted({ id })
    slices += 1
    t.ok(count() < before && count() >= before - 64)
  }
  t.ok(slices > 2)
  writes.removeDeleted({ id })
  t.equal(deletedRoomReads(db).deletedRoom(), null)

  writes.redactUser({ user: 'u_ada' })
  const ids = new Set<number>()
  for (let after: number | null = 0; after !== null; ) {
    const part = userRedactionReads(db).hiddenAfter({ after })
    t.ok(part.ids.length <= 64)
    for (const each of part.ids) ids.add(each)
    after = part.last
  }
  t.equal(ids.size, 150)
  db.close()
  t.end()
})
