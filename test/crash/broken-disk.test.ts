// A store that cannot write for a while: publishers are told to try again, listeners stay, nothing
// is half there, and all is well when the cause is gone.
import { DatabaseSync } from 'node:sqlite'
import t, { type Test } from 'tap'
import { SERVER_KEY } from '../support/app.ts'
import { connect } from '../support/client.ts'
import { type Disk, FAULT, type Fault, makeDisk } from '../support/disk/disk.ts'
import { follow } from '../support/follow.ts'
import { asServer, call } from '../support/people.ts'
import { type ServerProcess, startServer } from '../support/server-process.ts'
import { until, within } from '../support/until.ts'

const ROOM = '/rooms/chat:a'
const AT_ONCE = 40

interface Scene {
  disk: Disk
  server: ServerProcess
  start(): Promise<ServerProcess>
}

async function scene(t: Test): Promise<Scene> {
  const disk = makeDisk(t.testdir({}))
  const env = { ...disk.env, USHER_DATA: disk.folder, USHER_API_KEYS: `backend:${SERVER_KEY}` }
  const more = { USHER_LOG_LEVEL: 'info', USHER_DRAIN_SECONDS: '1' }
  const start = () => startServer(t, { ...env, ...more })
  return { disk, server: await start(), start }
}

function say({ url }: ServerProcess, text: string, key?: string) {
  const headers = key === undefined ? asServer : { ...asServer, 'idempotency-key': key }
  return call(`${url}${ROOM}/messages`, 'POST', { headers, body: text })
}

async function historyOf({ url }: ServerProcess): Promise<string[]> {
  const { body } = await call(`${url}${ROOM}/messages?limit=1000`, 'GET', { headers: asServer })
  const messages = body.messages as { offset: number; data: string }[]
  return messages.map(({ offset, data }) => `${offset} ${data}`)
}

const ready = async ({ url }: ServerProcess): Promise<number> =>
  (await call(`${url}/health/ready`, 'GET')).status

const keys = Array.from({ length: AT_ONCE }, (_, i) => `k${i}`)

/** What must hold while nothing can be written, whatever the reason. */
async function refused(t: Test, server: ServerProcess): Promise<void> {
  const one = await say(server, 'lost')
  t.equal(one.status, 503)
  t.match(one.body, { error: 'unavailable', code: 100 })
  t.ok(one.headers.get('retry-after'))
  const many = await Promise.all(keys.map((key) => say(server, key, key)))
  t.same(new Set(many.map(({ status }) => status)), new Set([503]))
  const batch = await call(`${server.url}/messages`, 'POST', {
    headers: asServer,
    body: [{ room: 'chat:a', data: 'lost', key: 'b' }],
  })
  t.match(batch.body, [{ error: 'unavailable' }])
  t.equal(await ready(server), 503, 'who balances load is told')
}

/** Says each twice at once, and tells what is kept then: each once. */
async function allOnce(t: Test, server: ServerProcess): Promise<string[]> {
  await until(async () => (await ready(server)) === 200)
  const answers = await Promise.all([...keys, ...keys].map((key) => say(server, key, key)))
  const statuses = answers.map(({ status }) => status).toSorted()
  t.same(statuses, [...keys.map(() => 200), ...keys.map(() => 201)])
  const history = await historyOf(server)
  const texts = history.map((line, index) => line.slice(`${index + 1} `.length))
  t.same(texts.toSorted(), ['first', ...keys].toSorted())
  return history
}

async function survives(t: Test, fault: Fault): Promise<void> {
  const { disk, server, start } = await scene(t)
  const address = server.url + ROOM
  const listener = await connect(address, { headers: asServer })
  const following = await follow(address, asServer)
  await until(() => following.stream.lastEventId !== '')
  t.equal((await say(server, 'first', 'f')).status, 201)

  disk.fail(fault)
  await refused(t, server)
  t.equal((await historyOf(server)).length, 1, 'what is kept can be read')
  const talker = await connect(address, { headers: asServer })
  talker.send('lost')
  t.match(await talker.closed, { code: 3004 })

  disk.mend()
  const history = await allOnce(t, server)
  const told = history.map((line) => JSON.stringify(line.split(' ')[1]))
  const heard = []
  for (const _ of told) heard.push(await listener.text())
  t.same(heard, told, 'who listened was not sent away, and heard what is kept')
  t.same(await following.data(told.length), told)
  t.same(listener.unread, [])
  following.stop()
  await server.end('SIGKILL')
  t.same(await historyOf(await start()), history)
}

for (const fault of Object.keys(FAULT) as Fault[]) {
  t.test(`[C94] a disk that is ${fault}: 503 or 3004, and nothing is lost or half there`, (t) =>
    survives(t, fault),
  )
}

t.test('[C200] while another program has a lock, followers and readers go on', async (t) => {
  const { disk, server } = await scene(t)
  const address = server.url + ROOM
  const listener = await connect(address, { headers: asServer })
  t.equal((await say(server, 'first')).status, 201)
  const other = new DatabaseSync(`${disk.folder}/usher.db`)
  t.teardown(() => other.isOpen && other.close())
  other.exec('BEGIN IMMEDIATE')
  await within(refused(t, server), {
    what: 'refusals, of which the first finds it out',
    ms: 10_000,
  })
  const onward = async (): Promise<void> => {
    t.equal((await historyOf(server)).length, 1)
    const replay = await connect(`${address}?replay=1`, { headers: asServer })
    t.equal(await replay.text(), '"first"')
    const following = await follow(address, { ...asServer, 'last-event-id': '' })
    following.stop()
    t.match(await call(address, 'GET', { headers: asServer }), { body: { offset: 1 } })
  }
  await within(onward(), { what: 'history, replay and follow while it is locked', ms: 5_000 })
  const metrics = await (await fetch(`${server.url}/metrics`, { headers: asServer })).text()
  t.match(metrics, /^usher_ready 0$/m)
  other.exec('ROLLBACK')
  const history = await allOnce(t, server)
  for (const line of history) t.equal(await listener.text(), JSON.stringify(line.split(' ')[1]))
})

t.test('[C201] a disk that hangs: publishers are answered, and a key says it once', async (t) => {
  const { disk, server } = await scene(t)
  const listener = await connect(server.url + ROOM, { headers: asServer })
  t.equal((await say(server, 'first')).status, 201)
  disk.hang()
  const one = await within(say(server, 'second', 'k'), { what: 'an answer', ms: 6_000 })
  t.match(one, { status: 503, body: { error: 'unavailable', message: /may have kept it/ } })
  const next = await within(say(server, 'never'), { what: 'a refusal at once', ms: 1_500 })
  t.match(next, { status: 503, body: { message: /is away/ } })
  t.equal(await ready(server), 503)
  t.same(await historyOf(server), ['1 first'], 'what is kept can be read')
  disk.mend()
  await until(async () => (await ready(server)) === 200)
  t.match(await say(server, 'second', 'k'), { status: 200, body: { offset: 2 } })
  t.same(await historyOf(server), ['1 first', '2 second'])
  t.same([await listener.text(), await listener.text()], ['"first"', '"second"'])
})

t.test('[C65] a disk that hangs does not keep the process that is to end', async (t) => {
  const { disk, server } = await scene(t)
  t.equal((await say(server, 'first')).status, 201)
  disk.hang()
  t.equal((await say(server, 'second')).status, 503)
  // The drain window of the scene, the time that closing may take, and some for a busy machine.
  await within(server.end('SIGTERM'), { what: 'the end of the process', ms: 12_000 })
  t.match(server.stdout(), /killed by timeout/)
})
