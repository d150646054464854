// The strict reader itself: it takes correct frames in pieces of any size, and names each fault.
import { test } from 'tap'
import { Dice } from '../support/dice.ts'
import { FAULT_NAMES, orderWith } from './frame-orders.ts'
import { StrictReader } from './strict-reader.ts'
import { verdictOn } from './verdict.ts'

function read(hex: string, pieceBytes = 1): StrictReader {
  const reader = new StrictReader()
  const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex')
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    reader.push(bytes.subarray(at, at + pieceBytes))
  }
  return reader
}

test('the examples of RFC 6455 section 5.7, in pieces of any size', async (t) => {
  const hello = '810548656c6c6f 0103 48656c 80026c6f 8905 48656c6c6f'
  const medium = `827e0100${'ab'.repeat(256)} 827f0000000000010000${'cd'.repeat(65_536)} 8800`
  for (const pieceBytes of [1, 2, 3, 1_000, 1_000_000]) {
    const reader = read(hello + medium, pieceBytes)
    t.equal(reader.violation, null)
    t.same(
      reader.messages.map(({ kind, payload, frames }) => [kind, payload.length, frames]),
      [
        ['text', 5, 1],
        ['text', 5, 2],
        ['binary', 256, 1],
        ['binary', 65_536, 1],
      ],
    )
    t.match(reader.controls, [
      { name: 'ping', after: 2 },
      { name: 'close', after: 4 },
    ])
    t.same(reader.closing, { code: 1_005, reason: '' })
    t.ok(reader.betweenFrames)
  }
})

const BROKEN: Record<string, RegExp> = {
  '81 85 00000000 48656c6c6f': /^5\.1: a server must not mask/,
  'c1 00': /^5\.2: a reserved bit/,
  '83 00': /^5\.2: an opcode that is reserved/,
  '8b 00': /^5\.2: an opcode that is reserved/,
  '81 7e 007d': /^5\.2: a length in more bytes/,
  '81 7f 000000000000ffff': /^5\.2: a length in more bytes/,
  '81 7f 8000000000000000': /^5\.2: a length above/,
  '80 00': /^5\.4: a continuation of nothing/,
  '01 00 81 00': /^5\.4: a message begins inside/,
  '09 00': /^5\.5: a control frame in fragments/,
  '89 7e 007e': /^5\.5: a control frame of more than 125/,
  '88 01 03': /^5\.5\.1: half a close code/,
  '88 02 03ed': /^7\.4: a close code that must not be sent/,
  '88 03 03e8 ff': /^5\.5\.1: a reason that is not UTF-8/,
  '81 02 c328': /^8\.1: a text that is not UTF-8/,
  '01 01 c3 80 01 28': /^8\.1: a text that is not UTF-8/,
  '88 02 03e8 8100': /^5\.5\.1: nothing follows a close frame/,
  '88 02 03e8 8a00': /^5\.5\.1: nothing follows a close frame/,
}

test('the clause that a frame breaks is named', async (t) => {
  for (const [hex, clause] of Object.entries(BROKEN)) {
    for (const pieceBytes of [1, 1_000]) t.match(read(hex, pieceBytes).violation, clause, hex)
  }
})

test('every fault ends its order, and with the codes that it should', async (t) => {
  const codes: Record<string, Set<number | null>> = {}
  let messages = 0
  for (const [at, name] of FAULT_NAMES.entries()) {
    const verdicts = Array.from({ length: 100 }, (_, i) =>
      verdictOn(orderWith(name, new Dice(i, at)).frames),
    )
    codes[name] = new Set(verdicts.map(({ code }) => code))
    messages += verdicts.reduce((sum, verdict) => sum + verdict.messages.length, 0)
  }
  const { 'a close': closes, 'a close inside a message': inside, ...faults } = codes
  for (const good of [closes, inside]) t.ok((good?.size ?? 0) > 8, 'many codes are answered')
  const one = (name: string) => [...(faults[name] ?? [])]
  for (const name of Object.keys(faults)) {
    const expected = { 'too many bytes': 1_009, 'too many fragments': 1_008 }[name] ?? 1_002
    t.same(one(name), [name.endsWith('UTF-8') ? 1_007 : expected], name)
  }
  t.ok(messages > 500, `${messages} messages are heard before`)
})
