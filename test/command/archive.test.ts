// usher export and usher import with the real command: a whole service moves, and a file that is
// not whole does not.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Test, test } from 'tap'
import { SERVER_KEY } from '../support/app.ts'
import { asServer, call, cookieOf, PASSWORD } from '../support/people.ts'
import { type ServerProcess, startServer } from '../support/server-process.ts'
import { runUsher } from './run-usher.ts'

const FROM = { USHER_DATA: 'data' }
const TO = { USHER_DATA: 'moved' }

function start(t: Test, data: Record<string, string>): Promise<ServerProcess> {
  const keys = {
    USHER_API_KEYS: `backend:${SERVER_KEY}`,
    USHER_SECRET: 'a-secret-that-outlives-every-data-folder',
  }
  return startServer(t, { ...data, USHER_DRAIN_SECONDS: '0', ...keys })
}

function say({ url }: ServerProcess, body: unknown) {
  return call(`${url}/rooms/chat:a/messages`, 'POST', { headers: asServer, body })
}

test('a service moves with its accounts, sessions, messages and positions', async (t) => {
  const folder = t.testdir({})
  const before = await start(t, FROM)
  const body = { username: 'ada', password: PASSWORD }
  await call(`${before.url}/accounts`, 'POST', { body })
  const { headers } = await call(`${before.url}/session`, 'POST', { body })
  for (const text of ['one', 'two', 'three']) await say(before, text)
  const page = (server: ServerProcess, query = '') =>
    call(`${server.url}/rooms/chat:a/messages${query}`, 'GET', { headers: asServer })
  const { body: said } = await page(before)

  const beside = await runUsher(t, ['export', 'beside.jsonl'], FROM)
  t.match(beside, { code: 0, stderr: '', stdout: /Usher runs on that store: what is written/ })
  await before.end('SIGTERM')
  const { code, stdout } = await runUsher(t, ['export', 'service.jsonl'], FROM)
  const counts = 'accounts: 1, sessions: 1, rooms: 1, messages: 3'
  t.equal(code, 0)
  t.match(
    stdout,
    new RegExp(`^service\\.jsonl holds the store of data: ${counts}, 0\\.0 MiB\\.\n$`),
  )
  t.equal(statSync(join(folder, 'service.jsonl')).mode & 0o777, 0o600)
  t.same(readdirSync(folder), ['beside.jsonl', 'data', 'service.jsonl'], 'no copy is left')

  const moved = await runUsher(t, ['import', 'service.jsonl'], TO)
  t.match(moved, { code: 0, stdout: `moved holds what was in service.jsonl now: ${counts}.\n` })
  t.match(moved.stdout, /Epochs are kept/)
  const after = await start(t, TO)
  t.same((await page(after)).body, said)
  const missed = await page(after, `?after=2&epoch=${said.epoch}`)
  t.match(missed.body, { offset: 3, messages: [{ offset: 3, data: 'three' }] })
  const cookie = { cookie: cookieOf(headers), origin: after.url }
  const { body: session } = await call(`${after.url}/session`, 'GET', { headers: cookie })
  t.equal(session?.username, 'ada', 'the session is open still')
  t.equal((await call(`${after.url}/session`, 'POST', { body })).status, 200, 'the password too')
  t.equal((await say(after, 'four')).body.offset, 4)

  const running = await runUsher(t, ['import', 'service.jsonl'], TO)
  t.match(running, { code: 1, stderr: /in use by another Usher/ })
  await after.end('SIGTERM')
  const twice = await runUsher(t, ['import', 'service.jsonl'], TO)
  t.match(twice, { code: 1, stderr: /has accounts or rooms already\. Name an empty folder/ })
  const live = await runUsher(t, ['import', 'beside.jsonl'], { USHER_DATA: 'third' })
  t.match(live, { code: 0, stdout: /\nRooms have new epochs/ })
})

test('a file that was cut or changed, or of another version, is refused whole', async (t) => {
  const folder = t.testdir({})
  const server = await start(t, FROM)
  for (const text of ['one', 'two']) await say(server, text)
  await server.end('SIGTERM')
  await runUsher(t, ['export', 'whole'], FROM)
  const text = readFileSync(join(folder, 'whole'), 'utf8')
  const lines = text.split('\n')
  const files: [name: string, text: string, says: RegExp][] = [
    ['cut', `${lines.slice(0, -2).join('\n')}\n`, /^cut was cut off: it has no last line/],
    ['half', text.slice(0, -20), /^half was cut off: it has no last line/],
    ['changed', text.replace('"json"', '"txt"'), /^changed, line 4: the "kind" of the message is/],
    ['other', text.replace(/"time":\d/, '"time":2'), /^other was changed or damaged/],
    ['newer', text.replace('"version":1', '"version":2'), /^newer has version 2 of its format/],
    [
      'lacking',
      text.replace(/"offset":1,/, ''),
      /^lacking, line 4: the "offset" of the message is/,
    ],
    ['more', `${text}{}\n`, /^more, line 7: it comes after the end\.$/m],
    ['foreign', 'hello\n', /^foreign, line 1: it is no JSON object\.$/m],
  ]
  for (const [name, content, says] of files) {
    writeFileSync(join(folder, name), content)
    const { code, stderr } = await runUsher(t, ['import', name], TO)
    t.match({ code, stderr }, { code: 1, stderr: says }, name)
  }
  t.same(readdirSync(join(folder, 'moved')), ['usher.lock'])
  const kept = await runUsher(t, ['export', 'whole'], FROM)
  t.match(kept, { code: 1, stderr: /whole is there already\. Name another file/ })
})
