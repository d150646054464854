// Messages that are read past ws: the same events as from ws alone, however the bytes come, and
// every verdict still by ws.
import type { Writable } from 'node:stream'
import { test } from 'tap'
import * as library from 'ws'
import {
  type ReceiverClass,
  readsAsExpected,
  readWholeFrames,
} from '../../../plugins/transports/whole-frames.ts'
import { type ClientFrame, clientFrame, OPCODE } from '../../support/frames.ts'

const MAX = 70_000
const { Receiver } = library as unknown as { Receiver: ReceiverClass }

interface Heard {
  receiver: Writable
  events: string[]
}

/** A receiver of ws and all that it tells. */
function hear(): Heard {
  const receiver = new Receiver({ isServer: true, maxPayload: MAX })
  const events: string[] = []
  receiver.on('message', (data, binary) => events.push(`${binary ? 'binary' : 'text'} ${data}`))
  receiver.on('ping', (data) => events.push(`ping ${data}`))
  receiver.on('pong', (data) => events.push(`pong ${data}`))
  receiver.on('conclude', (code, reason) => events.push(`close ${code} ${reason}`))
  receiver.on('error', (error: Error & { code?: string }) => events.push(`error ${error.code}`))
  return { receiver, events }
}

/** The same, read as connections are. */
function hearWhole(bytesMax = MAX): Heard {
  const heard = hear()
  readWholeFrames({ _receiver: heard.receiver } as unknown as library.WebSocket, bytesMax)
  return heard
}

/** The messages heard from these pieces; a receiver that gave up gets no more of them. */
async function eventsOf({ receiver, events }: Heard, pieces: readonly Buffer[]): Promise<string[]> {
  for (const piece of pieces) {
    if (receiver.destroyed || receiver.writableEnded) break
    // A piece of its own each time: masks are taken off in place.
    receiver.write(Buffer.from(piece))
    await new Promise((go) => process.nextTick(go))
  }
  return events
}

const bytesOf = (...frames: ClientFrame[]): Buffer => Buffer.concat(frames.map(clientFrame))
const text = (payload: string | Buffer): ClientFrame => ({ opcode: OPCODE.text, payload })
const binary = (payload: string): ClientFrame => ({ opcode: OPCODE.binary, payload })

const TALK = bytesOf(
  text('one'),
  text(''),
  binary('two'),
  { opcode: OPCODE.ping, payload: 'p' },
  text('äöü'),
  { opcode: OPCODE.text, payload: 'first ', fin: false },
  { opcode: OPCODE.pong, payload: 'q' },
  { opcode: OPCODE.continuation, payload: 'and last' },
  binary('x'.repeat(125)),
  text('y'.repeat(126)),
  text('three'),
  { opcode: OPCODE.close, payload: Buffer.from([3, 232]) },
  text('after the close'),
)

test('the same is heard as from ws alone, wherever the bytes are cut', async (t) => {
  const expected = await eventsOf(hear(), [TALK])
  t.equal(expected.length, 11)
  t.same(await eventsOf(hearWhole(), [TALK]), expected, 'in one piece')
  for (let at = 1; at < TALK.length; at++) {
    const pieces = [TALK.subarray(0, at), TALK.subarray(at)]
    const heard = await eventsOf(hearWhole(), pieces)
    if (String(heard) !== String(expected)) t.same(heard, expected, `cut at ${at}`)
  }
  const bytes = [...TALK].map((byte) => Buffer.from([byte]))
  t.same(await eventsOf(hearWhole(), bytes), expected, 'byte by byte')
})

test('messages of all sizes around the bounds of a length are what was sent', async (t) => {
  for (const length of [0, 1, 125, 126, 127, 65_535, 65_536, MAX]) {
    const payload = Buffer.from(Array.from({ length }, (_, index) => 32 + (index % 90)))
    const heard = await eventsOf(hearWhole(), [bytesOf(text(payload), binary('next'))])
    t.same(heard, [`text ${payload}`, 'binary next'], `${length} bytes`)
  }
})

const MASKED_FIVE = Buffer.from([0, 0, 0, 0, 104, 101, 108, 108, 111])

const BROKEN: Record<string, Buffer> = {
  'no mask': bytesOf({ opcode: OPCODE.text, payload: 'a', masked: false }),
  'a reserved bit': bytesOf({ opcode: OPCODE.text, payload: 'a', rsv: 4 }),
  'an opcode that there is not': bytesOf({ opcode: 3, payload: 'a' }),
  'a continuation of nothing': bytesOf({ opcode: OPCODE.continuation, payload: 'a' }),
  'a message between fragments': bytesOf({ opcode: OPCODE.text, fin: false }, text('a')),
  'no UTF-8': bytesOf(text(Buffer.from([0xc3, 0x28]))),
  'half a character': bytesOf(text(Buffer.from([0xe2, 0x82]))),
  'too large': bytesOf(text('x'.repeat(MAX + 1))),
  'a ping in fragments': bytesOf({ opcode: OPCODE.ping, fin: false }),
}

test('a frame that breaks a rule is judged by ws, after the frames before it', async (t) => {
  for (const [what, bytes] of Object.entries(BROKEN)) {
    const pieces = [bytesOf(text('before')), bytes, bytesOf(text('after'))]
    const expected = await eventsOf(hear(), pieces)
    t.match(expected, ['text before', /^error WS_ERR_/], what)
    t.equal(expected.length, 2)
    t.same(await eventsOf(hearWhole(), pieces), expected, `${what}, in pieces`)
    t.same(await eventsOf(hearWhole(), [Buffer.concat(pieces)]), expected, `${what}, in one`)
  }
})

test('a length that is written longer than it need be is taken, as ws does', async (t) => {
  const long = Buffer.concat([Buffer.from([0x81, 0xfe, 0, 5]), MASKED_FIVE])
  t.same(await eventsOf(hearWhole(), [long]), ['text hello'])
  const longer = Buffer.concat([Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0, 0, 0, 5]), MASKED_FIVE])
  t.same(await eventsOf(hearWhole(), [longer]), ['text hello'])
})

test('[S27] a message over the bound of its connection is refused when announced', async (t) => {
  const head = Buffer.from([0x82, 0x80 | 101, 1, 2, 3, 4])
  const whole = bytesOf(text('x'.repeat(100)))
  const heard = await eventsOf(hearWhole(100), [whole, head])
  t.same(heard, [`text ${'x'.repeat(100)}`, 'error WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'])
})

test('this release of ws is as expected; another that is not is left alone', (t) => {
  t.equal(readsAsExpected(Receiver), true, 'or all is read by ws, more slowly')
  /** A receiver in which something is otherwise. */
  const readsWith = (change: (receiver: Writable) => void): boolean =>
    readsAsExpected(((options: { isServer: true; maxPayload: number }) => {
      const receiver = new Receiver(options)
      change(receiver)
      return receiver
    }) as unknown as ReceiverClass)
  t.equal(
    readsWith((receiver) => {
      const { emit } = receiver
      receiver.emit = (...event: Parameters<Writable['emit']>) => {
        setImmediate(() => emit.apply(receiver, event))
        return true
      }
    }),
    false,
    'it tells of messages later',
  )
  t.equal(
    readsWith((receiver) => {
      Object.defineProperty(receiver, '_bufferedBytes', { get: () => undefined })
    }),
    false,
    'it keeps what waits under another name',
  )
  t.equal(
    readsWith(() => {
      throw new Error('it wants other options')
    }),
    false,
  )
  const others = { write: () => true }
  const { write } = others
  readWholeFrames({ _receiver: others } as unknown as library.WebSocket, MAX)
  t.equal(others.write, write, 'a receiver of another ws')
  t.end()
})
