// Golden pushes of the Centrifugal protocol: what members of a room are told.
import { UNSUBSCRIBE } from '../../../src/protocol/errors.ts'
import type { RoomEvent } from '../../../src/protocol/event.ts'
import type { Message } from '../../../src/protocol/message.ts'

export const ROOM = 'room:1'
export const HI = Buffer.from('{"t":"hi"}')
export const AFTER = { epoch: 'aZ9k', offset: 7 }
export const TOP = { epoch: 'aZ9k', offset: 8 }

export const SAID: Message = {
  ...{ kind: 'json', payload: HI, user: null, name: null, origin: null },
  ...{ ...TOP, time: 1 },
}

interface GoldenEvent {
  event: RoomEvent
  json: string
  /** In hex. */
  protobuf: string
  /** Only members that asked for joins and leaves are told. */
  quiet?: true
}

function pushed(pub: string): string {
  return `{"push":{"channel":"room:1","pub":${pub}}}`
}

const said = (message: Partial<Message>): RoomEvent => ({
  ...{ type: 'message', room: ROOM, message: { ...SAID, ...message } },
})
const ADA = { connection: 'c1', user: 'u1', name: 'Ada', info: '{"team":7}' }
const bytes = (text: string): Buffer => Buffer.from(text)

export const EVENTS: readonly GoldenEvent[] = [
  // Of a server key, and of a room without history.
  {
    event: said({}),
    json: pushed('{"data":{"t":"hi"},"offset":8,"time":1}'),
    protobuf: '1c221a1206726f6f6d3a312210220a7b2274223a226869227d30084801',
  },
  {
    event: said({ epoch: null, offset: 0, kind: 'text', payload: bytes('a "b"\né') }),
    json: pushed('{"data":"a \\"b\\"\\né","time":1}'),
    protobuf: '1822161206726f6f6d3a31220c220861202262220ac3a94801',
  },
  {
    event: said({ kind: 'binary', payload: Buffer.from([0, 255, 254]) }),
    json: pushed('{"data":{"b64":"AP/+"},"offset":8,"time":1}'),
    protobuf: '1522131206726f6f6d3a312209220300fffe30084801',
  },
  // A line end may stand between values: the line of the push goes on.
  {
    event: said({ payload: bytes('[1,\r\n 1.0]') }),
    json: pushed('{"data":[1,   1.0],"offset":8,"time":1}'),
    protobuf: '1c221a1206726f6f6d3a312210220a5b312c0d0a20312e305d30084801',
  },
  {
    event: said({ user: 'u1', origin: 'c1', name: 'A"' }),
    json: pushed(
      '{"data":{"t":"hi"},"offset":8,"info":{"user":"u1","client":"c1",' +
        '"conn_info":{"name":"A\\"","info":null}},"time":1}',
    ),
    protobuf:
      '4222401206726f6f6d3a312236220a7b2274223a226869227d2a240a027531120263311a1a7b226e616d' +
      '65223a22415c22222c22696e666f223a6e756c6c7d30084801',
  },
  // Without a user; and read from the store, which keeps no connections.
  {
    event: said({ origin: 'c1' }),
    json: pushed('{"data":{"t":"hi"},"offset":8,"info":{"user":"","client":"c1"},"time":1}'),
    protobuf: '2222201206726f6f6d3a312216220a7b2274223a226869227d2a041202633130084801',
  },
  {
    event: said({ user: 'u1' }),
    json: pushed('{"data":{"t":"hi"},"offset":8,"info":{"user":"u1","client":""},"time":1}'),
    protobuf: '2222201206726f6f6d3a312216220a7b2274223a226869227d2a040a02753130084801',
  },
  // In its place in the history, and when it is taken back.
  {
    event: said({ payload: bytes(''), redacted: true }),
    json: pushed('{"data":null,"offset":8,"tags":{"redacted":"8"},"time":1}'),
    protobuf: '2522231206726f6f6d3a31221922046e756c6c30083a0d0a0872656461637465641201384801',
  },
  {
    event: { type: 'redacted', room: ROOM, offset: 8 },
    json: pushed('{"data":null,"tags":{"redacted":"8"}}'),
    protobuf: '21221f1206726f6f6d3a31221522046e756c6c3a0d0a087265646163746564120138',
  },
  {
    event: { type: 'joined', room: ROOM, client: ADA },
    json:
      '{"push":{"channel":"room:1","join":{"info":{"user":"u1","client":"c1",' +
      '"conn_info":{"name":"Ada","info":{"team":7}}}}}}',
    protobuf:
      '3822361206726f6f6d3a312a2c0a2a0a027531120263311a207b226e616d65223a22416461222c22696e' +
      '666f223a7b227465616d223a377d7d',
    quiet: true,
  },
  {
    event: { type: 'left', room: ROOM, client: { ...ADA, user: null, name: null, info: null } },
    json: '{"push":{"channel":"room:1","leave":{"info":{"user":"","client":"c1"}}}}',
    protobuf: '1222101206726f6f6d3a3132060a0412026331',
    quiet: true,
  },
]

export const UNSUBSCRIBED = {
  notice: { type: 'unsubscribed', room: ROOM, ...UNSUBSCRIBE.insufficientState },
  json:
    '{"push":{"channel":"room:1","unsubscribe":' + '{"code":2500,"reason":"insufficient state"}}}',
  protobuf: '2322211206726f6f6d3a313a1710c4131a12696e73756666696369656e74207374617465',
} as const
