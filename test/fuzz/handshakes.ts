// One random WebSocket: a handshake that may be bent or announce a body, a first message or frames
// of any kind, and at the end always a goodbye and the end of our half, so that the server must end
// it too.
import fc, { type Arbitrary } from 'fast-check'
import { type Headers, upgradeBytes } from '../attack/wire.ts'
import { clientFrame, OPCODE } from '../support/frames.ts'
import { anyText, anyValue, bent, changed, type Json, seldom, written } from './json.ts'
import type { Credentials } from './requests.ts'

const OPCODES = [...Object.values(OPCODE), OPCODE.text, OPCODE.text, OPCODE.binary, 3, 11, 15]
const GOODBYE = clientFrame({ opcode: OPCODE.close, payload: Buffer.from([3, 232]) })
const NAMES = [
  ...['Sec-WebSocket-Version', 'Sec-WebSocket-Key', 'Sec-WebSocket-Protocol'],
  ...['Sec-WebSocket-Extensions', 'Authorization', 'Cookie', 'Origin', 'Sec-Fetch-Site'],
  ...['Content-Type', 'X-Forwarded-For'],
]
const VALUES = [
  ...['13', '8', '', 'usher.raw', 'usher.raw, usher.ticket.ut_x', 'usher.ticket.ut_x', ','],
  ...['permessage-deflate', 'permessage-deflate; server_max_window_bits=99', 'null', 'Bearer x'],
  ...['usher=x', 'same-origin', 'AAAA'],
]
const PATHS = [
  ...['/rooms/fuzz:a', '/rooms/json:a', '/rooms/open:a', '/rooms/user:u_x', '/rooms/%00'],
  ...['/rooms/..', '/session', '/', '/nowhere', '/rooms/fuzz:a/messages', '/rooms/a$b'],
  ...['/connection/websocket', '/health/live'],
]
const QUERIES = [
  ...['ticket=x', 'ticket=', 'ticket=a&ticket=b', 'auth=message', 'auth=x', 'echo=0', 'token=x'],
  'replay=9',
]

const bytes = fc.uint8Array({ maxLength: 400 }).map((all) => Buffer.from(all))

const frame: Arbitrary<Buffer> = fc
  .record({
    opcode: fc.constantFrom(...OPCODES),
    payload: fc.oneof(
      anyText.map((text) => Buffer.from(text)),
      bytes,
    ),
    fin: seldom(5, fc.constant(false), fc.constant(true)),
    rsv: seldom(10, fc.nat({ max: 7 }), fc.constant(0)),
    masked: seldom(20, fc.constant(false), fc.constant(true)),
  })
  .map(clientFrame)

const whole = fc.array(frame, { minLength: 1, maxLength: 7 }).map((all) => Buffer.concat(all))
/** Some whole frames, some with wrong bits, and now and then bytes that are no frames. */
const frames = seldom(4, bent(whole), whole)

const credential = (good: { [key: string]: Json }): Arbitrary<Json> =>
  fc.oneof(anyValue, changed(good), changed(good), fc.constant(good))

/** What a client that has just opened its connection says first, or something like it. */
export const firstPayload: Arbitrary<Buffer> = fc.oneof(
  written(credential({ ticket: 'ut_x' })),
  written(credential({ token: 'a.b.c' })),
)

const firstMessage = seldom(
  8,
  frames,
  fc
    .tuple(seldom(12, fc.constant(OPCODE.binary), fc.constant(OPCODE.text)), firstPayload)
    .map(([opcode, payload]) => clientFrame({ opcode, payload })),
)

const value = seldom(
  3,
  bytes.map((all) => all.subarray(0, 40).toString('base64')),
  fc.constantFrom(...VALUES),
)
const headers = fc.array(fc.tuple(fc.constantFrom(...NAMES), value), { maxLength: 4 })

function oddHandshake(credentials: Credentials): Arbitrary<Buffer> {
  const opening = fc
    .record({
      path: fc.constantFrom(...PATHS),
      query: fc.oneof(fc.constant(''), fc.constantFrom(...QUERIES.map((query) => `?${query}`))),
      headers,
      isUser: seldom(3, fc.constant(true), fc.constant(false)),
    })
    .map(({ path, query, headers, isUser }) => {
      const own: Headers = [['Authorization', `Bearer ${credentials.token}`]]
      return upgradeBytes(`${path}${query}`, [...(isUser ? own : []), ...headers])
    })
  const behind = fc.oneof(frames, fc.constant(Buffer.alloc(0)))
  return fc.tuple(seldom(4, bent(opening), opening), behind).map((parts) => Buffer.concat(parts))
}

const sizes = fc.oneof(fc.nat({ max: 600 }), fc.constantFrom(0, 65_536, 2 ** 31, 2 ** 53))
const length = sizes.map((size): Headers => [['Content-Length', String(size)]])
const codings = fc.constantFrom('chunked', 'gzip, chunked', 'chunked, chunked', 'identity')
const coding = codings.map((coding): Headers => [['Transfer-Encoding', coding]])
const chunk = bytes.map((all) => {
  return Buffer.concat([Buffer.from(`${all.length.toString(16)}\r\n`), all, Buffer.from('\r\n')])
})
const chunks = fc.array(chunk, { maxLength: 4 }).map((all) => Buffer.concat(all))

const anyAnnouncement = fc.oneof(
  length.map((length): [Headers, Headers] => [length, []]),
  coding.map((coding): [Headers, Headers] => [[], coding]),
)

/** A handshake that announces a body: all of it comes, or a part, or more than that (S41). */
function withBody(credentials: Credentials): Arbitrary<Buffer> {
  const opening = fc
    .tuple(fc.constantFrom(...PATHS), seldom(8, fc.tuple(length, coding), anyAnnouncement), headers)
    .map(([path, [length, coding], odd]) => {
      const own: Headers = [['Authorization', `Bearer ${credentials.token}`]]
      return upgradeBytes(path, [...own, ...length, ...coding, ...odd])
    })
  const body = fc.oneof(bytes, chunks, bent(chunks), frames)
  return fc.tuple(seldom(8, bent(opening), opening), body).map((parts) => Buffer.concat(parts))
}

export function anyHandshake(credentials: Credentials): Arbitrary<Buffer> {
  const undecided = upgradeBytes('/rooms/fuzz:a?auth=message')
  const anonymous = upgradeBytes('/rooms/open:a')
  return fc
    .oneof(
      firstMessage.map((message) => Buffer.concat([undecided, message])),
      frames.map((all) => Buffer.concat([anonymous, all])),
      oddHandshake(credentials),
      withBody(credentials),
    )
    .map((all) => Buffer.concat([all, GOODBYE]))
}
