// Requests that a client sends behind one whose answer is a stream: they would wait for as long as
// it lasts, so none is kept (S42).
import t from 'tap'
import { startApp } from '../support/app.ts'
import { nothingLeft } from '../support/nothing-left.ts'
import { asServer } from '../support/people.ts'
import { rawRequest } from '../support/raw-client.ts'
import { until } from '../support/until.ts'

const { url, app } = await startApp(t)
const KEY = `Host: x\r\nAuthorization: ${asServer.authorization}\r\n`
const COMMAND = '{"id":1,"connect":{}}'
const STREAMS: Record<string, string> = {
  'an event stream': `GET /rooms/chat:a HTTP/1.1\r\n${KEY}Accept: text/event-stream\r\n\r\n`,
  sse: `GET /connection/sse?cf_connect=${encodeURIComponent(COMMAND)} HTTP/1.1\r\n${KEY}\r\n`,
  http_stream: [
    ...['POST /connection/http_stream HTTP/1.1', `${KEY}Content-Type: application/json`],
    ...[`Content-Length: ${COMMAND.length}`, '', COMMAND],
  ].join('\r\n'),
}
const OTHER = `GET /health/live HTTP/1.1\r\nHost: x\r\nX-Large: ${'x'.repeat(10_000)}\r\n\r\n`

for (const [name, request] of Object.entries(STREAMS)) {
  t.test(`[C352] ${name} with requests sent behind it is refused`, async (t) => {
    const client = await rawRequest(url, request + OTHER.repeat(3))
    t.equal(await client.status(), 400)
    await until(() => client.rest.split('HTTP/1.1 200').length === 4)
    client.socket.destroy()
    await nothingLeft(app)
  })

  t.test(`[C352] what comes behind ${name} later is dropped`, async (t) => {
    let heard = 0
    const onRequest = (): void => {
      heard += 1
    }
    app.server.on('request', onRequest)
    const client = await rawRequest(url, request)
    t.equal(await client.status(), 200)
    client.socket.write(OTHER.repeat(40))
    await until(() => client.socket.writableLength === 0)
    await fetch(`${url}/health/live`)
    t.equal(heard, 2, 'the stream, and the one beside it')
    t.notOk(client.ended, 'the stream goes on')
    app.server.off('request', onRequest)
    client.socket.end()
    await until(() => client.ended)
    await nothingLeft(app)
  })
}
