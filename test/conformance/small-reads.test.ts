// Clients that read byte by byte what was written in one buffer: where their reads end makes no
// difference, and their pings are answered between frames.
import { test } from 'tap'
import { type StartedApp, startApp } from '../support/app.ts'
import { type ClientFrame, OPCODE } from '../support/frames.ts'
import { asServer } from '../support/people.ts'
import { limited, ruled, UNLIMITED } from '../support/settings.ts'
import { until } from '../support/until.ts'
import { strictConnect } from './strict-client.ts'

const { text, binary, close, ping } = OPCODE
const SIZES = [0, 1, 125, 126, 127, 65_535, 65_536, 65_537, 0, 126, 70_000, 2]
/** The frames of one turn together, more than the 256 KB that one buffer holds. */
const FRAMES = SIZES.map((size, at) => ({
  opcode: at % 2 === 0 ? text : binary,
  payload: Buffer.alloc(size, String(at % 10)),
}))

const LIMITS = limited({ ...UNLIMITED, messageBytes: 70_000, outboxBytes: 268_435_456 })
const RULES = ruled(
  { match: 'live:*' },
  { match: 'chat:*', history: { messages: 100, ageMs: null } },
)
const SETTINGS = { ...LIMITS, ...RULES, logLevel: 'silent' }

function open({ url }: StartedApp, room: string, readBytes: number) {
  return strictConnect(url, `/rooms/${room}`, { headers: asServer, readBytes })
}

for (const room of ['live:pieces', 'chat:pieces']) {
  test(`[C42] joined frames in ${room}, read in pieces of 1 byte and more`, async (t) => {
    const usher = await startApp(t, SETTINGS)
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

const ENDS: Record<string, { end: ClientFrame; code: number }> = {
  'it breaks the rules': { end: { opcode: 3 }, code: 1_002 },
  'it closes': { end: { opcode: close, payload: Buffer.from([3, 232]) }, code: 1_000 },
  'it sends too much': { end: { opcode: text, payload: 'x'.repeat(70_001) }, code: 1_009 },
}

/** More than the operating system buffers for a client that does not read. */
const BEHIND = 300
const large = { opcode: binary, payload: Buffer.alloc(65_536) }

for (const [what, { end, code }] of Object.entries(ENDS)) {
  test(`[C47] [C62] a reader that is behind gets nothing after its close: ${what}`, async (t) => {
    const usher = await startApp(t, SETTINGS)
    const speaker = await open(usher, 'live:behind', 65_536)
    const behind = await open(usher, 'live:behind', 65_536)
    behind.socket.pause()
    const heard = (count: number) => until(() => speaker.reader.messages.length >= count)
    for (let sent = 0; sent < BEHIND; sent += 10) {
      speaker.send(...Array(10).fill(large))
      await heard(sent + 10)
    }
    behind.send(end)
    speaker.send(...Array(20).fill({ opcode: text, payload: 'we talk on' }))
    await heard(BEHIND + 20)
    behind.socket.resume()
    await behind.gone()
    const { closing, violation, messages, betweenFrames } = behind.reader
    t.equal(violation, null)
    // A client that needs more than a second to read it all is cut before the close frame [C62].
    if (closing !== null) {
      t.equal(closing.code, code)
      t.ok(messages.length >= BEHIND, 'earlier messages came first')
      t.ok(betweenFrames, 'and nothing was cut')
    }
    speaker.socket.destroy()
  })
}
