// Moving a service from one SQLite store to another, and what becomes of the first.
import { existsSync, readdirSync } from 'node:fs'
import { test } from 'tap'
import { EntryRefused } from '../../../src/engine/archive.ts'
import { NO_HOLDER } from '../../../src/engine/shares.ts'
import { archiveContract } from '../../contract/archive.ts'
import { account, draft } from '../../contract/support/samples.ts'
import { sqlitePlace } from '../../support/archive-places.ts'

const KEPT = { messages: 10, ageMs: null }
const OPTIONS = { retention: KEPT, key: null, holder: NO_HOLDER }
const ORIGIN = { digest: 'of all', keepsEpochs: true }

test('from SQLite to SQLite', async (t) => {
  archiveContract(t, { from: sqlitePlace, to: sqlitePlace, keepsEpochs: true })
})

test('a store whose entries went elsewhere has new epochs when it is used again', async (t) => {
  const place = await sqlitePlace(t)
  const engine = await place.open()
  const { position } = await engine.log.append('chat:1', draft('one'), OPTIONS)
  await engine.close()
  const source = await place.source()
  t.ok(source.isAtRest)
  await t.rejects(place.open(), /in use by another Usher/, 'nothing is written meanwhile')
  await source.handOver()
  await source.close()
  const again = await place.open()
  const head = await again.log.head('chat:1')
  await again.close()
  t.equal(head.offset, 1)
  t.not(head.epoch, position?.epoch)
})

test('beside its Usher a store gives its entries from a copy, which goes then', async (t) => {
  const place = await sqlitePlace(t)
  const engine = await place.open()
  await engine.log.append('chat:1', draft('one'), OPTIONS)
  const source = await place.source()
  t.notOk(source.isAtRest)
  await engine.log.append('chat:1', draft('two'), OPTIONS)
  const kinds = Array.from(source.entries() as Iterable<{ is: string }>, ({ is }) => is)
  t.same(kinds, ['store', 'room', 'message'])
  await source.close()
  t.notOk(existsSync(place.copy))
  await engine.close()
})

test('a store that was restored and not started yet gives no epochs', async (t) => {
  const place = await sqlitePlace(t)
  const engine = await place.open()
  const source = await place.source()
  await engine.close()
  await source.close()
  const { DatabaseSync } = await import('node:sqlite')
  const db = new DatabaseSync(`${place.folder}/usher.db`)
  db.exec("INSERT INTO meta VALUES ('restored', '1')")
  db.close()
  const restored = await place.source()
  t.notOk(restored.isAtRest)
  await restored.close()
})

test('an entry that does not go with those before it is named, and nothing is left', async (t) => {
  const place = await sqlitePlace(t)
  const target = await place.target()
  const [one, other] = [account({ usernameKey: 'ann' }), account({ usernameKey: 'ann' })]
  const twice = async function* () {
    yield { is: 'account', ...one } as const
    yield { is: 'account', ...other } as const
  }
  const taken = target.take(twice(), ORIGIN)
  const refused = await taken.catch((error: unknown) => error)
  t.ok(refused instanceof EntryRefused && 'user' in refused.entry)
  t.equal((refused as { entry: { user?: string } }).entry.user, other.user)
  await target.close()
  t.same(readdirSync(place.folder), ['usher.lock'])
})
