// Backup and restore as an operator does them by docs/operations.md, and what clients get
// afterwards.
import { existsSync, readdirSync } from 'node:fs'
import { type Test, test } from 'tap'
import { findProgram, PROGRAMS } from '../scripts/programs.ts'
import { SERVER_KEY } from './support/app.ts'
import { follow, resetTo } from './support/follow.ts'
import { asServer, call, cookieOf, PASSWORD } from './support/people.ts'
import { startProgram } from './support/program.ts'
import { type ServerProcess, startServer } from './support/server-process.ts'

const USHER = new URL('../src/cli.ts', import.meta.url).pathname
const SECRET = 'a-secret-that-outlives-every-data-folder'

interface Ran {
  code: number | null
  said: string
}

/** Runs a command in a shell of its own, with the path as its only variable. */
async function shell(t: Test, script: string, more: Record<string, string> = {}): Promise<Ran> {
  const env = { NODE: process.execPath, USHER, ...more }
  const program = startProgram(t, { command: ['sh', '-c', script], cwd: t.testdirName, env })
  return { code: await program.ended, said: program.output }
}

function start(t: Test): Promise<ServerProcess> {
  const keys = { USHER_API_KEYS: `backend:${SERVER_KEY}`, USHER_SECRET: SECRET }
  return startServer(t, { USHER_DATA: 'data', USHER_DRAIN_SECONDS: '1', ...keys })
}

function say({ url }: ServerProcess, body: unknown) {
  return call(`${url}/rooms/chat:a/messages`, 'POST', { headers: asServer, body })
}

function historyOf({ url }: ServerProcess, query = '') {
  return call(`${url}/rooms/chat:a/messages${query}`, 'GET', { headers: asServer })
}

const copy = '"$NODE" "$USHER" backup copy.db'

test('[C173][C94][C95] after a restore old positions are told to reload', async (t) => {
  t.testdir({})
  const before = await start(t)
  const credentials = { username: 'ada', password: PASSWORD }
  await call(`${before.url}/accounts`, 'POST', { body: credentials })
  const { headers } = await call(`${before.url}/session`, 'POST', { body: credentials })
  for (const kept of [1, 2, 3]) await say(before, kept)
  const made = await shell(t, copy, { USHER_DATA: 'data' })
  t.match(made, { code: 0, said: /^copy\.db holds the store of data: [\d.]+ MiB\.\n$/ })
  const { body: lost } = await say(before, 'said after the backup')
  t.equal(lost.offset, 4)
  await before.end('SIGKILL')

  const swap = 'mv data data.lost && mkdir -m 700 data && cp copy.db data/usher.db'
  t.equal((await shell(t, swap)).code, 0)
  const after = await start(t)
  const { body: page } = await historyOf(after)
  t.match(page, { offset: 3, messages: [{ data: 1 }, { data: 2 }, { data: 3 }] })
  t.not(page.epoch, lost.epoch)
  const { body: other } = await say(after, 'another fourth')
  t.equal(other.offset, 4, 'the same offset, and another message')
  t.match(await historyOf(after, `?after=3&epoch=${lost.epoch}`), {
    status: 409,
    body: { error: 'unrecoverable_position' },
  })
  const old = { ...asServer, 'last-event-id': `${lost.epoch}:4` }
  const following = await follow(`${after.url}/rooms/chat:a`, old)
  t.same(await following.take(1), [resetTo(other.epoch, 4)])
  following.stop()
  const cookie = { cookie: cookieOf(headers), origin: after.url }
  const { body: session } = await call(`${after.url}/session`, 'GET', { headers: cookie })
  t.equal(session?.username, 'ada', 'sessions are still open')
})

test('a backup without room says so and leaves nothing', async (t) => {
  t.testdir({})
  const server = await start(t)
  for (let i = 0; i < 20; i += 1) await say(server, 'x'.repeat(8_000))
  const refused = await shell(t, `ulimit -f 100; ${copy}`, { USHER_DATA: 'data' })
  t.match(refused, { code: 1, said: /copy\.db cannot be written: .*the disk has room for/ })
  const copies = readdirSync(t.testdirName).filter((name) => name.startsWith('copy'))
  t.same(copies, [])
  t.equal((await say(server, 'on')).status, 201, 'and the service goes on')
})

test('a store in memory has no backup, and none is made', async (t) => {
  t.testdir({})
  const { code, said } = await shell(t, copy, { USHER_DATA: ':memory:' })
  t.match({ code, said }, { code: 1, said: /^A store in memory cannot be backed up/ })
  t.notOk(existsSync(`${t.testdirName}/data`), 'and no store is made')
})

test('sqlite3 shows the messages, in a backup and in the store while it is in use', async (t) => {
  t.testdir({})
  const server = await start(t)
  await say(server, { hello: 'world' })
  const headers = { ...asServer, 'content-type': 'application/octet-stream' }
  const room = `${server.url}/rooms/chat:a/messages`
  await fetch(room, { method: 'POST', headers, body: Buffer.from([0, 255]) })
  t.equal((await shell(t, copy, { USHER_DATA: 'data' })).code, 0)
  const SQLITE = findProgram(PROGRAMS.sqlite3) ?? 'sqlite3 is missing: npm run pretest'
  const query = 'SELECT room, "offset", kind, payload FROM history ORDER BY room, "offset"'
  for (const file of ['data/usher.db', 'copy.db']) {
    const { code, said } = await shell(t, `"$SQLITE" -readonly ${file} '${query}'`, { SQLITE })
    t.equal(code, 0)
    t.same(said, 'chat:a|1|json|{"hello":"world"}\nchat:a|2|binary|00FF\n', file)
  }
  t.equal((await say(server, 'on')).status, 201)
})
