// Event streams at the edges of HTTP: pipelined, given up early, requested by HEAD.
import t from 'tap'
import { startApp } from '../support/app.ts'
import { follow } from '../support/follow.ts'
import { nothingLeft } from '../support/nothing-left.ts'
import { asServer, call, ticketOf } from '../support/people.ts'
import { rawRequest } from '../support/raw-client.ts'
import { until } from '../support/until.ts'

const ROOM = '/rooms/chat:a'

function request(path: string, method = 'GET'): string {
  const head = [`${method} ${path} HTTP/1.1`, 'Host: x', 'Accept: text/event-stream']
  return `${[...head, `Authorization: ${asServer.authorization}`].join('\r\n')}\r\n\r\n`
}

t.test('[C90] a second stream on one TCP connection is never begun', async (t) => {
  const usher = await startApp(t)
  const client = await rawRequest(usher.url, request(ROOM) + request('/rooms/chat:b'))
  await until(() => usher.app.connections.size === 1)
  await call(`${usher.url}/rooms/chat:b/messages`, 'POST', { headers: asServer, body: 1 })
  t.equal(usher.app.connections.size, 1)
  t.equal(usher.app.connections.connectionLimits.taken, 1)
  client.socket.destroy()
  await nothingLeft(usher.app)
})

t.test('[C90] a client that gives up before the head leaves nothing behind', async (t) => {
  const usher = await startApp(t)
  for (let i = 0; i < 30; i += 1) {
    const ticket = await ticketOf(usher, asServer, { user: `u${i}` })
    const client = await rawRequest(usher.url, request(`${ROOM}?ticket=${ticket}`))
    client.socket.resetAndDestroy()
  }
  await nothingLeft(usher.app)
  t.equal(usher.app.rooms.counts('chat:a').members, 0)
})

t.test('HEAD opens no stream and uses no ticket', async (t) => {
  const usher = await startApp(t)
  const headers = { ...asServer, accept: 'text/event-stream' }
  const { status } = await fetch(usher.url + ROOM, { method: 'HEAD', headers })
  t.equal(status, 200)
  await nothingLeft(usher.app)
})

t.test('a stream does not count as a slow request', async (t) => {
  const usher = await startApp(t)
  const following = await follow(usher.url + ROOM, asServer)
  following.stop()
  await nothingLeft(usher.app)
  const text = await (await fetch(`${usher.url}/metrics`, { headers: asServer })).text()
  t.notMatch(text, /usher_http_request_seconds_count\{[^}]*route="\/rooms\/:room"/)
})
