// Frames that close their own connection and no other: against the rule, the message rate, and the
// RFC.
import { setImmediate as turn } from 'node:timers/promises'
import { test } from 'tap'
import { raw } from '../../src/wire/raw.ts'
import { type StartedApp, startApp } from '../support/app.ts'
import { type Client, connect } from '../support/client.ts'
import { clientFrame, OPCODE } from '../support/frames.ts'
import { MALFORMED } from '../support/malformed-frames.ts'
import { asServer, call, person, ticketOf } from '../support/people.ts'
import { rawConnect } from '../support/raw-client.ts'
import { limited, ruled, UNLIMITED } from '../support/settings.ts'

const ROOM = '/rooms/chat:a'

/** A member with a user id, by a ticket of a back end. */
async function user(usher: StartedApp, name: string): Promise<Client> {
  const ticket = await ticketOf(usher, asServer, { user: name })
  return connect(`${usher.url}${ROOM}?ticket=${ticket}`)
}

function listener({ url }: StartedApp): Promise<Client> {
  return connect(url + ROOM, { headers: asServer })
}

test('[C46] in a room of JSON other text closes with 3501', async (t) => {
  const usher = await startApp(t, ruled({ match: '*', payload: 'json' }))
  const ann = await listener(usher)
  for (const wrong of ['hello', '', '{', Buffer.from('{"a":1}')]) {
    const bob = await listener(usher)
    bob.send(wrong)
    t.same(await bob.closed, { code: 3501, reason: 'bad request' })
  }
  const eve = await listener(usher)
  eve.send('{"a": 1}')
  t.same(await ann.next(), { data: Buffer.from('{"a": 1}'), binary: false })
})

test('[C47] publishing without the right closes that one with 3507', async (t) => {
  const usher = await startApp(t, ruled({ match: '*', publish: ['server'] }))
  const [ann, bob, back] = [
    await user(usher, 'ann'),
    await user(usher, 'bob'),
    await listener(usher),
  ]
  ann.send('I may not')
  t.same(await ann.closed, { code: 3507, reason: 'permission denied' })
  back.send('but I may')
  t.equal(await bob.text(), 'but I may')
})

test('[C47] [C72] too fast closes that one with 3013; earlier messages stand', async (t) => {
  const usher = await startApp(t, limited({ messagesPerSecond: 5 }))
  const [ann, bob, eve] = [
    await user(usher, 'ann'),
    await user(usher, 'bob'),
    await listener(usher),
  ]
  for (let i = 1; i <= 20; i += 1) ann.send(String(i))
  t.same(await ann.closed, { code: 3013, reason: 'too many requests' })
  for (let i = 1; i <= 5; i += 1) t.equal(await bob.text(), String(i))
  bob.send('calmly')
  t.match([await eve.text(), await eve.text()], ['1', '2'])
  t.equal(bob.ws.readyState, bob.ws.OPEN)
})

test('[C72] bytes count too', async (t) => {
  const usher = await startApp(t, limited({ bytesPerSecond: 1_000 }))
  const ann = await user(usher, 'ann')
  for (let i = 0; i < 3; i += 1) ann.send('x'.repeat(900))
  t.equal((await ann.closed).code, 3013)
})

test('[C72] one message rate for all connections of a user, and for REST', async (t) => {
  const usher = await startApp(t, limited({ messagesPerSecond: 4 }))
  const ann = await listener(usher)
  const url = `${usher.url}/rooms/chat:a/messages`
  const { status, headers, body } = await spentByTalk(usher, ann, url)
  t.equal(status, 429)
  t.equal(headers.get('retry-after'), '1')
  t.match(body, { error: 'too_many_requests', code: 111 })
  t.equal(ann.ws.readyState, ann.ws.OPEN, 'REST was refused, and no connection closed')
})

/** A user sends four messages by two connections; then an app of that user publishes over REST. */
async function spentByTalk(usher: StartedApp, ann: Client, url: string) {
  const someone = await person(usher)
  const headers = { headers: someone.bearer }
  const [first, second] = [
    await connect(usher.url + ROOM, headers),
    await connect(usher.url + ROOM, headers),
  ]
  for (const text of ['1', '2']) first.send(text)
  for (const text of ['3', '4']) second.send(text)
  for (let i = 0; i < 4; i += 1) await ann.text()
  return call(url, 'POST', { headers: someone.bearer, body: 'five' })
}

test('[C72] server keys are exempt, over WebSockets and REST', async (t) => {
  const usher = await startApp(t, limited({ messagesPerSecond: 1, bytesPerSecond: 10 }))
  const ann = await listener(usher)
  for (let i = 0; i < 50; i += 1) ann.send(`message ${i}`)
  for (let i = 0; i < 50; i += 1) t.equal(await ann.text(), `message ${i}`)
  const url = `${usher.url}/rooms/chat:a/messages`
  for (let i = 0; i < 5; i += 1) {
    t.equal((await call(url, 'POST', { headers: asServer, body: 'over REST' })).status, 201)
  }
})

const { text, binary, continuation, ping, pong } = OPCODE

test('[C47] a malformed frame closes that one with 1002, no text with 1007', async (t) => {
  const usher = await startApp(t)
  const [ann, bob] = [await listener(usher), await listener(usher)]
  for (const { name: what, frames, code } of MALFORMED) {
    const eve = await rawConnect(usher.url, ROOM, asServer)
    eve.send(...frames)
    const closing = await eve.closing()
    t.equal(closing.code, code, what)
    t.not(closing.reason, '', 'a reason is never empty')
    ann.send(what)
    t.equal(await bob.text(), what, 'the others talk on')
    eve.socket.destroy()
  }
})

test('[C42] a message in fragments is one message, with control frames between', async (t) => {
  const usher = await startApp(t)
  const ann = await listener(usher)
  const eve = await rawConnect(usher.url, ROOM, asServer)
  eve.send(
    { opcode: text, payload: 'a', fin: false },
    { opcode: ping, payload: 'p' },
    // The second half of an é in the next fragment.
    { opcode: continuation, payload: Buffer.from([0xc3]), fin: false },
    { opcode: pong },
    { opcode: continuation, payload: Buffer.from([0xa9]), fin: false },
    { opcode: continuation },
    { opcode: binary, fin: false },
    { opcode: continuation, payload: 'b' },
  )
  t.same(await ann.next(), { data: Buffer.from('aé'), binary: false })
  t.same(await ann.next(), { data: Buffer.from('b'), binary: true })
  const answer = eve.frames.find(({ opcode }) => opcode === pong)
  t.equal(answer?.payload.toString(), 'p')
  eve.socket.destroy()
})

test('a message in too many fragments closes that one', async (t) => {
  const usher = await startApp(t)
  const ann = await listener(usher)
  const send = async (count: number) => {
    const eve = await rawConnect(usher.url, ROOM, asServer)
    const rest = Array.from({ length: count - 2 }, () => ({ opcode: continuation, fin: false }))
    eve.send({ opcode: text, fin: false }, ...rest, { opcode: continuation, payload: 'x' })
    return eve
  }
  const many = await send(128)
  t.equal(await ann.text(), 'x')
  const tooMany = await send(129)
  t.match(await tooMany.closing(), { code: 1008, reason: /./ })
  for (const { socket } of [many, tooMany]) socket.destroy()
})

test('[C351] a frame in too many pieces closes its connection', async (t) => {
  const usher = await startApp(t)
  const eve = await rawConnect(usher.url, ROOM, asServer)
  eve.socket.setNoDelay(true)
  const frame = clientFrame({ opcode: text, payload: 'x'.repeat(60_000) })
  for (const byte of frame) {
    if (eve.ended) break
    eve.socket.write(Buffer.of(byte))
    await turn()
  }
  t.match(await eve.closing(), { code: 1008, reason: /./ })
  eve.socket.destroy()
})

test('frames that come byte by byte are read like others', async (t) => {
  const usher = await startApp(t, limited(UNLIMITED))
  const ann = await listener(usher)
  const eve = await rawConnect(usher.url, ROOM, asServer)
  eve.socket.setNoDelay(true)
  for (const byte of clientFrame({ opcode: text, payload: 'slowly' })) {
    eve.socket.write(Buffer.from([byte]))
    await new Promise(setImmediate)
  }
  t.equal(await ann.text(), 'slowly')
  eve.socket.destroy()
})

test('[S38] an exception over what one connection sent closes that one alone', async (t) => {
  const usher = await startApp(t)
  const [ann, bob, eve] = [await listener(usher), await listener(usher), await listener(usher)]
  t.intercept(raw, 'decode', {
    value: (frame: Parameters<typeof raw.decode>[0]) => {
      if (frame.payload.toString() === 'boom') throw new Error('a fault that the test put in')
      return [{ type: 'publish', kind: 'text', payload: frame.payload }]
    },
  })
  eve.send('boom')
  t.same(await eve.closed, { code: 3004, reason: 'internal error' })
  ann.send('we are here')
  t.equal(await bob.text(), 'we are here')
  t.match(usher.log(), /a fault that the test put in/, 'the log has the rest')
})
