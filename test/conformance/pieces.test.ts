// Clients that read byte by byte what was written in one buffer: where the pieces end is nobody's
// business, and what such a client asks meanwhile is answered between frames.
import { test } from 'tap'
import { type StartedApp, startApp } from '../support/app.ts'
import { OPCODE } from '../support/frames.ts'
import { asServer } from '../support/people.ts'
import { limited, ruled, UNLIMITED } from '../support/settings.ts'
import { until } from '../support/until.ts'
import { strictConnect } from './strict-client.ts'

const { text, binary, ping } = OPCODE
const SIZES = [0, 1, 125, 126, 127, 65_535, 65_536, 65_537, 0, 126, 70_000, 2]
/** The frames of one turn together, more than the 256 KB that one buffer holds. */
const FRAMES = SIZES.map((size, at) => ({
  opcode: at % 2 === 0 ? text : binary,
  payload: Buffer.alloc(size, String(at % 10)),
}))

function open({ url }: StartedApp, room: string, readBytes: number) {
  return strictConnect(url, `/rooms/${room}`, { headers: asServer, readBytes })
}

for (const room of ['live:pieces', 'chat:pieces']) {
  test(`[C42] joined frames in ${room}, read in pieces of 1 byte and more`, async (t) => {
    const limits = limited({ ...UNLIMITED, messageBytes: 70_000, outboxBytes: 16_777_216 })
    const rules = ruled(
      { match: 'live:*' },
      { match: 'chat:*', history: { messages: 100, ageMs: null } },
    )
    const usher = await startApp(t, { ...limits, ...rules, logLevel: 'silent' })
    const speaker = await open(usher, room, 65_536)
    const readers = await Promise.all([1, 2, 3, 125, 4_096].map((n) => open(usher, room, n)))
    speaker.send(...FRAMES)
    await until(() => speaker.reader.messages.length === FRAMES.length)
    for (const [at, reader] of readers.entries()) reader.send({ opcode: ping, payload: `${at}` })
    speaker.send(...FRAMES)
    const all = [...FRAMES, ...FRAMES]
    for (const [at, { reader, ended }] of readers.entries()) {
      await until(() => reader.messages.length >= all.length || reader.violation !== null || ended)
      t.equal(reader.violation, null)
      const right = reader.messages.filter(({ payload }, i) =>
        payload.equals(all[i]?.payload ?? payload),
      )
      t.equal(right.length, all.length, 'each is as it was sent')
      t.same(
        reader.messages.map(({ kind, frames }) => [kind, frames]),
        all.map(({ opcode }) => [opcode === text ? 'text' : 'binary', 1]),
      )
      const pongs = reader.controls.map(({ name, payload }) => `${name} ${payload}`)
      t.same(pongs, [`pong ${at}`], 'its ping was answered between frames')
    }
    for (const { socket } of [speaker, ...readers]) socket.destroy()
  })
}
