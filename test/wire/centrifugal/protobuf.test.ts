// The Centrifugal protocol in Protobuf: the same session as in JSON, byte by byte.
import fc from 'fast-check'
import t, { test } from 'tap'
import type { Command } from '../../../src/protocol/command.ts'
import { CLOSE } from '../../../src/protocol/errors.ts'
import { joined } from '../../../src/wire/centrifugal/framing.ts'
import { protobuf as encoding } from '../../../src/wire/centrifugal/protobuf.ts'
import { richFormatOf, SUBPROTOCOLS } from '../../../src/wire/formats.ts'
import { wireFormatContract } from '../../contract/wire-format.ts'
import { OPCODE, parseFrames } from '../../support/frames.ts'
import { COMMANDS } from './commands.ts'
import { EVENTS, HI, ROOM, SAID, UNSUBSCRIBED } from './events.ts'
import { bytesAt, fieldsIn, messagesIn } from './protobuf-reader.ts'
import { REPLIES, withItem } from './replies.ts'

const protobuf = richFormatOf('protobuf', 'websocket')
const UNREADABLE = { type: 'unreadable' } as const
const PONG = { type: 'pong' } as const

wireFormatContract(t, protobuf)
t.test('with presence', async (t) => wireFormatContract(t, protobuf.withPresence))

const fromHex = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex')

function decoded(hex: string, binary = true): Command[] {
  return [...protobuf.decode({ payload: fromHex(hex), binary })]
}

/** What the one binary frame has that these bytes are. */
function payloadIn(bytes: Buffer | null): Buffer | null {
  if (bytes === null) return null
  const { frames, rest } = parseFrames(bytes)
  const [frame] = frames
  if (frames.length !== 1 || rest.length > 0 || frame?.opcode !== OPCODE.binary) {
    throw new Error('this is not one binary frame')
  }
  return frame.payload
}

const hexIn = (bytes: Buffer | null): string | null => payloadIn(bytes)?.toString('hex') ?? null

test('[C260] the subprotocol of Protobuf is one of the endpoint for many rooms', async (t) => {
  t.equal(SUBPROTOCOLS.connection.get('centrifuge-protobuf'), protobuf)
})

test('[C260] each command of the protocol is read as ours, from Protobuf', async (t) => {
  for (const { json, protobuf: hex, command } of COMMANDS) t.same(decoded(hex), [command], json)
})

test('[C261] a binary frame holds many commands, which are read in their order', async (t) => {
  const all = COMMANDS.map(({ command }) => command)
  t.same(decoded(COMMANDS.map(({ protobuf }) => protobuf).join('')), all)
})

test('[C263] each reply has the field of its result, also when that is empty', async (t) => {
  for (const golden of REPLIES) {
    const reply = withItem(golden, protobuf.replies.item)
    t.equal(hexIn(protobuf.replies.reply(golden.id, reply)), golden.protobuf, golden.json)
  }
})

test('[C264] each event is the push that SDKs know for it, in Protobuf', async (t) => {
  for (const { event, json, protobuf: hex, quiet } of EVENTS) {
    t.equal(hexIn(protobuf.withPresence.encode(event)), hex, json)
    t.equal(hexIn(protobuf.encode(event)), quiet ? null : hex)
  }
  t.equal(hexIn(protobuf.announce(UNSUBSCRIBED.notice)), UNSUBSCRIBED.protobuf)
  t.equal(hexIn(protobuf.ping), '00')
})

/** Recorded from a server and an SDK that use the published schema, where ours differ by choice. */
const RECORDED = {
  connected: '0f 08 01 2a 0b 0a 02 63 31 12 01 31 38 19 40 01',
  pushed: '1a 22 18 12 06 72 6f 6f 6d 3a 31 22 0e 22 0a 7b 22 74 22 3a 22 68 69 22 7d 30 08',
  tagged:
    '2d 22 2b 12 06 72 6f 6f 6d 3a 31 22 21 22 0a 7b 22 74 22 3a 22 68 69 22 7d 2a 08 0a 02 75 31' +
    ' 12 02 63 31 30 08 3a 07 0a 01 6f 12 02 63 31',
  // A client that writes its zeros.
  history: '1a 08 06 52 16 0a 06 72 6f 6f 6d 3a 31 38 0a 42 08 08 00 12 04 61 5a 39 6b 48 01',
}

test('[C260] what is written is what others write from the same values', async (t) => {
  const hex = (fields: Parameters<typeof encoding.reply>[0]): Buffer =>
    joined(encoding.reply(fields))
  const connect = { client: 'c1', version: '1', ping: 25, pong: true }
  t.same(hex({ id: 1, connect }), fromHex(RECORDED.connected))
  const pub = { data: HI, offset: 8 }
  t.same(hex({ push: { channel: ROOM, pub } }), fromHex(RECORDED.pushed))
  const info = { user: 'u1', client: 'c1' }
  const tagged = { ...pub, info, tags: new Map([['o', 'c1']]) }
  t.same(hex({ push: { channel: ROOM, pub: tagged } }), fromHex(RECORDED.tagged))
  const asked = COMMANDS.find(({ json }) => json.includes('"since"'))
  t.same(decoded(RECORDED.history), [asked?.command])
})

test('[C262] what cannot be read ends the list, and what came before is good', async (t) => {
  const broken = {
    'a length without its message': '05 08',
    'a length without an end': 'ff ff ff ff ff ff ff ff ff ff ff 01',
    'a length beyond all numbers': 'ff ff ff ff ff ff ff ff ff 01',
    'a request without an id': '02 22 00',
    'an id of 0': '04 08 00 22 00',
    'a token that is a number': '06 08 01 22 02 08 05',
    'an id that is text': '03 0a 01 31',
    'a request that is a number': '04 08 01 20 05',
    'text that is not UTF-8': '07 08 01 22 03 0a 01 c0',
    'a field longer than its message': '06 08 01 22 04 0a 02',
    'a field without a number': '04 08 01 00 00',
    'a group': '03 08 01 1b',
    'an entry whose value is a number': '0a 08 01 22 06 1a 04 0a 00 10 01',
  }
  for (const [what, hex] of Object.entries(broken)) {
    t.same(decoded(`00 ${hex}`), [PONG, UNREADABLE], what)
  }
  t.same(decoded(''), [UNREADABLE], 'nothing at all')
  t.same(decoded('00', false), [UNREADABLE], 'a text frame is none of Protobuf')
})

test('[C262] fields that are not known are passed over, whatever their form', async (t) => {
  const unknown = 'f8 06 05 f9 06 0102030405060708 fa 06 02 0000 fd 06 01020304'
  t.same(decoded(`1c 08 09 ${unknown} 5a 00`), [{ type: 'unknown', id: 9 }])
  // Parts of one message are that message, and the last value of a field counts.
  t.same(decoded('0e 08 05 42 03 0a 01 61 42 03 0a 01 62 08 06'), [
    { type: 'presence', id: 6, room: 'b' },
  ])
  const positions = new Map([['a', { epoch: '', offset: 0 }]])
  t.same(decoded('0f 08 01 22 0b 1a 07 0a 01 61 12 02 18 01 1a 00'), [
    { type: 'connect', id: 1, token: null, positions },
  ])
})

test('[C262] numbers are read as large as they can be', async (t) => {
  const most = 'ff ff ff ff ff ff ff ff ff 01'
  t.match(decoded(`15 08 ff ff ff ff 0f 2a 0d 18 01 38 ${most}`), [
    { id: 2 ** 32 - 1, after: { offset: Number.MAX_SAFE_INTEGER } },
  ])
  const offset = 2 ** 53 - 1
  t.match(decoded('0f 08 01 2a 0b 18 01 38 ff ff ff ff ff ff ff 0f'), [{ after: { offset } }])
  t.match(decoded(`0f 08 01 2a 0b 70 ${most}`), [{ isStrict: true }], 'all flags')
  t.match(decoded(`0f 08 01 2a 0b 78 ${most}`), [{ isUnknownKind: true }], 'the kind -1')
})

test('[C265] bytes come through, and what is JSON is JSON', async (t) => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((all) => Buffer.from(all)),
    fc.json().map((text) => Buffer.from(text)),
  )
  const property = fc.property(bytes, fc.boolean(), fc.string(), (payload, hasSender, name) => {
    const sender = hasSender ? { user: 'u1', name, origin: 'c1' } : {}
    const message = { ...SAID, payload, ...sender }
    const frame = payloadIn(protobuf.encode({ type: 'message', room: ROOM, message }))
    const [push = Buffer.alloc(0), ...rest] = messagesIn(frame as Buffer)
    const item = bytesAt(push, [4, 4])
    return (
      rest.length === 0 &&
      item.equals(protobuf.replies.item(message)) &&
      bytesAt(push, [4, 2]).toString() === ROOM &&
      // Nothing at all is left out, as Protobuf has it.
      (payload.length === 0 || bytesAt(item, [4]).equals(payload)) &&
      fieldsIn(item).some(([number, value]) => number === 6 && value === 8n) &&
      (!hasSender || aboutIn(item).name === name)
    )
  })
  t.doesNotThrow(() => fc.assert(property, { seed: 20_261_127, numRuns: 1_000 }))
})

function aboutIn(item: Buffer): { name: string } {
  return JSON.parse(bytesAt(item, [5, 3]).toString())
}

test('[C265] what comes over Protobuf is json where its bytes are that', async (t) => {
  const kinds: [string, string][] = [
    ['{"a":1.0}', 'json'],
    ['7', 'json'],
    ['{', 'binary'],
    ['', 'binary'],
    ['\ufeff1', 'binary'],
  ]
  for (const [text, kind] of kinds) {
    const payload = Buffer.from(text)
    const field = Buffer.concat([Buffer.from([18, payload.length]), payload])
    const publish = Buffer.concat([Buffer.from([8, 3, 58, field.length]), field])
    const frame = Buffer.concat([Buffer.from([publish.length]), publish])
    const [command] = protobuf.decode({ payload: frame, binary: true })
    t.match(command, { type: 'publish', kind, payload }, text)
    frame.fill(0)
    t.match(command, { payload: Buffer.from(text) }, 'the frame is not kept for it')
  }
})

test('[C266] the same messages go out in streams, each after its length', async (t) => {
  const event = { type: 'message', room: ROOM, message: SAID } as const
  const bytes = payloadIn(protobuf.encode(event)) as Buffer
  const stream = richFormatOf('protobuf', 'stream')
  t.same(stream.encode(event), bytes)
  t.equal(stream.replies.item, protobuf.replies.item, 'items are made once for all of them')
  const end = '11 22 0f 5a 0d 08 b9 17 12 08 73 68 75 74 64 6f 77 6e'
  t.same(stream.disconnect(CLOSE.shutdown), fromHex(end))
  const head = `${bytes.length.toString(16)}\r\n`
  const chunk = Buffer.concat([Buffer.from(head), bytes, Buffer.from('\r\n')])
  t.same(richFormatOf('protobuf', 'stream-chunked').encode(event), chunk)
  t.throws(() => richFormatOf('protobuf', 'sse'), /protobuf is not carried by sse/)
})
