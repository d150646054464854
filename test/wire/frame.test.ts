// Server frames around the edges of the length field, read back by two parsers that are not ours.
import { once } from 'node:events'
import { createRequire } from 'node:module'
import type { Writable } from 'node:stream'
import { test } from 'tap'
import { type DataOpcode, headerBytes, serverFrame } from '../../src/wire/frame.ts'
import { parseFrames } from '../support/frames.ts'

const HEADS: [payloadBytes: number, head: string][] = [
  [0, '8100'],
  [1, '8101'],
  [125, '817d'],
  [126, '817e007e'],
  [127, '817e007f'],
  [65_535, '817effff'],
  [65_536, '817f0000000000010000'],
  [65_537, '817f0000000000010001'],
  [16_777_216, '817f0000000001000000'],
]

for (const [payloadBytes, head] of HEADS) {
  test(`a text frame of ${payloadBytes} bytes begins with ${head}`, async (t) => {
    const payload = Buffer.alloc(payloadBytes, 'a')
    const frame = serverFrame(1, payload)
    t.equal(headerBytes(payloadBytes), head.length / 2)
    t.equal(frame.toString('hex', 0, head.length / 2), head)
    t.ok(frame.subarray(head.length / 2).equals(payload))
  })
}

test('a reader written by the book finds payload, opcode and nothing else', async (t) => {
  for (const [payloadBytes] of HEADS) {
    for (const opcode of [1, 2] satisfies DataOpcode[]) {
      const payload = Buffer.alloc(payloadBytes, payloadBytes)
      const { frames, rest } = parseFrames(serverFrame(opcode, payload))
      t.equal(rest.length, 0)
      t.match(frames, { length: 1, 0: { fin: true, rsv: 0, opcode, masked: false } })
      t.ok(frames[0]?.payload.equals(payload))
    }
  }
})

/** The reader inside ws, which its types do not mention. */
type Receiver = new (options: { isServer: boolean }) => Writable
const { Receiver } = createRequire(import.meta.url)('ws') as { Receiver: Receiver }

test("ws's own reader takes them joined, and in pieces of any size", async (t) => {
  const frames = HEADS.slice(0, 8).map(([payloadBytes], index) =>
    serverFrame(index % 2 === 0 ? 1 : 2, Buffer.alloc(payloadBytes, 'b')),
  )
  const joined = Buffer.concat(frames)
  for (const pieceBytes of [joined.length, 65_536, 1_000, 7]) {
    const receiver = new Receiver({ isServer: false })
    const read: [number, boolean][] = []
    receiver.on('message', (data: Buffer, binary: boolean) => read.push([data.length, binary]))
    for (let at = 0; at < joined.length; at += pieceBytes) {
      receiver.write(joined.subarray(at, at + pieceBytes))
    }
    receiver.end()
    await once(receiver, 'finish')
    t.same(
      read,
      HEADS.slice(0, 8).map(([payloadBytes], index) => [payloadBytes, index % 2 === 1]),
      `in pieces of ${pieceBytes}`,
    )
  }
})

test('the payload is copied, so that its buffer may be used again', async (t) => {
  const payload = Buffer.from('abc')
  const frame = serverFrame(1, payload)
  payload.fill('x')
  t.equal(frame.toString('latin1', 2), 'abc')
})
