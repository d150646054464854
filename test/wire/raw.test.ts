// Plain frames: the contract of every wire format, golden bytes, and that nothing is added.
import t, { test } from 'tap'
import type { MessageEvent } from '../../src/protocol/event.ts'
import { formatNamed, SUBPROTOCOLS } from '../../src/wire/formats.ts'
import { raw } from '../../src/wire/raw.ts'
import { wireFormatContract } from '../contract/wire-format.ts'
import { goldenFrames } from './golden-frames.ts'

wireFormatContract(t, raw)

function eventOf(kind: 'json' | 'text' | 'binary', payload: Buffer): MessageEvent {
  const said = { kind, payload, user: 'u_1', name: null, origin: 'c1', time: 1_700_000_000_000 }
  const message = { ...said, epoch: 'e', offset: 7 }
  return { type: 'message', room: 'chat:a', message }
}

test('[C42] messages go out as the golden bytes: nothing but the payload in a frame', async (t) => {
  for (const { kind, payload, frame } of goldenFrames('raw')) {
    t.ok(raw.encode(eventOf(kind, payload))?.equals(frame), `${kind} of ${payload.length} bytes`)
  }
})

test('[C42] a frame of a client is one message of its kind, byte for byte', async (t) => {
  for (const { kind, payload } of goldenFrames('raw')) {
    const binary = kind === 'binary'
    const commands = [...raw.decode({ payload, binary })]
    t.match(commands, { length: 1, 0: { type: 'publish', kind: binary ? 'binary' : 'text' } })
    const [command] = commands
    t.equal(command?.type === 'publish' && command.payload, payload)
  }
})

test('[S8] subprotocols choose among wire formats, and a credential is none of them', async (t) => {
  t.same([...SUBPROTOCOLS.rooms.keys()], ['usher.raw'])
  t.equal(SUBPROTOCOLS.rooms.get('usher.raw'), raw)
})

test('a wire format is found by its name, and a wrong name is a mistake in the code', async (t) => {
  t.equal(formatNamed('raw'), raw)
  t.throws(() => formatNamed('row'), /row/)
})
