// How an event stream opens and ends, byte for byte: its chunks, when to come back, and the
// position that it starts at.
import { once } from 'node:events'
import t from 'tap'
import { type StartedApp, startApp, startOnManualClock } from '../support/app.ts'
import { EventStream } from '../support/event-stream.ts'
import { type Following, follow } from '../support/follow.ts'
import { moveUntil } from '../support/manual-clock.ts'
import { nothingLeft } from '../support/nothing-left.ts'
import { asServer, call } from '../support/people.ts'
import { rawRequest } from '../support/raw-client.ts'
import { ruled } from '../support/settings.ts'
import { until } from '../support/until.ts'

const ROOM = '/rooms/chat:a'
const RULES = ruled(
  { match: 'chat:*', history: { messages: 3, ageMs: null } },
  { match: 'live:*', history: null },
)
/** One event is one chunk. */
const CHUNKS = /^(?:([0-9a-f]+)\r\n((?:retry|id|data|:|event)[^\r]*\n\n)\r\n)*(0\r\n\r\n)?$/

const say = ({ url }: StartedApp, body: unknown, room = ROOM) =>
  call(`${url}${room}/messages`, 'POST', { headers: asServer, body })

/** A stream on bare TCP, and the bytes of its body so far. */
async function bareStream({ url }: StartedApp, version: string, more = '') {
  const head = [`GET ${ROOM} HTTP/${version}`, 'Host: x', 'Accept: text/event-stream']
  const authorization = `Authorization: ${asServer.authorization}`
  const client = await rawRequest(url, `${[...head, authorization].join('\r\n')}\r\n${more}\r\n`)
  t.equal(await client.status(), 200)
  return client
}

function eventsIn(body: string) {
  const stream = new EventStream()
  stream.push(body)
  return stream.take().map(({ event, data }) => (event === 'message' ? data : event))
}

const usher = await startApp(t, RULES)

t.test('[C172] over HTTP/1.1 each event is a chunk, and the end is told', async (t) => {
  const client = await bareStream(usher, '1.1')
  t.match(client.head, /^transfer-encoding: chunked$/im)
  t.match(client.head, /^cache-control: no-cache, no-transform$/im)
  await until(() => client.rest.includes('position'))
  await say(usher, 'one')
  await say(usher, 'two\nlines')
  await until(() => client.rest.includes('lines'))
  const body = client.rest
  t.match(body, CHUNKS)
  for (const [, length = '', text = ''] of body.matchAll(/([0-9a-f]+)\r\n([^\r]*)\r\n/g)) {
    t.equal(Number.parseInt(length, 16), Buffer.byteLength(text))
  }
  const plain = body.replaceAll(/([0-9a-f]+)\r\n([^\r]*)\r\n/g, '$2')
  t.same(eventsIn(plain), ['position', '"one"', '"two\\nlines"'])
  client.socket.destroy()
  await nothingLeft(usher.app)
})

t.test('[C172] over HTTP/1.0 there are no chunks, also where they are asked for', async (t) => {
  const client = await bareStream(usher, '1.0', 'TE: chunked\r\n')
  t.notMatch(client.head, /transfer-encoding/i)
  const listener = await bareStream(usher, '1.1')
  await say(usher, 'three')
  await until(() => client.rest.includes('three') && listener.rest.includes('three'))
  t.match(client.rest, /^retry: \d+\n\nid: /)
  t.same(eventsIn(client.rest), ['position', '"three"'])
  t.match(listener.rest, CHUNKS, 'each member gets what its version reads')
  for (const { socket } of [client, listener]) socket.destroy()
  await nothingLeft(usher.app)
})

t.test('[C171] with history it opens with its position, also in a quiet room', async (t) => {
  const { body } = await say(usher, 'last')
  const opens = async (query = '') => {
    const following = await follow(`${usher.url}${ROOM}${query}`, asServer)
    await until(() => following.positions.length > 0)
    await say(usher, 'x')
    await following.take(1)
    following.stop()
    return following.positions
  }
  const { epoch, offset } = body
  const told = (at: number, redactions: number) => ({
    ...{ id: `${epoch}:${at}`, event: 'position' },
    data: JSON.stringify({ epoch, offset: at, redactions }),
  })
  t.same(await opens(), [told(offset, 0)], 'the newest position')
  const redacted = `${usher.url}${ROOM}/messages/${offset}`
  await call(redacted, 'DELETE', { headers: asServer })
  t.same(await opens(`?after=${epoch}:${offset}`), [told(offset, 1)], 'what was asked for')
  t.same(await opens(), [told(offset + 2, 1)])
  await nothingLeft(usher.app)
})

t.test('[C171] a position that is of no use is a reset and nothing else', async (t) => {
  const { body } = await say(usher, 'newest')
  const { epoch, offset } = body
  for (const after of [`${epoch}:1`, `${epoch}:${offset + 9}`, `other:${offset}`]) {
    const following = await follow(`${usher.url}${ROOM}?after=${after}`, asServer)
    const [reset] = await following.take(1)
    t.match(reset, { event: 'reset', id: `${epoch}:${offset}` }, after)
    t.same(JSON.parse(reset?.data ?? ''), { epoch, offset, redactions: 1 })
    t.same(following.positions, [], 'no position before it')
    following.stop()
  }
  await nothingLeft(usher.app)
})

t.test('[C170] in every room it says when to come back, each stream another time', async (t) => {
  const streams: Following[] = []
  for (let i = 0; i < 10; i += 1) streams.push(await follow(`${usher.url}/rooms/live:a`, asServer))
  await until(() => streams.every(({ stream }) => stream.retryMs > 0))
  const times = streams.map(({ stream }) => stream.retryMs)
  t.ok(Math.min(...times) >= 3_000 && Math.max(...times) <= 10_000, `${times}`)
  t.ok(new Set(times).size > 3)
  await say(usher, 'now', '/rooms/live:a')
  t.same(await streams[0]?.data(1), ['"now"'])
  t.same(streams[0]?.positions, [], 'a room that keeps nothing has no positions')
  for (const one of streams) one.stop()
  await nothingLeft(usher.app)
})

const SHUTDOWNS = [
  ['[C170] before a shutdown it says to come back after that', 0, 9_000],
  ['[C361] where there are other nodes it says to come back as ever', 2, 0],
] as const

for (const [title, others, laterMs] of SHUTDOWNS) {
  t.test(title, async (t) => {
    const { clock, usher } = await startOnManualClock(t, { ...RULES, drainSeconds: 9 })
    Object.defineProperty(usher.app.engine, 'otherNodes', { value: others })
    const chunked = await bareStream(usher, '1.1')
    const plain = await bareStream(usher, '1.0')
    const ended = [chunked, plain].map(({ socket }) => once(socket, 'end'))
    await moveUntil(clock, usher.app.close())
    await Promise.all(ended)
    t.match(chunked.rest, /0\r\n\r\n$/, 'the body is whole')
    for (const { rest } of [chunked, plain]) {
      const told = [...rest.matchAll(/retry: (\d+)\n/g)].map(([, ms]) => Number(ms))
      const [first = 0, last = 0] = told
      t.equal(told.length, 2)
      t.ok(first <= 10_000, `${first}`)
      t.ok(last >= laterMs + 3_000 && last <= laterMs + 10_000, `${last}`)
    }
  })
}
