// Makes test/fixtures/stores/v<version>.db.gz and .json, a small store and what is in it, through
// the doors of a server: node scripts/make-store-fixture.ts [src/server.ts of another version]
import { hash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { gzipSync } from 'node:zlib'
import { MIGRATIONS } from '../src/engine/sqlite/schema.ts'
import { call, cookieOf, PASSWORD } from '../test/support/people.ts'
import { addressOf, SERVER, spawnServer } from '../test/support/server-process.ts'

const STORES = resolve(import.meta.dirname, '../test/fixtures/stores')
const KEY = 'key-of-a-back-end-0123456789'
/** Tokens in the store were signed with it. */
const SECRET = 'a-secret-of-all-the-stores-in-fixtures'
const asServer = { authorization: `Bearer ${KEY}` }
const ROOM = '/rooms/chat:kept'

/** What each store is made of; what a version did not have yet is left out of its store. */
async function fill(url: string) {
  const ann = await account(url, 'Ann')
  const eve = await account(url, 'Eve')
  await account(url, 'Cid')
  const first = await say(url, 'one')
  await say(url, { n: 2 }, 'k2')
  await say(url, 'secret')
  await publishAs(url, ann.app.accessToken)
  await call(`${url}${ROOM}/messages/3`, 'DELETE', { headers: asServer })
  await call(`${url}/users/${eve.user}/ban`, 'PUT', { headers: asServer })
  const released = await release(url, 'Cid')
  const page = await call(`${url}${ROOM}/messages?limit=10`, 'GET', { headers: asServer })
  const keeps = first.status === 201 && first.body.offset === 1
  return {
    ...{ room: 'chat:kept', user: ann.user, cookie: ann.cookie, banned: eve.user, released },
    refreshToken: (ann.app.refreshToken as string | undefined) ?? null,
    key: keeps ? 'k2' : null,
    epoch: keeps ? (page.body.epoch as string) : null,
    messages: keeps ? page.body.messages : [],
  }
}

async function account(url: string, username: string) {
  const credentials = { username, password: PASSWORD }
  const { body } = await call(`${url}/accounts`, 'POST', { body: credentials })
  const web = await call(`${url}/session`, 'POST', { body: credentials })
  const app = await call(`${url}/session`, 'POST', { body: { ...credentials, client: 'app' } })
  return { user: body.user as string, cookie: cookieOf(web.headers), app: app.body }
}

function say(url: string, body: unknown, key?: string) {
  const headers = key === undefined ? asServer : { ...asServer, 'idempotency-key': key }
  return call(`${url}${ROOM}/messages`, 'POST', { headers, body })
}

async function publishAs(url: string, token: string): Promise<void> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/octet-stream' }
  const body = Buffer.from([0, 255])
  await (await fetch(`${url}${ROOM}/messages`, { method: 'POST', headers, body })).text()
}

/** Deletes the account; gives its name where the version keeps it taken. */
async function release(url: string, username: string): Promise<string | null> {
  const credentials = { username, password: PASSWORD }
  const { headers } = await call(`${url}/session`, 'POST', { body: credentials })
  const own = { cookie: cookieOf(headers), origin: url }
  const deletion = { headers: own, body: { password: PASSWORD } }
  if ((await call(`${url}/account`, 'DELETE', deletion)).status !== 204) return null
  const again = await call(`${url}/accounts`, 'POST', { body: credentials })
  return again.status === 409 ? username : null
}

/** The version of a store that is closed, and its file without the pages that are free. */
function packed(path: string): { version: number; bytes: Buffer } {
  const db = new DatabaseSync(path)
  db.exec('VACUUM')
  const version = Number(db.prepare('PRAGMA user_version').get()?.user_version)
  db.close()
  return { version, bytes: gzipSync(readFileSync(path), { level: 9 }) }
}

const server = resolve(process.argv[2] ?? SERVER)
const folder = mkdtempSync(join(tmpdir(), 'usher-'))
const program = spawnServer({
  script: server,
  cwd: dirname(dirname(server)),
  env: {
    ...{ USHER_DATA: folder, USHER_SECRET: SECRET },
    ...{ USHER_API_KEYS: `backend:${KEY}`, USHER_DRAIN_SECONDS: '1' },
  },
})
try {
  const content = { madeAt: Date.now(), ...(await fill(await addressOf(program))) }
  await program.end('SIGTERM')
  const { version, bytes } = packed(join(folder, 'usher.db'))
  const name = join(STORES, `v${version}`)
  writeFileSync(`${name}.db.gz`, bytes)
  const steps = MIGRATIONS.slice(0, version).map((step) => hash('sha256', step))
  writeFileSync(`${name}.json`, `${JSON.stringify({ ...content, steps }, null, 2)}\n`)
  console.log(`${name}.db.gz and .json are made: ${bytes.length} bytes.`)
} finally {
  await program.end('SIGKILL')
  rmSync(folder, { recursive: true })
}
