// A service of two nodes behind Sentinels and on a Cluster, and what its people notice when a
// replica takes over and when slots move: nothing but a pause.
import t, { type Test } from 'tap'
import { slotOf } from '../../src/engine/redis/cluster-ranges.ts'
import { Keys } from '../../src/engine/redis/keys.ts'
import { type StartedApp, startApp, testConfig } from '../support/app.ts'
import { type Client, connect } from '../support/client.ts'
import { type Following, follow } from '../support/follow.ts'
import { asServer, call, type Person, signedUp, ticketOf, whoAmI } from '../support/people.ts'
import { type RedisCluster, startCluster } from '../support/redis-cluster.ts'
import { startWatched } from '../support/redis-sentinels.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { connectRich, type RichClient } from '../support/rich-client.ts'
import { until } from '../support/until.ts'

const ROOM = 'chat:topologies'
const PREFIX = 'usher:'

interface Scene {
  one: StartedApp
  two: StartedApp
  ann: Person
  bob: Person
  raw: Client
  rich: RichClient
  stream: Following
  /** All that was said, in order. */
  said: string[]
}

/** Ann is on the second node by a ticket of the first, Bob on the first; both have logged in. */
async function meet(t: Test, url: string): Promise<Scene> {
  const engine = { kind: 'redis', url, prefix: PREFIX } as const
  const shared = { engine, secrets: testConfig().secrets }
  const [one, two] = [await startApp(t, shared), await startApp(t, shared)]
  const [ann, bob] = [await signedUp(one), await signedUp(two)]
  const ticket = await ticketOf(one, ann.bearer)
  const raw = await connect(`${two.url}/rooms/${ROOM}?ticket=${ticket}`)
  const { rich } = await comeRich(one, bob)
  const stream = await follow(`${two.url}/rooms/${ROOM}`, asServer)
  await until(() => stream.positions.length === 1, { what: 'the stream begins' })
  return { one, two, ann, bob, raw, rich, stream, said: [] }
}

async function comeRich({ url }: StartedApp, { browser }: Person, since: object = {}) {
  const rich = await connectRich(url, { headers: { ...browser, origin: url } })
  const { subscribe } = await rich.ask('subscribe', { channel: ROOM, ...since })
  return { rich, subscribe }
}

/** Says it by REST, again and again while Redis is away: the key makes it one message. */
async function say({ said }: Scene, { url }: StartedApp, text: string): Promise<void> {
  const headers = {
    ...asServer,
    'content-type': 'text/plain',
    'idempotency-key': text.replaceAll(' ', '-'),
  }
  const isAccepted = async () => {
    const answer = await fetch(`${url}/rooms/${ROOM}/messages`, {
      ...{ method: 'POST', headers, body: text },
    })
    await answer.text()
    if (answer.status !== 503 && answer.status >= 300) throw new Error(`${answer.status}`)
    return answer.status < 300
  }
  await until(isAccepted, { what: `${text} is accepted` })
  said.push(text)
}

async function heardRaw(raw: Client, count: number): Promise<string[]> {
  const heard: string[] = []
  while (heard.length < count) heard.push(await raw.text())
  return heard
}

/** By the rich protocol what is no JSON is told as it is; the rest is told as its value. */
async function heardRich(rich: RichClient, count: number): Promise<string[]> {
  const heard: string[] = []
  while (heard.length < count) {
    const { pub } = await rich.push()
    if (pub !== undefined) heard.push(pub.data)
  }
  return heard
}

/** Each says something in its own way, and all hear all in one order. */
async function hearEachOther(t: Test, scene: Scene, word: string): Promise<void> {
  const { one, raw, rich, stream, said } = scene
  const from = said.length
  raw.send(`${word} raw`)
  await until(() => raw.unread.length === 1, { what: 'what is said is heard' })
  said.push(`${word} raw`)
  await say(scene, one, `${word} by REST`)
  t.match(await rich.ask('publish', { channel: ROOM, data: `${word} rich` }), { publish: {} })
  const texts = said.slice(from)
  t.same(await heardRaw(raw, 3), [...texts, JSON.stringify(`${word} rich`)])
  t.same(await stream.data(3), [...texts, JSON.stringify(`${word} rich`)])
  t.same(await heardRich(rich, 3), [...texts, `${word} rich`])
}

/**
 * Some hear all while Redis changes under them; others are away meanwhile, and come back to the
 * other node after what they heard last.
 */
async function goOnOver(t: Test, scene: Scene, change: () => Promise<void>): Promise<void> {
  const { one, two, ann, bob, raw, rich, stream } = scene
  await hearEachOther(t, scene, 'first')
  const leaving = await follow(`${two.url}/rooms/${ROOM}`, ann.bearer)
  await until(() => leaving.positions.length === 1, { what: 'the stream begins' })
  const [position] = leaving.positions
  const [epoch, offset] = (position?.id ?? '').split(':')
  const leavingRich = await comeRich(two, ann)
  leaving.stop()
  leavingRich.rich.client.ws.terminate()
  await say(scene, one, 'before')
  const ticket = await ticketOf(one, ann.bearer)

  await change()

  await say(scene, two, 'after')
  const missed = ['before', 'after']
  t.same(await heardRaw(raw, 2), missed)
  t.same(await heardRich(rich, 2), missed)
  t.same(await stream.data(2), missed)
  await hearEachOther(t, scene, 'second')

  const since = { recover: true, epoch, offset: Number(offset) }
  const back = await comeRich(one, ann, since)
  t.match(back.subscribe, { recovered: true })
  const recovered = back.subscribe.publications.map(({ data }: { data: string }) => data)
  t.same(recovered, [...missed, 'second raw', 'second by REST', 'second rich'])
  const headers = { ...ann.bearer, 'last-event-id': position?.id ?? '' }
  const returned = await follow(`${one.url}/rooms/${ROOM}`, headers)
  t.same((await returned.data(5)).slice(0, 2), missed)
  t.same(
    returned.positions.map(({ event }) => event),
    ['position'],
  )
  const history = await call(`${one.url}/rooms/${ROOM}/messages?limit=100`, 'GET', {
    headers: ann.bearer,
  })
  t.equal(history.body.messages.length, 8)
  t.equal(history.body.epoch, epoch)

  t.ok((await entriesBy(scene, ticket)) <= 1, 'a ticket of before is not used twice')
  const fresh = await ticketOf(two, ann.bearer)
  const entered = await connect(`${one.url}/rooms/${ROOM}?ticket=${fresh}`)
  await endSession(t, scene, [raw, back.rich.client, entered])
  t.equal(await whoAmI(two, bob.browser), 200)
  for (const each of [stream, returned]) each.stop()
  rich.client.ws.terminate()
}

/** How often a ticket lets someone in, on both nodes. */
async function entriesBy({ one, two }: Scene, ticket: string): Promise<number> {
  const enter = ({ url }: StartedApp) => connect(`${url}/rooms/${ROOM}?ticket=${ticket}`)
  const tries = await Promise.allSettled([one, two, one, two].map(enter))
  const entered = tries.flatMap((entry) => (entry.status === 'fulfilled' ? [entry.value] : []))
  for (const { ws } of entered) ws.terminate()
  return entered.length
}

/** A log-out on one node ends what the session has on both. */
async function endSession(t: Test, { one, two, ann }: Scene, clients: Client[]): Promise<void> {
  for (const headers of [ann.browser, ann.bearer]) {
    const out = { headers: { ...headers, origin: two.url } }
    t.equal((await call(`${two.url}/session`, 'DELETE', out)).status, 204)
  }
  for (const client of clients) t.equal((await client.closed).code, 3503)
  t.equal(await whoAmI(one, ann.browser), 401)
}

const offsetOf = async (server: RedisServer) => {
  const info = String(await server.tell('INFO', 'replication'))
  return Number(/^master_repl_offset:(\d+)/m.exec(info)?.[1])
}

/** Kills it when the replica has all that was answered. */
async function failOver(primary: RedisServer | undefined, replica: RedisServer | undefined) {
  if (primary === undefined || replica === undefined) throw new Error('no such server')
  const offset = await offsetOf(primary)
  await until(async () => (await offsetOf(replica)) >= offset, { what: 'the replica has it all' })
  await primary.kill()
}

t.test('behind Sentinels a replica takes over', async (t) => {
  const { primary, replica, url } = await startWatched(t, 3)
  const scene = await meet(t, url)
  await goOnOver(t, scene, () => failOver(primary, replica))
})

const placeOf = (cluster: RedisCluster, room: string) =>
  cluster.primaries.indexOf(cluster.firstOwnerOf(slotOf(new Keys(PREFIX).room(room, 'm'))))

t.test('on a Cluster a replica takes over the room', async (t) => {
  const cluster = await startCluster(t, { replicas: true })
  const scene = await meet(t, cluster.url)
  const place = placeOf(cluster, ROOM)
  await goOnOver(t, scene, () => failOver(cluster.primaries[place], cluster.replicas[place]))
})

/** The slots in which this server has keys or channels. */
async function slotsInUse(server: RedisServer): Promise<Set<number>> {
  const names = [await server.tell('KEYS', '*'), await server.tell('PUBSUB', 'SHARDCHANNELS')]
  return new Set(names.flatMap((some) => (Array.isArray(some) ? some.map(String) : [])).map(slotOf))
}

t.test('on a Cluster each slot in use moves to another primary', async (t) => {
  const cluster = await startCluster(t)
  const scene = await meet(t, cluster.url)
  await goOnOver(t, scene, async () => {
    const { primaries } = cluster
    const used = await Promise.all(primaries.map(slotsInUse))
    for (const [place, slots] of used.entries()) {
      const [from, to] = [primaries[place], primaries[(place + 1) % primaries.length]]
      if (from === undefined || to === undefined) throw new Error('no such server')
      for (const slot of slots) {
        await cluster.beginMove(slot, from, to)
        await cluster.moveKeys(slot, from, to)
        await cluster.endMove(slot, from, to)
      }
    }
  })
})
