// Copies of a store that is in use: whole, of one moment, and never taken for the original.
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import t, { type Test } from 'tap'
import type { Engine } from '../../../src/engine/engine.ts'
import type { AppendOptions, Retention } from '../../../src/engine/message-log.ts'
import { openEngine } from '../../../src/engine/open-engine.ts'
import { NO_HOLDER } from '../../../src/engine/shares.ts'
import { backUp } from '../../../src/engine/sqlite/backup.ts'
import { systemClock } from '../../../src/time/system-clock.ts'
import { account, draft, ticket } from '../../contract/support/samples.ts'
import { pageQuery } from '../../support/page-query.ts'
import { until } from '../../support/until.ts'

const ROOM = 'chat:a'
const RETENTION: Retention = { messages: 1_000_000, ageMs: null }
const KEPT: AppendOptions = { retention: RETENTION, key: null, holder: NO_HOLDER }

async function opened(t: Test, folder: string): Promise<Engine> {
  const engine = await openEngine({ kind: 'sqlite', folder, lockWaitMs: 0 }, systemClock)
  t.teardown(() => engine.close())
  return engine
}

/** Restores as an operator does: a new folder, and the copy in it under the store's name. */
async function restored(t: Test, file: string, name: string): Promise<string> {
  const folder = `${t.testdirName}/${name}`
  mkdirSync(folder)
  await copyFile(file, `${folder}/usher.db`)
  return folder
}

function metaOf(path: string): Record<string, string> {
  const db = new DatabaseSync(path, { readOnly: true })
  const rows = db.prepare('SELECT name, value FROM meta').all()
  db.close()
  return Object.fromEntries(rows.map(({ name, value }) => [name, String(value)]))
}

/** Many a page, so that a backup takes several steps. */
async function fill({ log }: Engine, count: number): Promise<void> {
  const said = Array.from({ length: count }, () => log.append(ROOM, draft('x'.repeat(2_000)), KEPT))
  await Promise.all(said)
}

t.test('a backup under load is one moment: all that was acknowledged before it', async (t) => {
  const folder = t.testdir({})
  const engine = await opened(t, folder)
  await fill(engine, 5_000)
  let acknowledged = 5_000
  let stopped = false
  const talk = async (): Promise<void> => {
    while (!stopped) {
      await engine.log.append(ROOM, draft('more'), KEPT)
      acknowledged += 1
    }
  }
  const talking = [talk(), talk()]
  await until(() => acknowledged > 5_010)
  const before = acknowledged
  const file = `${folder}/copy.db`
  const bytes = await backUp({ folder, file })
  stopped = true
  await Promise.all(talking)
  t.ok(acknowledged > before, 'it went on meanwhile')
  t.equal(bytes, statSync(file).size)
  const copy = await opened(t, await restored(t, file, 'other'))
  const { offset } = await copy.log.head(ROOM)
  t.ok(offset >= before, `${before} were acknowledged, ${offset} are there`)
  const query = pageQuery({ retention: RETENTION, order: 'desc', limit: 20 })
  const { messages } = await copy.log.read(ROOM, query)
  const offsets = messages.map((message) => message.offset)
  t.same(
    offsets,
    Array.from({ length: 20 }, (_, back) => offset - back),
    'and no hole',
  )
})

t.test('[C94] each restore of the same file begins an epoch of its own, once', async (t) => {
  const folder = t.testdir({})
  const engine = await opened(t, folder)
  await engine.log.append(ROOM, draft('a'), KEPT)
  const { epoch: former } = await engine.log.head(ROOM)
  const file = `${folder}/copy.db`
  await backUp({ folder, file })
  const epochs = [former]
  for (const name of ['first', 'second']) {
    const place = await restored(t, file, name)
    const first = await opened(t, place)
    const head = await first.log.head(ROOM)
    t.equal(head.offset, 1)
    const said = await first.log.append(ROOM, draft('b'), KEPT)
    t.same(said.position, { epoch: head.epoch, offset: 2 })
    await first.close()
    t.equal(metaOf(`${place}/usher.db`).restored, undefined, 'the mark is gone')
    const again = await opened(t, place)
    t.same(await again.log.head(ROOM), said.position, 'a mere restart changes nothing')
    epochs.push(head.epoch)
  }
  t.equal(new Set(epochs).size, 3)
  t.equal((await engine.log.head(ROOM)).epoch, former, 'nor does a backup')
  t.equal(metaOf(`${folder}/usher.db`).restored, undefined)
})

t.test('[C22] accounts are restored, tickets are not: they may have been used', async (t) => {
  const folder = t.testdir({})
  const engine = await opened(t, folder)
  const [ada, one] = [account(), ticket()]
  await engine.accounts.create(ada)
  await engine.tickets.issue(one)
  await engine.close()
  const file = `${folder}/copy.db`
  await backUp({ folder, file })
  const copy = await opened(t, await restored(t, file, 'other'))
  t.same(await copy.accounts.byUser(ada.user), ada)
  t.equal(await copy.tickets.redeem(one.hash, 1_000), null)
})

t.test('a backup is one file for its owner alone, also after a start that failed', async (t) => {
  const folder = t.testdir({ 'copy.db.part': 'half made' })
  await (await opened(t, folder)).close()
  const file = `${folder}/copy.db`
  await backUp({ folder, file })
  t.equal(statSync(file).mode & 0o777, 0o600)
  const copies = readdirSync(folder).filter((name) => name.startsWith('copy'))
  t.same(copies, ['copy.db'])
})

t.test('a file that is there already is left as it is', async (t) => {
  const folder = t.testdir({})
  await (await opened(t, folder)).close()
  const file = `${folder}/copy.db`
  await backUp({ folder, file })
  const before = statSync(file)
  const refused = { name: 'EngineRefused', message: /copy\.db is there already\. Name another/ }
  await t.rejects(backUp({ folder, file }), refused)
  t.equal(statSync(file).mtimeMs, before.mtimeMs)
})

t.test('a store that cannot be copied is refused with advice, and leaves no file', async (t) => {
  const folder = t.testdir({
    none: {},
    theirs: { 'usher.db': 'Dear diary, '.repeat(1_000) },
    good: {},
  })
  await (await opened(t, `${folder}/good`)).close()
  const file = `${folder}/copy.db`
  const cases: [from: string, to: string, message: RegExp][] = [
    ['none', file, /^There is no .*usher\.db\. Name the data folder in USHER_DATA/],
    ['theirs', file, /is not a SQLite database/],
    ['good', `${folder}/nowhere/copy.db`, /cannot be written: ENOENT.*Check that its folder/],
  ]
  for (const [from, to, message] of cases) {
    const name = 'EngineRefused'
    await t.rejects(backUp({ folder: `${folder}/${from}`, file: to }), { name, message })
    t.notOk(existsSync(to))
  }
})

t.test('a backup that was put beside the log of another store is refused', async (t) => {
  const folder = t.testdir({})
  await (await opened(t, folder)).close()
  await backUp({ folder, file: `${folder}/copy.db` })
  const place = await restored(t, `${folder}/copy.db`, 'other')
  writeFileSync(`${place}/usher.db-wal`, 'what was said before')
  const message =
    /was restored, but .*usher\.db-wal is of the store before it\. Move that file away/
  await t.rejects(opened(t, place), { name: 'EngineRefused', message })
  t.equal(metaOf(`${folder}/copy.db`).restored, '1')
})
