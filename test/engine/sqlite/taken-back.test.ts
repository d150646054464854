// What was taken back, of a user or with a room: it is not shown after a kill, jobs delete it from
// the disk, and nothing new is hidden with it.
import { DatabaseSync } from 'node:sqlite'
import t, { type Test } from 'tap'
import { openEngine } from '../../../src/engine/open-engine.ts'
import { NO_HOLDER } from '../../../src/engine/shares.ts'
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
