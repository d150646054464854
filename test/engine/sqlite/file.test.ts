// Which database files are opened, and which are refused and left as they are.
import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import t, { type Test } from 'tap'
import { openEngine } from '../../../src/engine/open-engine.ts'
import { systemClock } from '../../../src/time/system-clock.ts'
import { account } from '../../contract/support/samples.ts'

const ADA = account()

function open(folder: string) {
  return openEngine({ kind: 'sqlite', folder, lockWaitMs: 0 }, systemClock)
}

/** A folder with a store of some pages in it, closed. Gives the path of its database. */
async function store(t: Test): Promise<{ folder: string; path: string }> {
  const folder = t.testdir({})
  const engine = await open(folder)
  await engine.accounts.create(ADA)
  await engine.close()
  return { folder, path: `${folder}/usher.db` }
}

function change(path: string, sql: string): void {
  const db = new DatabaseSync(path)
  db.exec(sql)
  db.close()
}

function valueIn(path: string, sql: string): unknown {
  const db = new DatabaseSync(path, { readOnly: true })
  const [value] = Object.values(db.prepare(sql).get() ?? {})
  db.close()
  return value
}

/** Opens twice, because a refusal must release the folder, too. */
async function refuses(t: Test, folder: string, message: RegExp): Promise<void> {
  const path = `${folder}/usher.db`
  const before = readFileSync(path)
  for (const attempt of ['first', 'second']) {
    await t.rejects(open(folder), { name: 'EngineRefused', message }, `the ${attempt} time`)
  }
  t.ok(readFileSync(path).equals(before), 'no byte has changed')
}

t.test('a store of a newer Usher is refused', async (t) => {
  const { folder, path } = await store(t)
  change(path, 'PRAGMA user_version = 99')
  await refuses(t, folder, /usher\.db was written by a newer Usher .*version 99/)
})

t.test('a newer store is refused also when only its write-ahead log says so', async (t) => {
  const { folder, path } = await store(t)
  const killed = `${folder}/killed`
  mkdirSync(killed)
  const live = new DatabaseSync(path)
  live.exec('PRAGMA user_version = 99')
  for (const suffix of ['', '-wal']) copyFileSync(path + suffix, `${killed}/usher.db${suffix}`)
  live.close()
  await refuses(t, killed, /newer Usher/)
})

t.test("another application's database is refused", async (t) => {
  const folder = t.testdir({})
  change(`${folder}/usher.db`, 'PRAGMA application_id = 4711; CREATE TABLE theirs (x)')
  await refuses(t, folder, /belongs to another application/)
})

t.test('a database that does not say whose it is is refused', async (t) => {
  const folder = t.testdir({})
  change(`${folder}/usher.db`, 'CREATE TABLE theirs (x)')
  await refuses(t, folder, /belongs to another application/)
})

t.test('a file that is no database is refused', async (t) => {
  const folder = t.testdir({ 'usher.db': 'Dear diary, '.repeat(1_000) })
  await refuses(t, folder, /is not a SQLite database/)
})

t.test('a few bytes of nonsense are refused', async (t) => {
  await refuses(t, t.testdir({ 'usher.db': 'Dear' }), /is not a SQLite database/)
})

t.test('an empty file is refused, because ours never are', async (t) => {
  await refuses(t, t.testdir({ 'usher.db': '' }), /is damaged: it is empty/)
})

t.test('a folder where the file should be is refused as one', async (t) => {
  const folder = t.testdir({ 'usher.db': {} })
  const refused = {
    name: 'EngineRefused',
    message: /usher\.db is no file\. Move it away, or name /,
  }
  await t.rejects(open(folder), refused)
})

t.test('a store that was cut at the end of a page is refused', async (t) => {
  const { folder, path } = await store(t)
  truncateSync(path, statSync(path).size - 4_096)
  await refuses(t, folder, /is damaged: .*Restore it from a backup/)
})

t.test('a store that was cut within its last page is refused', async (t) => {
  const { folder, path } = await store(t)
  truncateSync(path, statSync(path).size - 100)
  await refuses(t, folder, /is damaged: it was cut off/)
})

t.test('a store with a page of nonsense is refused', async (t) => {
  const { folder, path } = await store(t)
  const bytes = readFileSync(path)
  bytes.fill(0xa5, 4_096, 8_192)
  writeFileSync(path, bytes)
  await refuses(t, folder, /is damaged: .*Restore it from a backup/)
})

t.test('a log without its database is refused and kept', async (t) => {
  const folder = t.testdir({ 'usher.db-wal': 'what was said' })
  await t.rejects(open(folder), { name: 'EngineRefused', message: /is missing, but .*-wal/ })
  t.equal(readFileSync(`${folder}/usher.db-wal`, 'utf8'), 'what was said')
})

t.test('a new store is for its owner alone, and nothing is left beside it', async (t) => {
  const { path } = await store(t)
  t.equal(statSync(path).mode & 0o777, 0o600)
  t.equal(statSync(`${path}.new`, { throwIfNoEntry: false }), undefined)
})

t.test('a start that was killed while it made the file does not hinder the next', async (t) => {
  const folder = t.testdir({ 'usher.db.new': 'half made', 'usher.db.new-journal': 'half' })
  const engine = await open(folder)
  t.teardown(() => engine.close())
  t.equal(await engine.accounts.create(account()), 'created')
})

t.test('every store has an incarnation of its own and keeps it', async (t) => {
  const INCARNATION = "SELECT value FROM meta WHERE name = 'incarnation'"
  const [first, second] = [await store(t), `${t.testdirName}/other`]
  const born = valueIn(first.path, INCARNATION)
  await (await open(second)).close()
  await (await open(first.folder)).close()
  t.match(born, /^[0-9a-f]{16}$/)
  t.equal(valueIn(first.path, INCARNATION), born)
  t.not(valueIn(`${second}/usher.db`, INCARNATION), born)
})
