// The process from outside: signals, exit codes, data folders, wrong settings.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { t as file, test } from 'tap'
import { SERVER_KEY } from './support/app.ts'
import { connect, rawSocket } from './support/client.ts'
import { asServer, call, cookieOf, PASSWORD } from './support/people.ts'
import { rawConnect } from './support/raw-client.ts'
import { runServer, type ServerProcess, startServer } from './support/server-process.ts'
import { closed, until } from './support/until.ts'

const ROOM = '/rooms/chat:a'
const KEYS = { USHER_API_KEYS: `backend:${SERVER_KEY}` }

function settings(folder: string, more: Record<string, string> = {}): Record<string, string> {
  return { USHER_DATA: join(folder, 'data'), USHER_DRAIN_SECONDS: '1', ...KEYS, ...more }
}

const RULES = [
  '{"rooms": [{"match": "still:*",',
  '"receipts": "counts"}, {"match": "*", "history": {"messages": 100}}]}',
].join('\n')
const home = file.testdir({ 'rules.json': RULES })
/** For the tests that read what it says at its start, or leave nothing in it. */
const lasting = await startServer(
  file,
  settings(home, { USHER_CONFIG: join(home, 'rules.json'), USHER_TYPO: '1' }),
)

function member({ url }: ServerProcess) {
  return connect(url + ROOM, { headers: asServer })
}

test('[C65] SIGTERM tells every client 3001 and ends the process with 0', async (t) => {
  const folder = t.testdir({})
  const server = await startServer(t, settings(folder))
  const clients = [await member(server), await member(server)]
  clients[0]?.send('hello')
  t.equal(await clients[1]?.text(), 'hello')
  const ended = server.end('SIGTERM')
  for (const client of clients) t.same(await client.closed, { code: 3001, reason: 'shutdown' })
  t.equal(await ended, 0)
})

test('[C65] SIGINT does the same', async (t) => {
  const server = await startServer(t, settings(t.testdir({})))
  const client = await member(server)
  const ended = server.end('SIGINT')
  t.equal((await client.closed).code, 3001)
  t.equal(await ended, 0)
})

test('[C65] a client that never answers and one that never speaks do not keep it', async (t) => {
  const server = await startServer(t, settings(t.testdir({})))
  const mute = await rawConnect(server.url, ROOM, asServer)
  const silent = await rawSocket(server.url)
  silent.on('error', () => undefined).resume()
  const gone = closed(silent)
  t.equal(await server.end('SIGTERM'), 0)
  t.same(await mute.closing(), { code: 3001, reason: 'shutdown' })
  await gone
})

test('[C65] no new client is accepted while it drains', async (t) => {
  const server = await startServer(t, settings(t.testdir({}), { USHER_DRAIN_SECONDS: '2' }))
  const mute = await rawConnect(server.url, ROOM, asServer)
  const ended = server.end('SIGTERM')
  await mute.closing()
  await t.rejects(rawSocket(server.url), { code: 'ECONNREFUSED' })
  t.equal(await ended, 0)
})

test('stored data is there after SIGTERM, and after kill -9', async (t) => {
  const folder = t.testdir({})
  const first = await startServer(t, settings(folder))
  const credentials = { username: 'ann', password: PASSWORD }
  const account = await call(`${first.url}/accounts`, 'POST', { body: credentials })
  t.equal(account.status, 201)
  const login = await call(`${first.url}/session`, 'POST', { body: credentials })
  const cookie = cookieOf(login.headers)
  t.equal(await first.end('SIGKILL'), null)
  for (const end of ['SIGTERM', 'SIGKILL'] as const) {
    const again = await startServer(t, settings(folder))
    const session = await call(`${again.url}/session`, 'GET', { headers: { cookie } })
    t.match(session, { status: 200, body: { user: account.body.user, username: 'ann' } })
    const taken = await call(`${again.url}/accounts`, 'POST', { body: credentials })
    t.equal(taken.status, 409)
    await again.end(end)
  }
})

test('a second process on the same folder refuses, and the first is not disturbed', async (t) => {
  const folder = t.testdir({})
  const first = await startServer(t, settings(folder, { USHER_DRAIN_SECONDS: '0' }))
  const client = await member(first)
  const second = await runServer(t, settings(folder, { USHER_DRAIN_SECONDS: '0' }))
  t.equal(second.code, 1)
  t.match(second.stderr, /^Usher does not start\.\nThe data folder \S+ is in use by another Usher/)
  t.match(second.stderr, /name another folder in USHER_DATA\.$/m)
  t.match(second.stdout, /is in use by another Usher: this one waits up to 2 s for that one to end/)
  t.notMatch(second.stderr, /^ +at /m, 'no stack')
  client.send('still here')
  t.equal(await client.text(), 'still here')
})

test('a process takes over from one that drains', async (t) => {
  const folder = t.testdir({})
  const first = await startServer(t, settings(folder, { USHER_DRAIN_SECONDS: '2' }))
  const mute = await rawConnect(first.url, ROOM, asServer)
  const ended = first.end('SIGTERM')
  await mute.closing()
  const second = await startServer(t, settings(folder, { USHER_DRAIN_SECONDS: '2' }))
  t.equal(await ended, 0)
  const client = await member(second)
  await client.close()
})

test('wrong settings end it with 1, one line for each, no stack, no value', async (t) => {
  const wrong = {
    PORT: 'here',
    USHER_SECRET: 'secret-but-short',
    USHER_SIGNUP: 'maybe',
    USHER_API_KEYS: 'no-colon',
    USHER_LOG_LEVEL: 'loud',
    NODE_ENV: 'staging',
  }
  const { code, stdout, stderr } = await runServer(t, { ...settings(t.testdir({})), ...wrong })
  t.equal(code, 1)
  t.equal(stdout, '')
  const [title, ...lines] = stderr.trimEnd().split('\n')
  t.equal(title, 'Usher does not start.')
  const names = lines.map((line) => /^([A-Z_]+): \S.*\.$/.exec(line)?.[1])
  t.same(names.toSorted(), Object.keys(wrong).toSorted())
  t.notOk(stderr.includes('secret-but-short'))
})

test('a wrong rules file ends it with 1, and the line of the mistake', async (t) => {
  const folder = t.testdir({ 'rules.json': '{\n  "rooms": [\n    { "mach": "*" }\n  ]\n}\n' })
  const env = settings(folder, { USHER_CONFIG: join(folder, 'rules.json') })
  const { code, stderr } = await runServer(t, env)
  t.equal(code, 1)
  t.match(stderr, /rules\.json, line 3: /)
  t.notMatch(stderr, /^ +at /m)
})

test('the boot warns of settings in the rules file that have no effect', async (t) => {
  t.match(lasting.stdout(), /rules\.json, line 2: rooms\.0\.receipts has no effect/)
})

test('[S25] in production it does not start without a secret', async (t) => {
  const folder = t.testdir({})
  const { code, stderr } = await runServer(t, settings(folder, { NODE_ENV: 'production' }))
  t.equal(code, 1)
  t.match(stderr, /USHER_SECRET/)
  t.same(readdirSync(folder), [], 'and makes no folder')
})

test('a port that is taken ends it with 1 and names the port', async (t) => {
  const folder = t.testdir({})
  const first = await startServer(t, settings(folder))
  const { port } = new URL(first.url)
  const other = settings(join(folder, 'other'), { PORT: port })
  const { code, stderr } = await runServer(t, other)
  t.equal(code, 1)
  t.match(stderr, new RegExp(`^Usher does not start\\.\\n.*EADDRINUSE.*${port}.*PORT`))
  t.notMatch(stderr, /^ +at /m, 'no stack')
  const next = await startServer(t, settings(join(folder, 'other')))
  t.ok(next.url, 'and releases the data folder')
})

test('what the operator can mend ends it with 1 and one sentence, no stack', async (t) => {
  const folder = t.testdir({ file: '' })
  const secret = { USHER_SECRET: 'a-secret-for-this-test-alone-0123456789' }
  const memory = { USHER_DATA: ':memory:', ...secret }
  const metrics = { USHER_METRICS_HOST: 'no.such.host.invalid', USHER_METRICS_PORT: '0' }
  const cases: [env: Record<string, string>, sentence: RegExp][] = [
    [{ ...memory, HOST: 'no.such.host.invalid' }, /: HOST is no name that this machine knows: /],
    [{ ...memory, ...metrics }, /: USHER_METRICS_HOST is no name that this machine knows: /],
    [
      { ...secret, USHER_DATA: join(folder, 'file') },
      /is no folder, .+ another one in USHER_DATA\.$/,
    ],
  ]
  for (const [env, sentence] of cases) {
    const { code, stderr } = await runServer(t, env)
    const [first, second = '', ...more] = stderr.trimEnd().split('\n')
    t.same([code, first, more], [1, 'Usher does not start.', []])
    t.match(second, sentence)
  }
})

test('the boot log names the engine, its durability, and what has no effect', async (t) => {
  await until(() => lasting.stdout().includes('Usher is open'))
  t.match(lasting.stdout(), /"engine":"sqlite","durability":"disk"/)
  t.match(lasting.stdout(), /USHER_TYPO is not a setting/)
  t.notOk(lasting.stdout().includes(SERVER_KEY))
})

test('the accept queue takes all clients that connect at once', async (t) => {
  const { url, program } = lasting
  const most = Number(readFileSync('/proc/sys/net/core/somaxconn', 'latin1'))
  // A client without a place there would try again after 1, 3 and 7 seconds.
  program.signal('SIGSTOP')
  const coming = Array.from({ length: Math.min(1_500, most) }, () => rawSocket(url))
  const sockets = await Promise.all(coming)
  for (const socket of sockets) socket.on('error', () => undefined).destroy()
  program.signal('SIGCONT')
  t.equal((await call(`${url}/health/live`, 'GET')).status, 200, 'and it goes on')
})
