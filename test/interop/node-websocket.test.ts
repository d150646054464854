// The WebSocket of Node and of browsers: it sends no headers, so it needs a ticket or a first
// message.
import { once } from 'node:events'
import { test } from 'tap'
import { startApp } from '../support/app.ts'
import { person } from '../support/people.ts'
import { SPOKEN, type Trip, tripsOf, type Way, waysOf } from './credential-ways.ts'

async function trip({ name, url, subprotocols, first }: Way): Promise<Trip> {
  const socket = new WebSocket(url, subprotocols)
  socket.binaryType = 'arraybuffer'
  await once(socket, 'open')
  if (first !== null) socket.send(first)
  socket.send(SPOKEN.text)
  const [{ data: text }] = await once(socket, 'message')
  socket.send(Buffer.from(SPOKEN.binary, 'hex'))
  const [{ data: bytes }] = await once(socket, 'message')
  socket.close(1000)
  const [{ code }] = await once(socket, 'close')
  const subprotocol = socket.protocol === '' ? null : socket.protocol
  return { name, subprotocol, text, binary: Buffer.from(bytes).toString('hex'), closed: code }
}

test("[C31][C34][C42] Node's own WebSocket talks in a room", async (t) => {
  const usher = await startApp(t)
  const ways = await waysOf(usher, await person(usher), 'chat:node')
  const without = ways.filter(({ headers }) => Object.keys(headers).length === 0)
  t.equal(without.length, 4)
  const trips: Trip[] = []
  for (const way of without) trips.push(await trip(way))
  t.same(trips, tripsOf(without))
})

test("[C34] Node's own WebSocket sees our close code and reason", async (t) => {
  const { url } = await startApp(t)
  const socket = new WebSocket(`${url.replace('http', 'ws')}/rooms/chat:a?auth=message`)
  await once(socket, 'open')
  socket.send('{}')
  const [{ code, reason, wasClean }] = await once(socket, 'close')
  t.same({ code, reason, wasClean }, { code: 3500, reason: 'invalid credentials', wasClean: true })
})

test('[C40] a refused upgrade is a 1006 and nothing more, as in a browser', async (t) => {
  const { url } = await startApp(t)
  const socket = new WebSocket(`${url.replace('http', 'ws')}/rooms/chat:a?ticket=ut_x`)
  socket.addEventListener('error', () => undefined)
  const [{ code }] = await once(socket, 'close')
  t.equal(code, 1006)
})
