// The Centrifugal protocol in JSON: what a client sends and what it is sent, line by line.
import t, { test } from 'tap'
import type { Command } from '../../../src/protocol/command.ts'
import { CLOSE } from '../../../src/protocol/errors.ts'
import { richFormatOf, SUBPROTOCOLS } from '../../../src/wire/formats.ts'
import { wireFormatContract } from '../../contract/wire-format.ts'
import { parseFrames } from '../../support/frames.ts'
import { COMMANDS } from './commands.ts'
import { EVENTS, ROOM, SAID, UNSUBSCRIBED } from './events.ts'
import { REPLIES, withItem } from './replies.ts'

const json = richFormatOf('json', 'websocket')

wireFormatContract(t, json)
t.test('with presence', async (t) => wireFormatContract(t, json.withPresence))

function decoded(text: string | Buffer, binary = false): Command[] {
  return [...json.decode({ payload: Buffer.from(text as string), binary })]
}

/** The text of the one frame that these bytes are. */
function textIn(bytes: Buffer | null): string | null {
  if (bytes === null) return null
  const { frames, rest } = parseFrames(bytes)
  if (frames.length !== 1 || rest.length > 0) throw new Error('this is not one frame')
  return `${frames[0]?.payload}`
}

test('[C260] the subprotocol of JSON is one of the endpoint for many rooms', async (t) => {
  t.equal(SUBPROTOCOLS.connection.get('centrifuge-json'), json)
  t.notOk(SUBPROTOCOLS.rooms.has('centrifuge-json'))
})

test('[C260] each command of the protocol is read as ours', async (t) => {
  for (const { json, command } of COMMANDS) t.same(decoded(json), [command], json)
})

test('[C261] a frame holds many commands, which are read in their order', async (t) => {
  const text = COMMANDS.map(({ json }) => json).join('\n')
  const all = COMMANDS.map(({ command }) => command)
  t.same(decoded(text), all)
  t.same(decoded(`${text}\n`), all, 'the last line may have an end')
})

test('[C263] each reply has the key of its result, also when that is empty', async (t) => {
  for (const golden of REPLIES) {
    const reply = withItem(golden, json.replies.item)
    t.equal(textIn(json.replies.reply(golden.id, reply)), golden.json)
  }
})

test('[C264] each event is the push that SDKs know for it', async (t) => {
  for (const { event, json: line, quiet } of EVENTS) {
    t.equal(textIn(json.withPresence.encode(event)), line)
    t.equal(textIn(json.encode(event)), quiet ? null : line)
  }
})

test('[C264] what a member alone is told is a push, or nothing', async (t) => {
  t.equal(textIn(json.announce(UNSUBSCRIBED.notice)), UNSUBSCRIBED.json)
  const place = { room: ROOM, position: { epoch: 'e', offset: 7 }, redactions: 0 }
  t.equal(json.announce({ type: 'position', ...place }), null)
  t.equal(json.announce({ type: 'reset', ...place }), null, 'it is unsubscribed instead')
  t.equal(textIn(json.ping), '{}')
})

const UNREADABLE = { type: 'unreadable' } as const
const PONG = { type: 'pong' } as const

test('[C262] what cannot be read ends the list, and what came before it is good', async (t) => {
  const broken = [
    ...['', ' ', '1', 'null', '[]', '"{}"', '{', '{}x', '\ufeff{}', '{"connect":{}}'],
    ...['{"id":0,"publish":{"channel":"a","data":1}}', '{"id":-1,"ping":{}}'],
    ...['{"id":1.5,"ping":{}}', '{"id":"1","ping":{}}', '{"id":4294967296,"ping":{}}'],
    ...['{"id":1,"connect":{"token":7}}', '{"id":1,"connect":[]}', '{"id":1,"connect":"a"}'],
    ...['{"id":1,"connect":{"subs":[]}}', '{"id":1,"connect":{"subs":{"a":1}}}'],
    ...['{"id":1,"connect":{"subs":{"a":{"offset":-1}}}}', '{"id":2,"rpc":{"method":{}}}'],
    ...['{"id":2,"subscribe":{"channel":null,"recover":1}}', '{"id":2,"subscribe":{"type":"0"}}'],
    ...['{"id":2,"subscribe":{"channel":7}}', '{"id":2,"subscribe":{"offset":1e20}}'],
    ...['{"id":2,"history":{"limit":2147483648}}', '{"id":2,"history":{"since":5}}'],
  ]
  for (const line of broken) {
    t.same(decoded(`{}\n${line}\n{}`), [PONG, UNREADABLE], line)
  }
  for (const bytes of ['ff', '7b7d0a0a', '']) {
    const all = decoded(Buffer.from(bytes, 'hex'))
    t.same(all.at(-1), UNREADABLE, bytes)
  }
  const badText = Buffer.concat([
    Buffer.from('{}\n{"id":1,"refresh":{"token":"'),
    Buffer.from([0xc0]),
  ])
  t.same(decoded(Buffer.concat([badText, Buffer.from('"}}')])), [PONG, UNREADABLE])
  t.same(decoded('{}', true), [UNREADABLE], 'a binary frame is none of JSON')
})

test('[C262] what is left out is empty, and what is not known is passed over', async (t) => {
  t.same(decoded('{"id":5,"x":{"y":[1]},"presence":{"channel":"a","z":null}}'), [
    { type: 'presence', id: 5, room: 'a' },
  ])
  t.match(decoded('{"id":5,"connect":null,"subscribe":{"token":null}}'), [
    { type: 'subscribe', room: '', token: null },
  ])
  t.match(decoded('{"id":5,"connect":{},"publish":{}}'), [{ type: 'connect' }], 'the first counts')
  t.same(decoded('{"x":1}'), [PONG])
  t.same(decoded('{"__proto__":{"id":1,"connect":{}},"constructor":{}}'), [PONG])
  const most = '{"id":4294967295,"subscribe":{"recover":true,"offset":18446744073709551614}}'
  t.match(decoded(most), [{ id: 2 ** 32 - 1 }])
  const beyond = '{"id":1,"subscribe":{"recover":true,"offset":9007199254740993}}'
  t.match(decoded(beyond), [{ after: { offset: Number.MAX_SAFE_INTEGER } }])
})

test('[C265] data is taken as it was written, and of two the last counts', async (t) => {
  for (const data of [
    '12345678901234567890',
    '1.0',
    '{"b":1,"a":1.50,"b":2}',
    '"\\u0041"',
    'null',
  ]) {
    const line = `{"id":3,"publish":{"data":1,"channel":"a","x":{"data":2},"data": ${data} } }`
    t.match(decoded(line), [{ kind: 'json', payload: Buffer.from(data) }], data)
  }
  t.match(decoded('{"id":3,"publish":{"channel":"a"}}'), [{ payload: Buffer.from('null') }])
  t.match(decoded('{"id":3,"rpc":{"method":"a"}}'), [{ data: Buffer.alloc(0) }])
})

test('[C266] the same lines go out in streams and in server-sent events', async (t) => {
  const event = { type: 'message', room: ROOM, message: SAID } as const
  const line = textIn(json.encode(event))
  const chunk = (body: string): string => `${body.length.toString(16)}\r\n${body}\r\n`
  const carried: [Parameters<typeof richFormatOf>[1], string][] = [
    ['stream', `${line}\n`],
    ['stream-chunked', chunk(`${line}\n`)],
    ['sse', `data: ${line}\n\n`],
    ['sse-chunked', chunk(`data: ${line}\n\n`)],
  ]
  for (const [carrier, bytes] of carried) {
    const format = richFormatOf('json', carrier)
    t.equal(`${format.encode(event)}`, bytes)
    t.equal(format.replies.item, json.replies.item, 'items are made once for all of them')
    t.same([...format.decode({ payload: Buffer.from('{}'), binary: false })], [PONG])
  }
  const end = '{"push":{"disconnect":{"code":3001,"reason":"shutdown"}}}'
  t.equal(`${richFormatOf('json', 'stream').disconnect(CLOSE.shutdown)}`, `${end}\n`)
  t.equal(`${richFormatOf('json', 'sse').ping}`, 'data: {}\n\n')
})
