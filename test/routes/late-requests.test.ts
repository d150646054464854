// A request has a bounded time to come in, from its first byte to its last.
import { test } from 'tap'
import { startApp } from '../support/app.ts'
import { asServer } from '../support/people.ts'
import { rawRequest } from '../support/raw-client.ts'
import { until } from '../support/until.ts'

const HEAD =
  'POST /rooms/chat:a/messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n'
const PUBLISH = `${HEAD}Authorization: ${asServer.authorization}\r\nContent-Length: 6\r\n\r\n`

const LATE = {
  'half a head': HEAD,
  'half a body': `${PUBLISH}hel`,
  'no byte at all': '',
}

for (const [what, bytes] of Object.entries(LATE)) {
  test(`[C99] ${what} is answered 408 in time, and the TCP connection ends`, async (t) => {
    const { url } = await startApp(t, {}, { requestMs: 200 })
    const client = await rawRequest(url, bytes)
    t.equal(await client.status(), 408)
    t.match(client.head, /connection: close/i)
    await until(() => client.ended)
    t.match(JSON.parse(client.rest), { error: 'request_timeout', code: 107 })
  })
}

test('[C99] the time of a request ends with its last byte', async (t) => {
  const { url, app } = await startApp(t, {}, { requestMs: 200 })
  let looks = 0
  const server = app.server as unknown as { requestTimeout: number }
  const { requestTimeout } = server
  // Node reads it each time that it looks for late requests.
  Object.defineProperty(server, 'requestTimeout', {
    get: () => {
      looks += 1
      return requestTimeout
    },
  })
  const client = await rawRequest(url, `${PUBLISH}hello!`)
  t.equal(await client.status(), 201)
  await until(() => looks > 4)
  t.notOk(client.ended, 'an idle TCP connection may stay')
  client.socket.destroy()
})

test('[C99] the server looks for late requests about once a second', async (t) => {
  const { app } = await startApp(t)
  const { server } = app as unknown as { server: Record<string, number> }
  t.equal(server.requestTimeout, 30_000)
  t.ok((server.headersTimeout ?? 0) <= 30_000, 'else Node exchanges the two')
  t.equal(server.connectionsCheckingInterval, 1_000)
})
