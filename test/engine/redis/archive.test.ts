// Moving a service to Redis, from there to SQLite, and to another Redis.
import t from 'tap'
import type { ArchivedMessage, ArchivedRoom, ArchiveEntry } from '../../../src/engine/archive.ts'
import { EngineRefused } from '../../../src/engine/engine.ts'
import type { PageQuery } from '../../../src/engine/message-log.ts'
import { NO_HOLDER } from '../../../src/engine/shares.ts'
import { archiveContract, type Place } from '../../contract/archive.ts'
import { account, draft } from '../../contract/support/samples.ts'
import { type RedisPlace, redisPlaceAt, sqlitePlace } from '../../support/archive-places.ts'
import { makeUser, refusedOn } from '../../support/redis-rights.ts'
import { startRedis } from '../../support/redis-server.ts'
import { until } from '../../support/until.ts'

const KEPT = { messages: 10, ageMs: null }
const OPTIONS = { retention: KEPT, key: null, holder: NO_HOLDER }
const ORIGIN = { digest: 'of-all', keepsEpochs: true }
const redis = await startRedis(t)
const redisPlace = redisPlaceAt(`redis://${await makeUser(redis)}@127.0.0.1:${redis.port}`)

t.test('from SQLite to Redis', async (t) => {
  archiveContract(t, { from: sqlitePlace, to: redisPlace, keepsEpochs: true })
})

t.test('from Redis to Redis', async (t) => {
  archiveContract(t, { from: redisPlace, to: redisPlace, keepsEpochs: true })
})

t.test('from Redis to SQLite', async (t) => {
  archiveContract(t, { from: redisPlace, to: sqlitePlace, keepsEpochs: false })
})

t.test('no node lives while a store is moved, and none begins', async (t) => {
  const place = await redisPlace()
  const engine = await place.open()
  const nodes = /^Nodes run on Redis at [^@]+: stop all of them first/
  await t.rejects(place.source(), { message: nodes })
  await t.rejects(place.target(), { message: nodes })
  await engine.close()
  const source = await place.source()
  await t.rejects(place.open(), /usher export or usher import is at work on this Redis/)
  await t.rejects(place.target(), /Another usher export or usher import is at work/)
  await source.close()
  const target = await place.target()
  await t.rejects(place.open(), EngineRefused)
  await target.close()
  await (await place.open()).close()
})

t.test('an import that was cut off is begun again, and one that was done says so', async (t) => {
  const place = await redisPlace()
  const [ann, bob] = [account({ usernameKey: 'ann' }), account({ usernameKey: 'bob' })]
  const entries: ArchiveEntry[] = [{ is: 'account', ...ann }, { is: 'account', ...bob }, ROOM]
  // A part of the room is written by the second message.
  entries.push(message(1, 'x'.repeat(300_000)), ...[2, 3, 4].map((offset) => message(offset)))
  await t.rejects(take(place, ORIGIN, cutOff(entries)), /^cut off$/)
  t.equal(await redis.tell('XLEN', `${place.prefix}{r:chat:1}:s`), 1)

  await t.rejects(place.open(), /an import was cut off: import the same file again/)
  await t.rejects(place.source(), /was cut off: it has a part of a store/)
  const other = { ...ORIGIN, digest: 'of-another' }
  await t.rejects(take(place, other, entries), /An import of another file .* was cut off/)

  t.same(await take(place, ORIGIN, entries), { keptEpochs: true })
  for (const each of [entries, cutOff(entries)]) {
    await t.rejects(take(place, ORIGIN, each), /This file was imported into .* already/)
  }
  await t.rejects(take(place, other, entries), /has accounts or rooms already/)
  const engine = await place.open()
  t.teardown(() => engine.close())
  t.same(await engine.accounts.byUsername('bob'), bob)
  const { head, messages } = await engine.log.read('chat:1', PAGE)
  t.same(head, { epoch: 'old.1', offset: 4 })
  t.same(
    messages.map(({ offset }) => offset),
    [1, 2, 3, 4],
  )
})

t.test('an entry that does not go with those before it is named', async (t) => {
  const place = await redisPlace()
  const [one, two] = [account({ usernameKey: 'ann' }), account({ usernameKey: 'ann' })]
  const entries: ArchiveEntry[] = [one, two].map((each) => ({ is: 'account', ...each }))
  const refused = await take(place, ORIGIN, entries).catch((error: unknown) => error)
  t.match(refused, { name: 'EntryRefused', entry: { user: two.user } })
})

t.test('what is left of imported tombstones goes with the messages beside them', async (t) => {
  const place = await redisPlace()
  // Fewer redactions than tombstones: it came with another epoch once.
  const taken = [1, 2].map((offset) => ({ ...message(offset, ''), redactedAt: 5 }))
  await take(place, ORIGIN, [{ ...ROOM, redactions: 0 }, ...taken, message(3), message(4)])
  const engine = await place.open()
  t.teardown(() => engine.close())
  const left = () => redis.tell('HLEN', `${place.prefix}{r:chat:1}:x`)
  t.equal(await left(), 4)
  const say = (count: number) => {
    const drafts = Array.from({ length: count }, () => draft('more'))
    return Promise.all(drafts.map((each) => engine.log.append('chat:1', each, OPTIONS)))
  }
  await say(60)
  await until(async () => (await left()) === 0, { what: 'those of the import are gone' })
  t.ok(await engine.log.redact('chat:1', 60))
  t.equal(await left(), 2)
  await say(64)
  await until(async () => (await left()) === 0, { what: 'that of a later one is gone too' })
})

t.test('accounts and rooms that the lists of the engine have lost are exported too', async (t) => {
  const place = await redisPlace()
  const engine = await place.open()
  await engine.accounts.create(account())
  await engine.log.append('chat:1', draft('one'), OPTIONS)
  await engine.close()
  await redis.tell('DEL', `${place.prefix}accounts`, `${place.prefix}rooms`)
  t.same(kindsOf(await entriesOf(place)), ['account', 'room', 'message'])
})

t.test('the rights that docs/scaling.md gives are enough', async (t) => {
  t.same(await refusedOn(redis), [])
})

t.test('a room that a restart may have taken messages from goes with another epoch', async (t) => {
  const place = await redisPlaceAt(redis.url)()
  const engine = await place.open()
  const { position } = await engine.log.append('chat:1', draft('one'), OPTIONS)
  await engine.close()
  t.match(await entriesOf(place), [{ is: 'room', epoch: position?.epoch }, {}])
  await redis.tell('SAVE')
  await redis.kill()
  await redis.start()
  const [room] = await entriesOf(place)
  t.match(room, { is: 'room', offset: 1 })
  t.not(room?.is === 'room' && room.epoch, position?.epoch)
})

t.test('a Redis that loses its data or goes away meanwhile has no part of it', async (t) => {
  const place = await redisPlaceAt(redis.url)()
  const entries: ArchiveEntry[] = [{ is: 'account', ...account() }, ROOM, message(1)]
  const meanwhile = async function* (event: () => Promise<unknown>) {
    yield* entries
    await event()
    yield message(2)
  }
  const says = { name: 'EngineRefused', message: /Import the same file again\.$/ }
  await t.rejects(
    take(
      place,
      ORIGIN,
      meanwhile(() => redis.tell('FLUSHALL')),
    ),
    says,
  )
  await t.rejects(
    take(
      place,
      ORIGIN,
      meanwhile(() => redis.kill()),
    ),
    says,
  )
  await redis.start()
  t.same(await take(place, ORIGIN, entries), { keptEpochs: true })
})

const PAGE: PageQuery = {
  ...{ retention: KEPT, after: null, before: null, limit: 10, bytes: 1_000_000, order: 'asc' },
  asker: { queue: 'pages', holder: NO_HOLDER },
}
const AT = { epoch: 'old.1', offset: 4, redactions: 7 }
const ROOM: ArchivedRoom = { is: 'room', room: 'chat:1', ...AT, retention: KEPT }

function message(offset: number, text = `message ${offset}`): ArchivedMessage {
  const of = { offset, time: offset, kind: 'text', user: 'u_ann', name: 'Ann' } as const
  return { is: 'message', ...of, payload: Buffer.from(text), redactedAt: null }
}

async function take(
  place: Place,
  origin: typeof ORIGIN,
  entries: AsyncIterable<ArchiveEntry> | Iterable<ArchiveEntry>,
) {
  const target = await place.target()
  try {
    return await target.take(eachOf(entries), origin)
  } finally {
    await target.close()
  }
}

async function* eachOf<Each>(list: AsyncIterable<Each> | Iterable<Each>): AsyncGenerator<Each> {
  yield* list
}

/** All but the last. */
async function* cutOff(entries: readonly ArchiveEntry[]): AsyncGenerator<ArchiveEntry> {
  yield* entries.slice(0, -1)
  throw new Error('cut off')
}

async function entriesOf(place: RedisPlace): Promise<ArchiveEntry[]> {
  const source = await place.source()
  try {
    const entries: ArchiveEntry[] = []
    for await (const entry of source.entries()) entries.push(entry)
    return entries
  } finally {
    await source.close()
  }
}

function kindsOf(entries: readonly ArchiveEntry[]): string[] {
  return entries.map(({ is }) => is)
}
