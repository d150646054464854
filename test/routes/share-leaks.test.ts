// Every share that a request or a connection takes comes back, whichever way it ends: thousands of
// clients with good and bad credentials that leave at any moment, while what they need fails or is
// slow. The orders are seeded.
import { randomBytes } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import type { HeldName } from '../../src/engine/bounds.ts'
import { EngineUnavailable } from '../../src/engine/engine.ts'
import { type StartedApp, startApp } from '../support/app.ts'
import { upgradeRequest } from '../support/client.ts'
import { Dice } from '../support/dice.ts'
import { clientFrame, OPCODE } from '../support/frames.ts'
import { pauseCalls } from '../support/paused-calls.ts'
import { asServer, type Person, person, ticketOf } from '../support/people.ts'
import { type RawClient, rawConnect, rawRequest, reset } from '../support/raw-client.ts'
import { limited } from '../support/settings.ts'
import { until } from '../support/until.ts'

const SEED = 43
const ROUNDS = 60
const ROOM = '/rooms/chat:a'
/** All but what outlives its request by design: tickets that are out, and tails of rooms. */
const HELD: readonly HeldName[] = [
  ...(['connections', 'pending', 'pages', 'replays'] as const),
  ...(['heldTries', 'hashes', 'files', 'waitingForDisk', 'waitingReceipts'] as const),
]

interface Scene {
  usher: StartedApp
  ann: Person
  dice: Dice
  tickets: string[]
}

/** Calls of this method fail now and then, or take some turns of the event loop. */
function trouble<Shape extends object>(shape: Shape, name: keyof Shape, dice: Dice): void {
  const original = (shape[name] as (...args: unknown[]) => Promise<unknown>).bind(shape)
  const value = async (...args: unknown[]): Promise<unknown> => {
    for (let turns = dice.below(6); turns > 0; turns -= 1) await nextTurn()
    if (dice.once(8)) throw new EngineUnavailable('It is away.')
    if (dice.once(40)) throw new Error('unforeseen')
    return original(...args)
  }
  Object.defineProperty(shape, name, { value, configurable: true, writable: true })
}

function request(method: string, path: string, headers: object, body?: object): string {
  const text = body === undefined ? '' : JSON.stringify(body)
  const lines = Object.entries({
    ...{ host: 'localhost', 'content-type': 'application/json' },
    ...{ 'content-length': String(text.length), ...headers },
  }).map(([name, value]) => `${name}: ${value}`)
  return `${[`${method} ${path} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n${text}`
}

function credential({ ann, dice, tickets }: Scene): Record<string, string> {
  const forged = { authorization: 'Bearer forged' }
  const shown = dice.pick([asServer, ann.bearer, ann.browser, forged, {}])
  if (!dice.once(3)) return shown
  const ticket = tickets.pop() ?? 'ut_forged'
  return { 'sec-websocket-protocol': `usher.raw, usher.ticket.${ticket}` }
}

function firstMessage({ ann, dice, tickets }: Scene): Buffer {
  const ticket = tickets.pop() ?? 'ut_forged'
  const token = ann.bearer.authorization.slice('Bearer '.length)
  const text = dice.pick([JSON.stringify({ ticket }), JSON.stringify({ token }), '{}', 'x'])
  return clientFrame({ opcode: OPCODE.text, payload: Buffer.from(text) })
}

/** A connection of many rooms, which may say who it is in its handshake or in its first frame. */
function manyRooms(scene: Scene): (string | Buffer)[] {
  const { ann, dice, tickets } = scene
  const bearer = ann.bearer.authorization.slice('Bearer '.length)
  const ticket = tickets.pop() ?? 'ut_forged'
  const token = dice.pick([undefined, ticket, bearer, 'forged'])
  const channel = dice.pick(['chat:a', 'chat:b', 'nowhere', `user:${ann.user}`])
  const frames = [
    [{ connect: { token } }],
    [{ subscribe: { channel, recover: dice.once(2), epoch: '', token: dice.pick(['', ticket]) } }],
    [{ publish: { channel, data: 1 } }, { history: { channel, limit: -1 } }, {}],
    [dice.pick([{ unsubscribe: { channel } }, { refresh: { token: bearer } }, { connect: {} }])],
  ].map((commands) => {
    const lines = commands.map((command, index) => JSON.stringify({ id: index + 1, ...command }))
    return clientFrame({ opcode: OPCODE.text, payload: Buffer.from(lines.join('\n')) })
  })
  return [upgradeRequest('/connection/websocket', credential(scene)), ...frames]
}

/** What a client writes, piece by piece. */
const ASKING: readonly ((scene: Scene) => (string | Buffer)[])[] = [
  (scene) => [upgradeRequest(ROOM, credential(scene))],
  (scene) => [upgradeRequest(`${ROOM}?replay=0`, credential(scene))],
  (scene) => [upgradeRequest('/rooms/nowhere', credential(scene))],
  (scene) => [
    upgradeRequest(`${ROOM}?auth=message`),
    firstMessage(scene),
    clientFrame({ opcode: OPCODE.text, payload: randomBytes(20) }),
  ],
  () => [upgradeRequest(`${ROOM}?auth=message`)],
  manyRooms,
  manyRooms,
  () => [upgradeRequest('/connection/websocket')],
  (scene) => [request('GET', ROOM, { accept: 'text/event-stream', ...credential(scene) })],
  () => [request('GET', `${ROOM}?auth=message`, { accept: 'text/event-stream' })],
  (scene) => [request('GET', `${ROOM}/messages`, credential(scene))],
  (scene) => [request('POST', '/tickets', credential(scene), {})],
  (scene) => [request('POST', `${ROOM}/messages`, credential(scene), { said: 1 })],
  ({ ann, dice }) => {
    const { username, password } = ann
    const wrong = dice.once(2) ? { username, password: 'a wrong one' } : { username, password }
    return dice.once(4) ? [request('POST', '/session', {}, wrong)] : []
  },
  () => [request('GET', '/', {}), request('GET', '/', {})],
]

/** One client: it writes what it asks for, and leaves at any moment. */
async function visit(scene: Scene): Promise<void> {
  const { usher, dice } = scene
  const [head = '', ...rest] = dice.pick(ASKING)(scene)
  if (head === '') return
  const client = await rawRequest(usher.url, head.toString())
  for (const piece of rest) {
    for (let turns = dice.below(12); turns > 0; turns -= 1) await nextTurn()
    if (client.socket.writable) client.socket.write(piece)
  }
  if (dice.once(2)) await answered(client)
  for (let turns = dice.below(30); turns > 0; turns -= 1) await nextTurn()
  if (dice.once(2)) await reset(client)
  else client.socket.destroy()
}

/** An answer, or the end; an undecided connection may have to make room first. */
async function answered(client: RawClient): Promise<void> {
  await until(() => client.head !== '' || client.ended)
}

async function quiet(t: Test, pendingConnections = 10): Promise<Scene> {
  const limits = limited({
    ...{ pendingConnections, handshakesPerSecond: null, requestsPerSecondPerAddress: null },
    ...{ connections: 200, connectionsPerUser: 30, ticketsPerMinute: null },
  })
  const usher = await startApp(t, { ...limits, logLevel: 'fatal' })
  const ann = await person(usher)
  const dice = new Dice(SEED, 0)
  const tickets: string[] = []
  for (let n = 0; n < 300; n += 1) tickets.push(await ticketOf(usher, ann.bearer))
  return { usher, ann, dice, tickets }
}

async function start(t: Test): Promise<Scene> {
  const scene = await quiet(t, 3)
  const { usher, dice } = scene
  const { app } = usher
  trouble(app.authenticator, 'prove', dice)
  trouble(app.engine.tickets, 'redeem', dice)
  trouble(app.rooms, 'permitted', dice)
  trouble(app.engine.attempts, 'of', dice)
  trouble(app.engine.sessions, 'bySecret', dice)
  return scene
}

/** TCP connections that are open, also those that `fetch` keeps for its next request. */
function open({ usher }: Scene): Promise<number> {
  return promisify(usher.app.server.getConnections.bind(usher.app.server))()
}

t.test('[S43] every share comes back, however requests and connections end', async (t) => {
  const scene = await start(t)
  const { connections, engine, metrics, rooms } = scene.usher.app
  const { shares } = engine
  const most = { connections: 0, pending: 0, hashes: 0 }
  const look = setInterval(() => {
    for (const name of ['connections', 'pending', 'hashes'] as const) {
      most[name] = Math.max(most[name], shares.held(name))
    }
  })
  for (let round = 0; round < ROUNDS; round += 1) {
    await Promise.all(Array.from({ length: 50 }, () => visit(scene)))
  }
  clearInterval(look)
  for (const [name, count] of Object.entries(most)) t.ok(count > 1, `${count} ${name} at once`)
  for (const bound of HELD) {
    await until(() => shares.held(bound) + shares.holders(bound) === 0)
    t.pass(`no ${bound} are held`)
  }
  await until(async () => shares.held('sockets') === (await open(scene)))
  shares.sweep(connections.clock.elapsed() + 600_000)
  t.equal(shares.holders('handshakes') + shares.holders('messages'), 0)
  t.equal(connections.size + rooms.size, 0)
  const figures = await metrics.registry.metrics()
  t.match(figures, /usher_limit_hits_total\{limit="pendingConnections"\}/, 'some made room')
})

t.test('[S43] every share comes back from a process that goes down', async (t) => {
  const { usher, ann, tickets } = await quiet(t)
  const { app, url } = usher
  const headers = { ...ann.bearer }
  const stream = { accept: 'text/event-stream', ...headers }
  for (let n = 0; n < 5; n += 1) {
    await rawConnect(url, ROOM, headers)
    await rawConnect(url, `${ROOM}?auth=message`)
    await (await rawRequest(url, request('GET', ROOM, stream))).status()
  }
  const { reached, release } = pauseCalls(app.authenticator, 'prove')
  for (let n = 0; n < 5; n += 1) {
    await rawRequest(url, upgradeRequest(`${ROOM}?ticket=${tickets.pop()}`))
    await rawRequest(url, request('GET', ROOM, stream))
    const undecided = await rawConnect(url, `${ROOM}?auth=message`)
    undecided.send({ opcode: OPCODE.text, payload: Buffer.from('{"ticket":"ut_"}') })
  }
  await reached
  await until(() => app.engine.shares.held('connections') === 30)
  const closing = app.close()
  await until(() => app.connections.draining)
  release()
  await closing
  const { shares } = app.engine
  const left = [...HELD, 'sockets' as const, 'ticketsOut' as const]
  for (const bound of left) {
    await until(() => shares.held(bound) + shares.holders(bound) === 0)
    t.pass(`no ${bound} are held`)
  }
})
