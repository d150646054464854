// Stores that former versions made, each opened by this one: what is in them is found through the
// doors. `node scripts/make-store-fixture.ts` makes the store of the present version.
import { hash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { gunzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { openEngine } from '../src/engine/open-engine.ts'
import { MIGRATIONS } from '../src/engine/sqlite/schema.ts'
import { systemClock } from '../src/time/system-clock.ts'
import { EVERY_SCOPE, startApp } from './support/app.ts'
import { ManualClock, moveUntil } from './support/manual-clock.ts'
import { asServer, call, PASSWORD, whoAmI } from './support/people.ts'

const STORES = join(import.meta.dirname, 'fixtures/stores')
/** Tokens in the stores were signed with it. */
const SECRETS = { current: 'a-secret-of-all-the-stores-in-fixtures', previous: null }
/** Steps 3 and 4 landed together, so no store is of version 3. */
const WITHOUT_STORES = [3]

/** What is in a store, as the version that made it told. */
interface Content {
  /** In milliseconds since 1970. */
  madeAt: number
  room: string
  user: string
  cookie: string
  banned: string
  /** The name of a deleted account that stays taken; null in versions that gave it out again. */
  released: string | null
  refreshToken: string | null
  key: string | null
  epoch: string | null
  messages: object[]
  /** A digest of each step of the schema that led to the store. */
  steps: string[]
}

const names = readdirSync(STORES)
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.slice(0, -'.json'.length))

function contentOf(name: string): Content {
  return JSON.parse(readFileSync(join(STORES, `${name}.json`), 'utf8'))
}

/** The path of the database in a folder of the test. */
function unpacked(t: Test, name: string): { folder: string; path: string } {
  const folder = t.testdir({})
  const path = join(folder, 'usher.db')
  writeFileSync(path, gunzipSync(readFileSync(join(STORES, `${name}.db.gz`))))
  return { folder, path }
}

for (const name of names) {
  t.test(`what is in a store of ${name} is found through the doors`, async (t) => {
    const { folder } = unpacked(t, name)
    const content = contentOf(name)
    const clock = new ManualClock()
    clock.jump(content.madeAt + 60_000 - clock.now())
    const engine = { kind: 'sqlite', folder, lockWaitMs: 0 } as const
    const settings = { ...EVERY_SCOPE, engine, secrets: SECRETS }
    const usher = await startApp(t, settings, { clock })
    t.teardown(() => moveUntil(clock, usher.app.close()))
    await findsPeople(t, usher.url, content)
    if (content.epoch !== null) await findsMessages(t, usher.url, content)
  })
}

async function findsPeople(t: Test, url: string, content: Content): Promise<void> {
  const { cookie, user, refreshToken, banned, released } = content
  t.equal(await whoAmI({ url }, { cookie }), 200, 'a session goes on')
  const body = { username: 'ann', password: PASSWORD }
  t.match(await call(`${url}/session`, 'POST', { body }), { status: 200, body: { user } })
  if (refreshToken !== null) {
    const refreshed = await call(`${url}/session/refresh`, 'POST', { body: { refreshToken } })
    t.match(refreshed, { status: 200, body: { user } })
  }
  const eve = { username: 'Eve', password: PASSWORD }
  const isBanned = content.epoch !== null
  const expected = isBanned ? { status: 401 } : { status: 200, body: { user: banned } }
  t.match(await call(`${url}/session`, 'POST', { body: eve }), expected)
  if (released === null) return
  const again = await call(`${url}/accounts`, 'POST', { body: { ...eve, username: released } })
  t.equal(again.status, 409, 'the name of a deleted account stays taken')
}

async function findsMessages(t: Test, url: string, content: Content): Promise<void> {
  const { room, messages, epoch, key } = content
  const address = `${url}/rooms/${room}/messages`
  const page = await call(`${address}?after=0&epoch=${epoch}`, 'GET', { headers: asServer })
  t.match(page, { status: 200, body: { epoch, messages } })
  t.equal(page.body.messages.length, messages.length)
  const headers = { ...asServer, 'idempotency-key': key ?? '' }
  const again = await call(address, 'POST', { headers, body: { n: 2 } })
  t.match(again, { status: 200, body: { offset: 2, epoch } }, 'a key holds')
  const next = await call(address, 'POST', { headers: asServer, body: 'next' })
  t.match(next, { status: 201, body: { offset: messages.length + 1, epoch } })
  await takesParticipants(t, `${url}/rooms/${room}`, messages.length + 1)
}

/** One who comes now begins at the newest message. */
async function takesParticipants(t: Test, room: string, joined: number): Promise<void> {
  const added = await call(`${room}/participants/u_new`, 'PUT', { headers: asServer })
  t.equal(added.status, 204)
  const { body } = await call(`${room}/receipts`, 'GET', { headers: asServer })
  t.match(body.participants, [{ user: 'u_new', joined, delivered: joined, read: joined }])
  t.equal(body.participants.length, 1)
}

t.test('every version that is no longer the present one has a store in the fixtures', async (t) => {
  const former = MIGRATIONS.slice(1).map((_, index) => index + 1)
  const versions = former.filter((version) => !WITHOUT_STORES.includes(version))
  for (const version of versions) t.ok(names.includes(`v${version}`), `v${version}`)
})

t.test('a step of the schema is what it was when a store of it was made', async (t) => {
  const digests = MIGRATIONS.map((step) => hash('sha256', step))
  for (const name of names) {
    const { steps } = contentOf(name)
    t.same(digests.slice(0, steps.length), steps, name)
  }
})

const LACKS = {
  'the column accounts.created_at': 'ALTER TABLE accounts DROP COLUMN created_at',
  'the table standings': 'ALTER TABLE standings RENAME TO user_status',
}

for (const [what, change] of Object.entries(LACKS)) {
  t.test(`a store without ${what} is refused in a sentence, and stays as it is`, async (t) => {
    const { folder, path } = unpacked(t, 'v6')
    const db = new DatabaseSync(path)
    db.exec(change)
    db.close()
    const before = readFileSync(path)
    const opened = openEngine({ kind: 'sqlite', folder, lockWaitMs: 0 }, systemClock)
    const message = new RegExp(
      `usher\\.db lacks ${what}, which version 6 .*Restore it from a backup`,
    )
    await t.rejects(opened, { name: 'EngineRefused', message })
    t.ok(readFileSync(path).equals(before))
  })
}
