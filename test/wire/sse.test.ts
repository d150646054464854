// Server-sent events, read back by a parser written from the standard and not from our encoder.
import fc from 'fast-check'
import t from 'tap'
import type { Kind, Message } from '../../src/protocol/message.ts'
import { messageJson } from '../../src/protocol/message-json.ts'
import { bytesInLines } from '../../src/protocol/payload.ts'
import { parsePosition, positionText } from '../../src/protocol/position.ts'
import { sse, sseChunked, sseEnvelope, sseEnvelopeChunked } from '../../src/wire/sse.ts'
import { EventStream } from '../support/event-stream.ts'

const SEED = { seed: 20_261_123, numRuns: 2_000 }

function message(kind: Kind, payload: Buffer | string, rest: Partial<Message> = {}): Message {
  const position = { epoch: '0a1b', offset: 7 }
  const said = {
    kind,
    payload: Buffer.from(payload),
    user: 'u_1',
    name: null,
    origin: 'c1',
    time: 1_700,
  }
  return { ...said, ...position, ...rest }
}

const eventOf = (said: Message) => ({ type: 'message', room: 'chat:a', message: said }) as const

function read(bytes: Buffer | null) {
  const stream = new EventStream()
  stream.push(bytes?.toString() ?? '')
  return stream.take()
}

t.test('[C90] data is the payload and id the position', async (t) => {
  const text = read(sse.encode(eventOf(message('text', 'hello'))))
  t.same(text, [{ id: '0a1b:7', event: 'message', data: 'hello' }])
  const json = read(sse.encode(eventOf(message('json', '{"a":\n 1}'))))
  t.same(JSON.parse(json[0]?.data ?? ''), { a: 1 })
})

t.test('[C90] bytes come as base64, and a message that is not stored has no id', async (t) => {
  const bytes = Buffer.from([0, 10, 13, 255])
  const binary = read(sse.encode(eventOf(message('binary', bytes))))
  t.same(binary, [{ id: '0a1b:7', event: 'binary', data: bytes.toString('base64') }])
  const gone = message('text', 'typing', { epoch: null, offset: 0 })
  t.same(read(sse.encode(eventOf(gone))), [{ id: '', event: 'message', data: 'typing' }])
})

t.test('[C90] any text is one event, line for line (S31)', async (t) => {
  const piece = fc.constantFrom('a', ' ', ':', '\n', '\r', '\r\n', 'data: x', 'id: 9\n\n', '\u0000')
  const property = fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
    const text = pieces.join('')
    const events = read(sse.encode(eventOf(message('text', text))))
    const lines = text.replaceAll('\r\n', '\n').replaceAll('\r', '\n')
    return events.length === 1 && events[0]?.data === lines && events[0].id === '0a1b:7'
  })
  t.doesNotThrow(() => fc.assert(property, SEED))
})

t.test('[C91] an envelope is the message as JSON, of every kind', async (t) => {
  const head = { offset: 7, time: 1_700, user: 'u_1', name: null }
  for (const [kind, payload, data] of [
    ['json', '{"a":[1,\n2]}', { a: [1, 2] }],
    ['text', 'line\n"two"', 'line\n"two"'],
    ['binary', Buffer.from([255, 0]), '/wA='],
  ] as const) {
    const [event] = read(sseEnvelope.encode(eventOf(message(kind, Buffer.from(payload)))))
    t.same(JSON.parse(event?.data ?? ''), { ...head, kind, data })
  }
  const redacted = message('text', '', { redacted: true, user: null })
  const expected = { ...head, user: null, kind: 'text', data: null, redacted: true }
  t.same(JSON.parse(messageJson(redacted)), expected)
})

t.test('[C171] a position and a reset are told with data', async (t) => {
  const position = { epoch: '0a1b', offset: 3 }
  for (const type of ['position', 'reset'] as const) {
    const told = read(sse.announce({ type, room: 'r', position, redactions: 2 }))
    const data = '{"epoch":"0a1b","offset":3,"redactions":2}'
    t.same(told, [{ id: '0a1b:3', event: type, data }])
  }
})

t.test('a position is read as it was written, and nothing else is one', async (t) => {
  for (const offset of [0, 1, 9_007_199_254_740_991]) {
    const position = { epoch: 'a1.2', offset }
    t.same(parsePosition(positionText(position)), position)
  }
  for (const text of ['', 'a', ':1', 'a:', 'a:-1', 'a:01', 'a:1 ', 'a b:1', 'a:1\n', 'é:1']) {
    t.equal(parsePosition(text), null, JSON.stringify(text))
  }
})

const LINE_END = fc.constantFrom('\n', '\r', '\r\n', 'a', 'é', ' ', '')
const anyLines = fc.array(LINE_END, { maxLength: 600 }).map((parts) => parts.join(''))

t.test('[C114] what counts against the sender is what the text grows to', async (t) => {
  const empty = sse.encode(eventOf(message('text', '')))?.length ?? 0
  fc.assert(
    fc.property(anyLines, (text) => {
      const payload = Buffer.from(text)
      const grown = (sse.encode(eventOf(message('text', payload)))?.length ?? 0) - empty
      // CR LF goes out as LF: a byte less than was sent.
      const shorter = text.split('\r\n').length - 1
      return bytesInLines('text', payload) === grown + shorter
    }),
    SEED,
  )
  const paste = Buffer.from(`${'x'.repeat(60)}\n`.repeat(1_000))
  t.ok(bytesInLines('text', paste) < 1.1 * paste.length, 'a tenth for lines of a usual length')
  t.equal(bytesInLines('binary', Buffer.alloc(1_000, '\n')), 1_000)
  t.equal(bytesInLines('json', Buffer.from('{"a":\n1}')), 8 + 6)
})

/** The chunks of a body (RFC 9112 section 7.1.3), and what is left over. */
function chunksOf(bytes: Buffer): { chunks: string[]; rest: Buffer } {
  const chunks: string[] = []
  let rest = bytes
  for (;;) {
    const end = rest.indexOf('\r\n')
    const length = Number.parseInt(rest.toString('latin1', 0, end), 16)
    const after = end + 2 + length
    if (end < 0 || rest.toString('latin1', after, after + 2) !== '\r\n') return { chunks, rest }
    chunks.push(rest.toString('utf8', end + 2, after))
    rest = rest.subarray(after + 2)
  }
}

t.test('[C172] for HTTP/1.1 each event is one whole chunk, of the same bytes', async (t) => {
  const sizes = [0, 1, 15, 16, 255, 256, 4_095, 4_096, 65_536]
  const texts = [...sizes.map((size) => 'é'.repeat(size)), '\r\n0\r\n\r\n', '\n'.repeat(100)]
  const pairs = [
    [sse, sseChunked],
    [sseEnvelope, sseEnvelopeChunked],
  ] as const
  for (const [plain, chunked] of pairs) {
    const notice = { type: 'reset', room: 'r', position: { epoch: 'e', offset: 1 } } as const
    const told = { ...notice, redactions: 0 }
    const events = texts.map((text) => eventOf(message('text', text)))
    const expected = [...events.map(plain.encode), plain.announce(told)].map(String)
    const framed = [...events.map(chunked.encode), chunked.announce(told)]
    const { chunks, rest } = chunksOf(Buffer.concat(framed.map((one) => one ?? Buffer.alloc(0))))
    t.equal(rest.length, 0)
    t.same(chunks, expected)
    const joined = { type: 'joined', room: 'r' } as const
    const client = { connection: 'c', user: null, name: null, info: null }
    t.equal(chunked.encode({ ...joined, client }), null, 'nothing is no chunk')
  }
})
