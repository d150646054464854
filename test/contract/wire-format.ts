// What every wire format must do. A format's test registers it with the format and nothing else.
import fc from 'fast-check'
import type { Test } from 'tap'
import type { MessageEvent } from '../../src/protocol/event.ts'
import type { Kind } from '../../src/protocol/message.ts'
import type { WireFormat } from '../../src/wire/wire-format.ts'
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
  const said = { kind, payload, user: 'u_1', origin: 'c1', time: 1_700_000_000_000 }
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
        const { frames, rest } = parseFrames(format.encode(eventOf(kind, PAYLOADS[kind](size))))
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

  t.test('the bytes stay what they are when the payload is used again', async (t) => {
    const payload = Buffer.from('"before"')
    const encoded = format.encode(eventOf('text', payload))
    const copy = Buffer.from(encoded)
    payload.fill('x')
    t.same(encoded, copy)
    const kept = PAYLOADS.text(200)
    format.encode(eventOf('text', kept)).fill(0)
    t.same(kept, PAYLOADS.text(200), 'and the payload stays what it is')
  })

  t.test('whatever comes in, decoding answers commands or null and never throws', async (t) => {
    const bytes = fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.json().map(toBytes))
    const property = fc.property(bytes, fc.boolean(), (input, binary) => {
      const commands = format.decode({ payload: Buffer.from(input), binary })
      return commands === null || commands.every(({ type }) => typeof type === 'string')
    })
    t.doesNotThrow(() => fc.assert(property, SEED))
  })
}

function toBytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text)
}
