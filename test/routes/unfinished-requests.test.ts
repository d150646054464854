// Bodies that do not come whole: what an address has in them is within its share, at every door,
// and is given back whatever becomes of them (S43).
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { OF_ADDRESS, partOf } from '../../src/engine/portions.ts'
import { startApp } from '../support/app.ts'
import { asServer, call, person } from '../support/people.ts'
import { type RawClient, rawRequest } from '../support/raw-client.ts'
import { limited } from '../support/settings.ts'
import { begin } from '../support/slow-body.ts'
import { until } from '../support/until.ts'

const SHARE = partOf(64 * 1024 * 1024, OF_ADDRESS) as number
const usher = await startApp(t, limited({ messageBytes: 200_000, messagesPerSecond: null }))
const { url, app } = usher
const ann = await person(usher)
const held = () => app.engine.shares.held('bodies')

/** Sends a head and all but the last of so many bytes. */
async function unfinished(path: string, bytes: number, headers: Record<string, string> = {}) {
  const begun = await begin(url, { method: 'POST', path, headers, body: ' '.repeat(bytes) })
  begun.client.socket.write(' '.repeat(bytes - 1))
  return begun
}

/** The path, the bytes of each body, and what the head shows. */
const DOORS: [string, number, Record<string, string>][] = [
  ['/emulation', 500_000, {}],
  ['/connection/http_stream', 260_000, {}],
  ['/session', 1_000_000, {}],
  ['/session/refresh', 1_000_000, {}],
  ['/accounts', 1_000_000, {}],
  ['/rooms/chat:a/messages', 190_000, ann.bearer],
]

function isAnswered({ head, ended }: RawClient): boolean {
  return head !== '' || ended
}

for (const [path, bytes, headers] of DOORS) {
  t.test(`[C350] unfinished bodies at ${path} take the share of their address`, async (t) => {
    const fit = Math.floor(SHARE / bytes)
    const many = []
    for (let at = 0; at < fit; at += 1) {
      many.push(await unfinished(path, bytes, headers))
      await until(() => held() === at + 1)
    }
    const { client } = await unfinished(path, bytes, headers)
    t.equal(await client.status(), 429)
    t.match(client.head, /\r\nretry-after: 5\r\n/i)
    t.match(client.head, /\r\nconnection: close\r\n/i)
    t.match(await app.metrics.registry.metrics(), /limit_hits_total\{limit="bodyBytes"\} [1-9]/)
    t.equal((await call(`${url}/tickets`, 'POST', { headers: ann.bearer, body: {} })).status, 201)
    t.notOk(
      many.some((begun) => isAnswered(begun.client)),
      'the others are still awaited',
    )
    const [first] = many
    first?.client.socket.write(' ')
    t.ok(await first?.client.status(), 'one that comes whole is answered')
    for (const begun of many) begun.client.socket.destroy()
    await until(() => held() === 0)
    t.equal(app.engine.shares.holders('bodies'), 0)
  })
}

t.test('[C350] a body over its size or unlike its length gives its share back', async (t) => {
  const chunked = { 'transfer-encoding': 'chunked', 'content-type': 'application/json' }
  const lines = Object.entries(chunked).map(([name, value]) => `${name}: ${value}`)
  const head = ['POST /emulation HTTP/1.1', 'Host: x', ...lines, '', ''].join('\r\n')
  const client = await rawRequest(url, head)
  client.socket.write(`7A120\r\n${'x'.repeat(500_000)}\r\n`)
  await until(() => held() === 1)
  client.socket.write(`7A120\r\n${'x'.repeat(500_000)}\r\n`)
  t.equal(await client.status(), 413)
  await until(() => held() === 0)
  client.socket.destroy()
})

t.test('[C350] a server key has no share of an address', async () => {
  const many = []
  for (let at = 0; at < 3; at += 1) many.push(await unfinished('/messages', 4_000_000, asServer))
  await until(() => held() === 3)
  for (const { client } of many) client.socket.destroy()
  await until(() => held() === 0)
})

t.test('a body in pieces of one byte takes no more memory than its bytes', async (t) => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const used = (): number => {
    collect()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return heapUsed + arrayBuffers
  }
  const pieces = 100_000
  const head = ['POST /emulation HTTP/1.1', 'Host: x', 'Content-Type: application/json']
  const client = await rawRequest(url, [...head, 'Transfer-Encoding: chunked', '', ''].join('\r\n'))
  const before = used()
  for (let at = 0; at < 10; at += 1) client.socket.write('1\r\nx\r\n'.repeat(pieces / 10))
  await until(() => client.socket.writableLength === 0)
  await until(() => held() === 1)
  await call(`${url}/health/live`, 'GET')
  t.ok(used() - before < 4_000_000, 'not some 200 bytes for each')
  client.socket.destroy()
  await until(() => held() === 0)
})
