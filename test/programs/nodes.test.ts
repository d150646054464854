// Three nodes on one Redis, in production, behind nginx, HAProxy and Caddy that end TLS, each with
// the configuration of deploy/nodes/. No client is kept to one node.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import t, { type Test } from 'tap'
import { startNode } from '../nodes/service.ts'
import { certificate } from '../support/certificate.ts'
import { type Client, connect } from '../support/client.ts'
import { follow } from '../support/follow.ts'
import { freePort } from '../support/free-port.ts'
import { asServer, type Person, signedUp } from '../support/people.ts'
import { startRedis } from '../support/redis-server.ts'
import { openStream } from '../support/reply-stream.ts'
import type { ServerProcess } from '../support/server-process.ts'
import { until } from '../support/until.ts'
import { HttpsClient } from './https-client.ts'
import { NODE_PROXIES } from './node-proxies.ts'
import { type ProxyKind, startProxy } from './proxies.ts'

const TLS = certificate()
setDefaultCACertificates([...getCACertificates(), TLS.cert])
const ROOM = 'chat:nodes'
const PATH = `/rooms/${ROOM}`
/** Where the proxy connects from, and most clients here. */
const EXEMPT = '127.0.0.1'
const PER_ADDRESS = 6

interface Scene {
  /** Of the proxy. */
  url: string
  /** Whether the proxy asks the nodes for their health, each second. */
  looks: boolean
  nodes: ServerProcess[]
  /** Starts the node at this place again, after its end. */
  restart(at: number): Promise<void>
  ann: Person
}

async function setUp(t: Test, kind: ProxyKind): Promise<Scene> {
  const folder = t.testdir({})
  const port = await freePort()
  const url = `https://localhost:${port}`
  const rules = join(folder, 'rules.json')
  const looks = kind.name !== 'nginx'
  const limits = { connectionsPerAddress: PER_ADDRESS, exemptAddresses: [EXEMPT] }
  writeFileSync(rules, JSON.stringify({ limits }))
  const redis = await startRedis(t)
  const ports = [await freePort(), await freePort(), await freePort()]
  const start = (port = 0) =>
    startNode(t, redis.url, {
      ...{ NODE_ENV: 'production', HOST: '127.0.0.1', PORT: `${port}`, USHER_CONFIG: rules },
      ...{ USHER_PUBLIC_URL: url, USHER_TRUST_PROXY: EXEMPT },
      ...{ USHER_SIGNUP: 'open', USHER_DRAIN_SECONDS: looks ? '10' : '1' },
    })
  const nodes = await Promise.all(ports.map(start))
  const usher = nodes.map((node) => node.url) as [string, ...string[]]
  await startProxy(t, kind, { folder, certificate: TLS, usher, port })
  const ann = await signedUp({ url, keepSecret: () => {} }, 'ann')
  const restart = async (at: number) => {
    nodes[at] = await start(ports[at])
  }
  return { url, looks, nodes, restart, ann }
}

/** The sum of a metric of a node, over all labels that match. */
async function reading({ url }: ServerProcess, name: RegExp): Promise<number> {
  const headers = { ...asServer, 'x-forwarded-proto': 'https' }
  const text = await (await fetch(`${url}/metrics`, { headers })).text()
  const lines = text.split('\n').filter((line) => name.test(line))
  return sum(lines.map((line) => Number(line.split(' ').at(-1))))
}

const CONNECTIONS = /^usher_connections /
const OPENED = /^usher_connections_opened_total/
const SENT_UP = /^usher_http_request_seconds_count\{.*"\/emulation"/

const readings = (nodes: readonly ServerProcess[], name: RegExp) =>
  Promise.all(nodes.map((node) => reading(node, name)))

async function members({ url, ann }: Scene, count: number): Promise<Client[]> {
  const opened: Client[] = []
  while (opened.length < count) opened.push(await connect(url + PATH, { headers: ann.browser }))
  return opened
}

/** Waits until the nodes have so many connections, and no other of an earlier test. */
async function haveConnections(nodes: readonly ServerProcess[], count: number): Promise<void> {
  const isSo = async () => sum(await readings(nodes, CONNECTIONS)) === count
  await until(isSo, { what: `the nodes have ${count} connections` })
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, number) => all + number, 0)
}

async function hearEachOther(t: Test, scene: Scene): Promise<void> {
  const { url, nodes, ann } = scene
  const raw = await members(scene, 9)
  const connections = await readings(nodes, CONNECTIONS)
  t.ok(Math.min(...connections) > 0, `each node has some: ${connections}`)
  const events = await follow(url + PATH, ann.browser)
  const before = await readings(nodes, CONNECTIONS)
  const rich = await openStream(url, { headers: ann.browser })
  const after = await readings(nodes, CONNECTIONS)
  await rich.ask({ id: 2, subscribe: { channel: ROOM } })
  const said: string[] = []
  for (let id = 3; id < 15; id += 1) {
    said.push(`"number ${id}"`)
    const publish = { channel: ROOM, data: `number ${id}` }
    t.match(await rich.ask({ id, publish }), { publish: {} })
  }
  const sentUp = await readings(nodes, SENT_UP)
  t.equal(sum(sentUp), 13)
  const elsewhere = sentUp.filter((_, at) => after[at] === before[at])
  t.ok(sum(elsewhere) > 0, `some come to nodes without the stream: ${sentUp}`)
  await rich.find(({ push }) => push?.pub?.data === 'number 14', 'the last message')
  const pushed = rich.replies.flatMap(({ push }) => push?.pub?.data ?? [])
  t.same(
    pushed,
    said.map((text) => JSON.parse(text)),
  )
  t.same(await events.data(12), said)
  for (const member of raw) for (const text of said) t.equal(await member.text(), text)
  raw[0]?.send('from a WebSocket')
  t.same(await events.data(1), ['from a WebSocket'])
  await rich.find(({ push }) => push?.pub?.data === 'from a WebSocket', 'what a WebSocket said')
  for (const member of raw) t.equal(await member.text(), 'from a WebSocket')
  rich.stop()
  events.stop()
  for (const member of raw) await member.close()
}

/** What one address has on three nodes counts together, and no other address is concerned. */
async function countsAddresses(t: Test, { url, ann }: Scene): Promise<void> {
  const [here, there] = ['127.0.0.2', '127.0.0.3'].map(
    (from) => new HttpsClient(url, TLS.cert, from),
  )
  if (here === undefined || there === undefined) return
  const opened: Client[] = []
  while (opened.length < PER_ADDRESS) opened.push(await here.webSocket(PATH, ann.bearer))
  // The nodes tell each other once a second. No node by itself has as many as the address may.
  let refusal = ''
  const isRefused = async () => {
    const further = await here.webSocket(PATH, ann.bearer).catch(({ message }) => message)
    if (typeof further === 'string') refusal = further
    else await further.close()
    return refusal !== ''
  }
  await until(isRefused, { what: 'one more than the address may have is refused' })
  t.match(refusal, /429/)
  opened.push(await there.webSocket(PATH, ann.bearer))
  for (const member of opened) await member.close()
}

/** A node that will close still takes clients, and is sent none: it can be asked how many came. */
async function areSentElsewhere(scene: Scene, leaving: ServerProcess): Promise<void> {
  const isAvoided = async () => {
    const before = await reading(leaving, OPENED)
    for (const member of await members(scene, 6)) await member.close()
    return (await reading(leaving, OPENED)) === before
  }
  await until(isAvoided, { what: 'new clients are sent to other nodes' })
}

async function movesClients(t: Test, scene: Scene): Promise<void> {
  const { url, nodes, ann } = scene
  const raw = await members(scene, 9)
  const moved: Promise<Client>[] = []
  for (const member of raw) {
    member.ws.once('close', (code) => {
      if (code === 3001) moved.push(connect(url + PATH, { headers: ann.browser }))
    })
  }
  await haveConnections(nodes, 9)
  const first = nodes[0] as ServerProcess
  const had = await reading(first, CONNECTIONS)
  const ended = first.end('SIGTERM')
  if (scene.looks) await areSentElsewhere(scene, first)
  t.equal(await ended, 0)
  await until(() => moved.length >= had, { what: 'the clients of the node are told' })
  const stayed = raw.filter(({ ws }) => ws.readyState === ws.OPEN)
  const all = [...stayed, ...(await Promise.all(moved))]
  t.equal(all.length, 9, 'none is refused meanwhile')
  const headers = { ...ann.browser, 'content-type': 'text/plain' }
  const answer = await fetch(`${url}${PATH}/messages`, {
    method: 'POST',
    headers,
    body: 'all here',
  })
  t.equal(answer.status, 201)
  for (const member of all) t.equal(await member.text(), 'all here')

  await scene.restart(0)
  const isFound = async () => {
    const [further] = await members(scene, 1)
    const connections = await reading(nodes[0] as ServerProcess, CONNECTIONS)
    await further?.close()
    return connections > 0
  }
  await until(isFound, { what: 'the node that is there again gets clients' })
  for (const member of all) member.ws.terminate()
}

for (const kind of NODE_PROXIES) {
  t.test(`three nodes behind ${kind.name}, as deploy/${kind.file} has it`, async (t) => {
    const scene = await setUp(t, kind)
    t.test('WebSockets and streams hear each other, wherever a POST arrives', (t) =>
      hearEachOther(t, scene),
    )
    t.test('[S50] what an address has counts over all nodes', (t) => countsAddresses(t, scene))
    t.test(
      '[C65] [C361] clients of a node that ends come to the others, and none is refused',
      (t) => movesClients(t, scene),
    )
  })
}
