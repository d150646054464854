// The contract of every wire format. A format's test registers it with the format alone.
import fc from 'fast-check'
import type { Test } from 'tap'
import { REPLY } from '../../src/protocol/errors.ts'
import type { MessageEvent, PresenceEvent } from '../../src/protocol/event.ts'
import type { Kind } from '../../src/protocol/message.ts'
import type { Reply } from '../../src/protocol/reply.ts'
import type { ReplyFormat, WireFormat } from '../../src/wire/wire-format.ts'
import { OPCODE, parseFrames } from '../support/frames.ts'

const SIZES = [0, 1, 125, 126, 127, 65_535, 65_536, 65_537, 300_000]
const SEED = { seed: 20_261_123, numRuns: 2_000 }

const PAYLOADS: Record<Kind, (size: number) => Buffer> = {
  // A string of that many characters, at least the two quotes.
  json: (size) => Buffer.from(JSON.stringify('é'.repeat(Math.max(0, size - 2) >> 1))),
  text: (size) => Buffer.alloc(size, 'text \u0000 '),
  binary: (size) => Buffer.alloc(size, Buffer.from([0, 255, 128, 1])),
}

function eventOf(kind: Kind, payload: Buffer): MessageEvent {
  const said = { kind, payload, user: 'u_1', name: null, origin: 'c1', time: 1_700_000_000_000 }
  const message = { ...said, epoch: 'e', offset: 7 }
  return { type: 'message', room: 'chat:a', message }
}

/** Registers every case as subtests of `t`. */
export function wireFormatContract(t: Test, format: WireFormat): void {
  t.test('it has a name', async (t) => {
    t.match(format.name, /^[a-z][a-z-]*$/)
  })

  t.test('an event is whole server frames: final, unmasked, no reserved bits', async (t) => {
    for (const kind of Object.keys(PAYLOADS) as Kind[]) {
      for (const size of SIZES) {
        const { frames, rest } = parseFrames(encoded(format, eventOf(kind, PAYLOADS[kind](size))))
        t.equal(rest.length, 0, `${kind} ${size}: nothing is left over`)
        t.not(frames.length, 0)
        for (const { fin, rsv, opcode, masked } of frames) {
          t.same({ fin, rsv, masked }, { fin: true, rsv: 0, masked: false })
          t.ok(opcode === OPCODE.text || opcode === OPCODE.binary)
        }
      }
    }
  })

  t.test('the same event gives the same bytes every time', async (t) => {
    for (const kind of Object.keys(PAYLOADS) as Kind[]) {
      const event = eventOf(kind, PAYLOADS[kind](200))
      t.same(format.encode(event), format.encode(event))
    }
  })

  t.test('the bytes stay the same when the payload is used again', async (t) => {
    const payload = Buffer.from('"before"')
    const bytes = encoded(format, eventOf('text', payload))
    const copy = Buffer.from(bytes)
    payload.fill('x')
    t.same(bytes, copy)
    const kept = PAYLOADS.text(200)
    encoded(format, eventOf('text', kept)).fill(0)
    t.same(kept, PAYLOADS.text(200), 'and the payload stays the same')
  })

  t.test('joins and leaves are whole frames, where the format has words for them', async (t) => {
    for (const type of ['joined', 'left'] as const) {
      const client = { connection: 'n-1', user: 'u_1', name: null, info: null }
      const event: PresenceEvent = { type, room: 'chat:a', client }
      t.ok(isWhole(format.encode(event)))
    }
  })

  t.test('a ping and events for one member alone are whole frames, or nothing', async (t) => {
    t.ok(isWhole(format.ping))
    const position = { epoch: 'e', offset: 7 }
    for (const type of ['position', 'reset'] as const) {
      t.ok(isWhole(format.announce({ type, room: 'chat:a', position, redactions: 0 })))
    }
    const code = { room: 'chat:a', code: 2_100, reason: 'sent out' }
    t.ok(isWhole(format.announce({ type: 'unsubscribed', ...code })))
  })

  t.test('decoding any bytes answers commands and never throws', async (t) => {
    const bytes = fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.json().map(toBytes))
    const property = fc.property(bytes, fc.boolean(), (input, binary) => {
      const commands = [...format.decode({ payload: Buffer.from(input), binary })]
      const broken = commands.findIndex(({ type }) => type === 'unreadable')
      return broken === -1 || broken === commands.length - 1
    })
    t.doesNotThrow(() => fc.assert(property, SEED))
  })

  const { replies } = format
  if (replies !== null) t.test('replies', async (t) => replyContract(t, replies))
}

const POSITION = { epoch: 'e', offset: 7 }
const MEMBERSHIP = {
  ...{ position: POSITION, wasRecovering: false, recovered: false, items: [] },
  ...{ redactions: 0, secondsLeft: null },
}
const CLIENT = { connection: 'n-1', user: 'u_1', name: 'Ada', info: '{"team":7}' }

const REPLIES: { [Type in Reply['type']]: Extract<Reply, { type: Type }> } = {
  connected: {
    ...{ type: 'connected', connection: 'n-1', pingSeconds: 25, secondsLeft: 60, uplink: null },
    rooms: new Map([['user:u_1', MEMBERSHIP]]),
  },
  refreshed: { type: 'refreshed', connection: 'n-1', secondsLeft: null },
  joined: { type: 'joined', ...MEMBERSHIP },
  'sub-refreshed': { type: 'sub-refreshed', secondsLeft: 60 },
  left: { type: 'left' },
  published: { type: 'published', position: POSITION, time: 1_700_000_000_000 },
  presence: { type: 'presence', clients: [CLIENT] },
  'presence-stats': { type: 'presence-stats', connections: 2, users: 1 },
  history: { type: 'history', items: [], position: POSITION },
  rpc: { type: 'rpc', data: Buffer.from('{"offset":7}') },
  failed: { type: 'failed', code: REPLY.forbidden, message: 'You may not do that in this room.' },
}

function replyContract(t: Test, { item, reply }: ReplyFormat): void {
  t.test('every reply is whole frames, and another id gives other bytes', async (t) => {
    for (const [type, answer] of Object.entries(REPLIES)) {
      t.ok(isWhole(reply(1, answer)), type)
      t.notOk(reply(1, answer).equals(reply(2, answer)), 'the id is in it')
    }
  })

  t.test('an item of a message stands in the reply as it was made', async (t) => {
    for (const kind of Object.keys(PAYLOADS) as Kind[]) {
      const { message } = eventOf(kind, PAYLOADS[kind](100))
      const items = [item(message), item({ ...message, offset: 8 })]
      for (const answer of [REPLIES.joined, REPLIES.history]) {
        const bytes = reply(3, { ...answer, items })
        t.ok(isWhole(bytes))
        for (const one of items) t.ok(bytes.includes(one), `${kind} is in it, byte for byte`)
      }
    }
  })
}

/** Every format has words for a message. */
function encoded(format: WireFormat, event: MessageEvent): Buffer {
  const bytes = format.encode(event)
  if (bytes === null) throw new Error('the format has no words for a message')
  return bytes
}

function isWhole(bytes: Buffer | null): boolean {
  return bytes === null || parseFrames(bytes).rest.length === 0
}

function toBytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text)
}
