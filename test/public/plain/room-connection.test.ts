// One window's connection, with a network, a clock and random numbers that the test decides.
import { test } from 'tap'
import { mayReconnect } from '../../../src/protocol/errors.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { pageModule, type State } from './page-modules.ts'
import { StandInServer, settle } from './stand-ins.ts'

const { RoomConnection } = await pageModule('plain/room-connection.js')

function connect(random = () => 0.5) {
  const clock = new ManualClock()
  const server = new StandInServer()
  const states: State[] = []
  const frames: (string | Uint8Array)[] = []
  const connection = new RoomConnection({
    clock,
    api: server,
    random,
    onState: (state) => states.push(state),
    onFrame: (content) => frames.push(content),
  })
  return { clock, server, states, frames, connection, names: () => states.map(({ name }) => name) }
}

test('it opens, speaks, hears and closes', async (t) => {
  const { clock, server, frames, connection, names } = connect()
  t.equal(connection.send('too early'), false)
  connection.open('chat:lobby')
  t.equal(connection.send('still too early'), false)
  server.last.accept()
  t.equal(connection.send('now'), true)
  server.last.say('text')
  server.last.say(new Uint8Array([1, 2]).buffer)
  connection.close()
  t.equal(connection.send('too late'), false)
  t.same(server.last.sent, ['now'])
  t.same(frames, ['text', new Uint8Array([1, 2])])
  t.equal(server.last.binaryType, 'arraybuffer')
  t.equal(server.last.closedWith, 1000)
  t.same(names(), ['connecting', 'open', 'closed'])
  t.equal(clock.timers, 0, 'nothing is left running')
})

test('opening again closes the first, which is not heard any more', async (t) => {
  const { server, frames, connection } = connect()
  connection.open('chat:one')
  const first = server.last
  first.accept()
  connection.open('chat:two')
  server.last.accept()
  first.say('late')
  first.end(1006)
  t.equal(first.closedWith, 1000)
  t.same(frames, [])
  t.match(connection.state, { name: 'open', room: 'chat:two' })
})

test('a socket that is closing takes nothing', async (t) => {
  const { server, connection } = connect()
  connection.open('chat:lobby')
  server.last.accept()
  server.last.readyState = 2
  t.equal(connection.send('lost'), false)
})

test('after each close code the page reconnects or not, as the server means it', async (t) => {
  for (const code of [1001, 1006, 1009, 1012, 3001, 3013, 3499, 3500, 3999, 4000, 4500]) {
    const { clock, server, connection } = connect()
    connection.open('chat:lobby')
    server.last.accept()
    server.last.end(code, 'why')
    t.equal(connection.state.name, mayReconnect(code) ? 'waiting' : 'closed', `${code}`)
    t.ok(connection.state.reason, 'with the reason')
    await clock.advance(1_000)
    t.equal(server.sockets.length, mayReconnect(code) ? 2 : 1)
  }
})

test('waits grow from one failure to the next, up to 20 s', async (t) => {
  const { clock, server, states, connection } = connect(() => 1)
  connection.open('chat:lobby')
  for (let round = 0; round < 7; round += 1) {
    server.last.end(1006)
    await settle()
    await clock.advance(states.at(-1)?.waitMs ?? 0)
  }
  const waits = states.flatMap(({ waitMs }) => (waitMs === undefined ? [] : [waitMs]))
  t.same(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000])
})

test('only a connection that lasted forgives earlier failures', async (t) => {
  const { clock, server, connection } = connect(() => 1)
  connection.open('chat:lobby')
  server.last.accept()
  server.last.end(3010)
  await clock.advance(1_000)
  server.last.accept()
  server.last.end(3010)
  t.equal(connection.state.waitMs, 2_000, 'it fell at once, so the wait grows')
  await clock.advance(2_000)
  server.last.accept()
  t.equal(connection.state.again, true)
  await clock.advance(10_000)
  server.last.end(1006)
  t.equal(connection.state.waitMs, 1_000)
})

test('the reason for a refused upgrade is asked by REST', async (t) => {
  const { server, connection } = connect()
  server.refusal = { verdict: 'stay-away', sentence: 'You may not enter.', afterMs: 0 }
  connection.open('chat:lobby')
  server.last.end(1006)
  await settle()
  t.match(connection.state, { name: 'closed', reason: 'You may not enter.', loggedOut: false })
  server.refusal = { verdict: 'logged-out', sentence: 'Log in.', afterMs: 0 }
  connection.open('chat:lobby')
  server.last.end(1006)
  await settle()
  t.match(connection.state, { name: 'closed', loggedOut: true })
})

test('Retry-After is kept, also when the network comes back earlier', async (t) => {
  const { clock, server, connection } = connect()
  server.refusal = { verdict: 'come-back', sentence: 'Too many.', afterMs: 7_000 }
  connection.open('chat:lobby')
  server.last.end(1006)
  await settle()
  t.equal(connection.state.waitMs, 7_500)
  connection.check()
  t.equal(server.sockets.length, 1)
  await clock.advance(7_000)
  connection.check()
  t.equal(server.sockets.length, 2)
})

test('an opening that hangs for 15 s is given up', async (t) => {
  const { clock, server, connection } = connect()
  connection.open('chat:lobby')
  await clock.advance(15_000)
  t.equal(connection.state.name, 'waiting')
  t.equal(server.last.closedWith, 1000)
})

test('closing while it asks, waits or opens is final', async (t) => {
  const { clock, server, connection } = connect()
  connection.open('chat:lobby')
  server.last.end(1006)
  connection.close()
  await clock.advance(60_000)
  t.equal(connection.state.name, 'closed')
  connection.open('chat:lobby')
  server.last.accept()
  server.last.end(1006)
  connection.close()
  await clock.advance(60_000)
  t.equal(server.sockets.length, 2)
  t.equal(clock.timers, 0)
})

test('after silence and a dead server the page reconnects; a check asks at once', async (t) => {
  const { clock, server, connection } = connect()
  connection.open('chat:lobby')
  const first = server.last
  first.accept()
  await clock.advance(30_000)
  t.equal(server.asked, 1)
  t.equal(connection.state.name, 'open')
  server.alive = false
  connection.check()
  await settle()
  t.equal(server.asked, 2)
  t.match(connection.state, { name: 'waiting', waitMs: 500 })
  t.equal(first.closedWith, 1000)
  await clock.advance(500)
  t.equal(server.sockets.length, 2)
})
