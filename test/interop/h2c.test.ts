// Java's HttpClient offers `Upgrade: h2c` with its first request: it must be answered in HTTP/1.1,
// as if nothing had been offered, and the connection must go on.
import type { Socket } from 'node:net'
import { test } from 'tap'
import { startApp } from '../support/app.ts'
import { rawSocket } from '../support/client.ts'
import { person } from '../support/people.ts'

/** The lines that jdk.internal.net.http writes. */
const OFFER = [
  'Connection: Upgrade, HTTP2-Settings',
  'HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA',
  'Upgrade: h2c',
  'User-Agent: Java-http-client/21.0.5',
]

function postBytes(authorization: string, said: string): string {
  const head = ['POST /rooms/chat:java/messages HTTP/1.1', ...OFFER, 'Host: localhost']
  const lines = [`Authorization: ${authorization}`, 'Content-Type: text/plain']
  return [...head, ...lines, `Content-Length: ${said.length}`, '', said].join('\r\n')
}

/** One whole answer: no further request is sent before it is here. */
async function answer(socket: Socket, bytes: string): Promise<string> {
  socket.write(bytes)
  let text = ''
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    text += String(chunk)
    const length = /content-length: (\d+)/i.exec(text)?.[1]
    const [, body = ''] = text.split('\r\n\r\n')
    if (length !== undefined && body.length >= Number(length)) break
  }
  return text
}

test('[C41][C50] a Java client publishes, again and again on one connection', async (t) => {
  const usher = await startApp(t)
  const { bearer } = await person(usher)
  const socket = await rawSocket(usher.url)
  t.teardown(() => socket.destroy())
  for (const said of ['one', 'two', 'three']) {
    const text = await answer(socket, postBytes(bearer.authorization, said))
    t.match(text, /^HTTP\/1\.1 201 Created\r\n/, `${said} is published`)
    t.notMatch(text, /upgrade: h2c/i, 'and the answer names no upgrade')
  }
})

test('[C41] a Java client reads, and is refused like any other', async (t) => {
  const { url } = await startApp(t)
  const socket = await rawSocket(url)
  t.teardown(() => socket.destroy())
  const get = (path: string) => [`GET ${path} HTTP/1.1`, ...OFFER, 'Host: x', '', ''].join('\r\n')
  t.match(await answer(socket, get('/health/ready')), /^HTTP\/1\.1 200 OK/)
  t.match(await answer(socket, get('/rooms/chat:java')), /^HTTP\/1\.1 401 [\s\S]*"unauthorized"/)
  t.match(await answer(socket, get('/nowhere')), /^HTTP\/1\.1 404 /)
})
