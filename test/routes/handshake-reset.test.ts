// Clients that vanish at every moment of the handshake: the server goes on and keeps nothing.
import { once } from 'node:events'
import type { FastifyInstance } from 'fastify'
import { type Test, test } from 'tap'
import { EngineUnavailable } from '../../src/engine/engine.ts'
import { type StartedApp, startApp } from '../support/app.ts'
import { connect, rawSocket, upgradeRequest } from '../support/client.ts'
import { clientFrame } from '../support/frames.ts'
import { leftIn, NOTHING_LEFT, nothingLeft } from '../support/nothing-left.ts'
import { type PausedCalls, pauseCalls } from '../support/paused-calls.ts'
import { asServer, ticketOf } from '../support/people.ts'
import { RawClient, rawConnect, rawRequest, reset } from '../support/raw-client.ts'
import { until } from '../support/until.ts'

const ROOM = '/rooms/chat:a'

/** Nothing is left, and another client connects and talks. */
async function healthy(t: Test, { url, app }: StartedApp): Promise<void> {
  await nothingLeft(app)
  const client = await connect(url + ROOM, { headers: asServer })
  client.send('fine')
  // What clients said before they vanished may still be on its way to the disk.
  const heard: string[] = []
  while (heard.at(-1) !== 'fine') heard.push(await client.text())
  t.same(
    heard.filter((text) => text !== 'fine' && !/^x{10000}$/.test(text)),
    [],
    'and nothing that was not said whole',
  )
  await client.close()
  await nothingLeft(app)
  t.same(leftIn(app), NOTHING_LEFT)
}

test('[C40] a reset before the request is complete leaves nothing', async (t) => {
  const usher = await startApp(t)
  const request = upgradeRequest(ROOM, asServer)
  const half = Math.floor(request.length / 2)
  for (const sent of ['', 'G', request.slice(0, half), request.slice(0, -2)]) {
    const client = await rawRequest(usher.url, sent)
    await reset(client)
  }
  await healthy(t, usher)
})

test('[C40] a reset right behind the request leaves nothing', async (t) => {
  const usher = await startApp(t)
  for (let i = 0; i < 50; i += 1) {
    const client = new RawClient(await rawSocket(usher.url))
    client.socket.write(upgradeRequest(ROOM, asServer))
    if (i % 2 === 0) await new Promise(setImmediate)
    await reset(client)
  }
  await healthy(t, usher)
})

/** The step at which a client vanishes: the call that is paused then. */
const MOMENTS: Record<string, (app: FastifyInstance) => PausedCalls> = {
  'while the ticket is looked at': ({ engine }) => pauseCalls(engine.tickets, 'read'),
  'while the room is opened': ({ engine }) => pauseCalls(engine.log, 'follow'),
  'while the ticket is redeemed': ({ engine }) => pauseCalls(engine.tickets, 'redeem'),
}

for (const [moment, pause] of Object.entries(MOMENTS)) {
  for (const way of ['reset', 'half-close', 'close'] as const) {
    test(`[C40] a ${way} ${moment} leaves nothing`, async (t) => {
      const usher = await startApp(t)
      const ticket = await ticketOf(usher, asServer, { user: 'u_1' })
      const paused = pause(usher.app)
      const client = await rawRequest(usher.url, upgradeRequest(`${ROOM}?ticket=${ticket}`))
      await paused.reached
      t.equal(usher.app.connections.connectionLimits.taken, 1, 'a seat is taken')
      if (way === 'reset') client.socket.resetAndDestroy()
      else if (way === 'close') client.socket.destroy()
      else client.socket.end()
      if (way === 'reset') await until(() => usher.app.connections.connectionLimits.taken === 0)
      paused.release()
      if (way === 'half-close') client.socket.resume()
      await healthy(t, usher)
    })
  }

  test(`[C34] a reset ${moment} of a first message leaves nothing`, async (t) => {
    const usher = await startApp(t)
    const ticket = await ticketOf(usher, asServer, { user: 'u_1' })
    const paused = pause(usher.app)
    const client = await rawConnect(usher.url, `${ROOM}?auth=message`)
    client.send(
      { opcode: 1, payload: JSON.stringify({ ticket }) },
      { opcode: 1, payload: 'queued' },
    )
    await paused.reached
    await reset(client)
    await until(() => usher.app.connections.size === 0)
    paused.release()
    await healthy(t, usher)
  })
}

test('[C40] a reset right after the 101 leaves nothing', async (t) => {
  const usher = await startApp(t)
  for (let i = 0; i < 50; i += 1) {
    const client = await rawRequest(usher.url, upgradeRequest(ROOM, asServer))
    await once(client.socket, 'data')
    await reset(client)
  }
  await healthy(t, usher)
})

test('[C40] a reset with frames on the way leaves nothing', async (t) => {
  const usher = await startApp(t)
  const frame = clientFrame({ opcode: 1, payload: 'x'.repeat(10_000) })
  for (let i = 0; i < 30; i += 1) {
    const client = await rawConnect(usher.url, ROOM, asServer)
    client.socket.write(frame)
    client.socket.write(frame.subarray(0, 5_000 + i))
    await reset(client)
  }
  await healthy(t, usher)
})

test('[C40] a reset before any credential leaves nothing', async (t) => {
  const usher = await startApp(t)
  for (let i = 0; i < 10; i += 1) {
    await reset(await rawConnect(usher.url, `${ROOM}?auth=message`))
  }
  await healthy(t, usher)
})

test('[C40] refused handshakes leave nothing, whatever they are refused for', async (t) => {
  const usher = await startApp(t)
  for (const [path, headers] of [
    [ROOM, {}],
    [ROOM, { Authorization: 'Bearer wrong' }],
    [`${ROOM}?ticket=ut_wrong`, {}],
    ['/rooms/user:u_1', {}],
    [`${ROOM}?token=x`, asServer],
    [ROOM, { Cookie: 'usher=wrong', Origin: 'https://elsewhere.example' }],
  ] as const) {
    const client = await rawRequest(usher.url, upgradeRequest(path, headers))
    t.ok((await client.status()) >= 400, path)
    client.socket.destroy()
  }
  await healthy(t, usher)
})

test('[C1] when the store is away the answer is a 503, and nothing is left', async (t) => {
  const usher = await startApp(t)
  const { log } = usher.app.engine
  const follow = log.follow
  log.follow = () => Promise.reject(new EngineUnavailable('away'))
  const client = await rawRequest(usher.url, upgradeRequest(ROOM, asServer))
  t.equal(await client.status(), 503)
  t.match(client.head, /retry-after: \d/i)
  client.socket.destroy()
  await nothingLeft(usher.app)
  log.follow = follow
  await healthy(t, usher)
})
