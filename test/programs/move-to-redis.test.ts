// A service moves from SQLite to Redis and back with the real command, and those who followed it
// come back to what they had.
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { writeArchive } from '../../src/command/archive-writer.ts'
import type { ArchiveEntry } from '../../src/engine/archive.ts'
import { CLI, runUsher } from '../command/run-usher.ts'
import { archiveContract } from '../contract/archive.ts'
import { SECRET, startNode } from '../nodes/service.ts'
import { SERVER_KEY } from '../support/app.ts'
import { redisPlaceAt, sqlitePlace } from '../support/archive-places.ts'
import { follow } from '../support/follow.ts'
import { asServer, call, PASSWORD, type Person, signedUp, whoAmI } from '../support/people.ts'
import { startProgram } from '../support/program.ts'
import { startCluster } from '../support/redis-cluster.ts'
import { makeUser } from '../support/redis-rights.ts'
import { EVERY_WRITE, startRedis } from '../support/redis-server.ts'
import { connectRich } from '../support/rich-client.ts'
import { type ServerProcess, startServer } from '../support/server-process.ts'
import { until } from '../support/until.ts'

const ROOM = 'chat:moved'
const ROOMS = [ROOM, 'chat:taken', 'chat:bytes', 'chat:gone']
const OPEN = { USHER_SIGNUP: 'open', USHER_DRAIN_SECONDS: '0', USHER_SECRET: SECRET }
const COUNTS = 'accounts: 2, sessions: 4, rooms: 4, messages: 10'

function startAlone(t: Test, data: string): Promise<ServerProcess> {
  return startServer(t, { ...OPEN, USHER_DATA: data, USHER_API_KEYS: `backend:${SERVER_KEY}` })
}

async function say({ url }: ServerProcess, room: string, body: string | Buffer<ArrayBuffer>) {
  const type = typeof body === 'string' ? 'text/plain' : 'application/octet-stream'
  const headers = { ...asServer, 'content-type': type }
  const response = await fetch(`${url}/rooms/${room}/messages`, { method: 'POST', headers, body })
  if (!response.ok) throw new Error(`not said in ${room}: ${await response.text()}`)
  return (await response.json()) as { epoch: string; offset: number }
}

async function ask({ url }: ServerProcess, method: string, path: string) {
  const answer = await call(`${url}${path}`, method, { headers: asServer })
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${JSON.stringify(answer.body)}`)
  return answer.body
}

/** What each room shows. */
function pagesOf(server: ServerProcess) {
  return Promise.all(ROOMS.map((room) => ask(server, 'GET', `/rooms/${room}/messages`)))
}

/** Epochs, and what is counted in them, are others in another folder. */
function withoutEpochs(pages: readonly unknown[]) {
  const isOfEpoch = (key: string) => key === 'epoch' || key === 'redactions'
  return JSON.parse(JSON.stringify(pages, (key, value) => (isOfEpoch(key) ? undefined : value)))
}

async function refreshed({ url }: ServerProcess, refreshToken: string) {
  return await call(`${url}/session/refresh`, 'POST', { body: { refreshToken } })
}

type People = Record<'ann' | 'bob' | 'eve', Person>

/** The headers of a browser on a page of this server. */
const inBrowser = ({ browser }: Person, { url }: ServerProcess) => ({ ...browser, origin: url })

/** Three who signed up, of whom one went; and rooms with all that may be in them. */
async function fill(alone: ServerProcess): Promise<People> {
  const reached = { url: alone.url, keepSecret: () => {} }
  const [ann, bob] = [await signedUp(reached, 'ann'), await signedUp(reached, 'bob')]
  const eve = await signedUp(reached, 'eve')
  await ask(alone, 'PUT', '/users/jwt:mallory/ban')
  for (const text of ['one', 'two']) await say(alone, 'chat:taken', text)
  for (const offset of [1, 2]) await ask(alone, 'DELETE', `/rooms/chat:taken/messages/${offset}`)
  await say(alone, 'chat:gone', 'in a room that is deleted')
  await ask(alone, 'DELETE', '/rooms/chat:gone')
  await say(alone, 'chat:gone', 'after that')
  await say(alone, 'chat:bytes', Buffer.from([0, 255, 10, 13]))
  for (const text of ['1', '2']) await say(alone, ROOM, text)
  await call(`${alone.url}/account`, 'DELETE', { headers: eve.browser })
  return { ann, bob, eve }
}

/** Two hear the third message, and are away when more is said. Returns where each was. */
async function followAndLeave(alone: ServerProcess, { ann, bob }: People) {
  const stream = await follow(`${alone.url}/rooms/${ROOM}`, ann.bearer)
  const rich = await connectRich(alone.url, { headers: bob.browser })
  const { epoch } = (await rich.ask('subscribe', { channel: ROOM })).subscribe
  await say(alone, ROOM, '3')
  const [event] = await stream.take(1)
  const { offset } = (await rich.push()).pub
  stream.stop()
  rich.client.ws.terminate()
  for (const text of ['4', '5', '6']) await say(alone, ROOM, text)
  await ask(alone, 'DELETE', `/rooms/${ROOM}/messages/5`)
  return { lastEventId: event?.id ?? '', at: { epoch, offset } }
}

/** Runs the command when no lease, and no hold of one that was killed, is left. */
async function onceFree(t: Test, args: readonly string[], env: Record<string, string>) {
  let ran = await runUsher(t, args, env)
  const isFree = () => !/^(Another usher|Nodes run on)/.test(ran.stderr)
  await until(
    async () => {
      if (!isFree()) ran = await runUsher(t, args, env)
      return isFree()
    },
    { what: 'the store is free' },
  )
  return ran
}

type Where = Awaited<ReturnType<typeof followAndLeave>>

/** Who was logged in is so still, and who went away is not there. */
async function areThere(t: Test, server: ServerProcess, { ann, bob, eve }: People) {
  t.equal(await whoAmI(server, inBrowser(ann, server)), 200)
  t.equal(await whoAmI(server, bob.bearer), 200)
  t.equal(await whoAmI(server, eve.bearer), 401)
  const body = { username: 'ann', password: PASSWORD }
  t.equal((await call(`${server.url}/session`, 'POST', { body })).status, 200)
  const taken = { username: 'eve', password: PASSWORD }
  t.equal((await call(`${server.url}/accounts`, 'POST', { body: taken })).status, 409)
}

interface Two {
  one: ServerProcess
  two: ServerProcess
}

async function comeBack(t: Test, { one, two }: Two, people: People, at: Where) {
  const header = { 'last-event-id': at.lastEventId }
  const stream = await follow(`${one.url}/rooms/${ROOM}`, { ...people.ann.bearer, ...header })
  const rich = await connectRich(two.url, { headers: inBrowser(people.bob, two) })
  const place = { channel: ROOM, recover: true, ...at.at }
  const { subscribe } = await rich.ask('subscribe', place)
  await say(two, ROOM, '7')
  const events = await stream.take(4)
  const heard = events.map(({ event, data }) => [event, data])
  const said = ['4', '6', '7'].map((data) => ['message', data])
  t.same(heard, said.toSpliced(1, 0, ['redacted', '']), 'without a reset')
  t.match(subscribe, { recovered: true, epoch: at.at.epoch, data: { redactions: 1 } })
  const missed = [
    { offset: 4, data: '4' },
    { offset: 5, data: null },
    { offset: 6, data: '6' },
  ]
  t.equal(subscribe.publications.length, missed.length)
  t.match(subscribe.publications, missed)
  t.match(await rich.push(), { pub: { offset: 7, data: '7' } })
  stream.stop()
  await rich.client.close()
}

t.test('a service moves from SQLite to Redis, and back to a folder', async (t) => {
  t.testdir({})
  const redis = await startRedis(t, EVERY_WRITE)
  const url = `redis://${await makeUser(redis)}@127.0.0.1:${redis.port}`
  const onRedis = { USHER_REDIS_URL: url, USHER_SECRET: SECRET }
  const alone = await startAlone(t, 'data')
  const people = await fill(alone)
  const where = await followAndLeave(alone, people)
  const before = await pagesOf(alone)
  await alone.end('SIGTERM')

  const exported = await runUsher(t, ['export', 'service.jsonl'], { USHER_DATA: 'data' })
  t.match(exported, { code: 0, stdout: COUNTS })
  const imported = await runUsher(t, ['import', 'service.jsonl'], onRedis)
  t.match(imported, { code: 0, stdout: `${COUNTS}.\nEpochs are kept`, stderr: '' })
  t.match(imported.stdout, /^Redis at 127\.0\.0\.1:\d+ \(prefix usher:\) holds what was in service/)
  const [one, two] = await Promise.all([startNode(t, url, OPEN), startNode(t, url, OPEN)])
  const beside = await runUsher(t, ['export', 'beside.jsonl'], onRedis)
  t.match(beside, { code: 1, stderr: /^Nodes run on Redis at/ })
  t.same(await pagesOf(one), before)
  t.same(await pagesOf(two), before)
  await comeBack(t, { one, two }, people, where)
  await areThere(t, one, people)
  await areThere(t, two, people)
  const app = await refreshed(two, people.ann.refreshToken)
  t.equal(app.status, 200)
  const onNodes = await pagesOf(one)
  await Promise.all([one, two].map((node) => node.end('SIGTERM')))

  const back = await onceFree(t, ['export', 'back.jsonl'], onRedis)
  t.match(back, { code: 0, stdout: 'back.jsonl holds the store of Redis at' })
  const twice = await runUsher(t, ['import', 'service.jsonl'], onRedis)
  t.match(twice, { code: 1, stderr: /^This file was imported into Redis at/ })
  const read = await runUsher(t, ['import', 'back.jsonl'], { USHER_DATA: 'again' })
  t.match(read, { code: 0, stdout: '\nRooms have new epochs' })
  const again = await startAlone(t, 'again')
  await areThere(t, again, people)
  t.equal((await refreshed(again, app.body.refreshToken)).status, 200)
  t.same(withoutEpochs(await pagesOf(again)), withoutEpochs(onNodes))
})

t.test('to a Cluster and back', { timeout: 120_000 }, async (t) => {
  const cluster = await startCluster(t)
  const place = redisPlaceAt(cluster.url)
  t.test('to it', async (t) => {
    archiveContract(t, { from: sqlitePlace, to: place, keepsEpochs: true })
  })
  t.test('from it', async (t) => {
    archiveContract(t, { from: place, to: sqlitePlace, keepsEpochs: false })
  })
})

t.test('an import that is killed is begun again, and no node starts between', async (t) => {
  const folder = t.testdir({})
  const redis = await startRedis(t)
  const onRedis = { USHER_REDIS_URL: redis.url, USHER_SECRET: SECRET }
  await writeArchive(join(folder, 'large'), { keepsEpochs: true }, manyEntries())
  const command = [process.execPath, CLI, 'import', 'large']
  const killed = startProgram(t, { command, cwd: folder, env: onRedis })
  const rooms = async () => Number(await redis.tell('ZCARD', 'usher:rooms'))
  await until(async () => (await rooms()) > 0, { what: 'some rooms are there' })
  await killed.end('SIGKILL')
  t.ok((await rooms()) < ROOMS_OF_MANY, 'it was under way')
  await t.rejects(startNode(t, redis.url), /import the same file again/)
  const again = await onceFree(t, ['import', 'large'], onRedis)
  t.match(again, { code: 0, stdout: 'Epochs are kept' })
  const node = await startNode(t, redis.url)
  for (const room of ['chat:0', `chat:${ROOMS_OF_MANY - 1}`]) {
    const { offset } = await ask(node, 'GET', `/rooms/${room}`)
    t.equal(offset, MESSAGES_OF_EACH)
  }
  t.equal(await rooms(), ROOMS_OF_MANY)
})

const ROOMS_OF_MANY = 200
const MESSAGES_OF_EACH = 1_000

function* manyEntries(): Generator<ArchiveEntry> {
  const payload = Buffer.from('x'.repeat(200))
  const of = { kind: 'text', user: null, name: null, payload, redactedAt: null } as const
  const at = { epoch: 'old', offset: MESSAGES_OF_EACH, redactions: 0, retention: null }
  for (let room = 0; room < ROOMS_OF_MANY; room += 1) {
    yield { is: 'room', room: `chat:${room}`, ...at }
    for (let offset = 1; offset <= MESSAGES_OF_EACH; offset += 1) {
      yield { is: 'message', offset, time: offset, ...of }
    }
  }
}
