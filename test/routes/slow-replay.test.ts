// A client that reads a long replay slowly and steadily gets all of it: the buffers of the system
// hide that it reads, so it is asked.
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { test } from 'tap'
import { HEARTBEAT } from '../../src/protocol/limits.ts'
import { type StartedApp, startOnManualClock } from '../support/app.ts'
import { rawSocket, upgradeRequest } from '../support/client.ts'
import { clientFrame, OPCODE, type ParsedFrame, parseFrames } from '../support/frames.ts'
import type { ManualClock } from '../support/manual-clock.ts'
import { nothingLeft } from '../support/nothing-left.ts'
import { asServer } from '../support/people.ts'
import { limited, UNLIMITED } from '../support/settings.ts'
import { until } from '../support/until.ts'

const ROOM = '/rooms/chat:a'
/** So few that the room keeps them in memory: no thread has to keep up with the clock. */
const MESSAGES = 60
const BYTES = 4_000
const BYTES_PER_SECOND = 2_500

async function fill({ url }: StartedApp): Promise<void> {
  const headers = { ...asServer, 'content-type': 'application/json' }
  const each = { room: 'chat:a', data: 'x'.repeat(BYTES), kind: 'text' }
  const body = JSON.stringify(Array<unknown>(MESSAGES).fill(each))
  const answer = await fetch(`${url}/messages`, { method: 'POST', headers, body })
  if (answer.status !== 200) throw new Error(await answer.text())
}

/** Reads steadily by the clock, and answers pings as it comes to them. */
async function readSlowly({ app, url }: StartedApp, clock: ManualClock) {
  const accepted = once(app.server, 'connection')
  const socket = await rawSocket(url)
  const [served] = (await accepted) as [Socket]
  socket.pause()
  socket.write(upgradeRequest(`${ROOM}?replay=${MESSAGES}`, asServer))
  const seen: ParsedFrame[] = []
  let rest: Buffer = Buffer.alloc(0)
  let isHead = true
  const take = (chunk: Buffer): void => {
    rest = Buffer.concat([rest, chunk])
    if (isHead) rest = rest.subarray(rest.indexOf('\r\n\r\n') + 4)
    isHead = false
    const { frames, rest: half } = parseFrames(rest)
    rest = half
    seen.push(...frames)
    for (const { opcode, payload } of frames) {
      if (opcode === OPCODE.ping) socket.write(clientFrame({ opcode: OPCODE.pong, payload }))
    }
  }
  const count = (which: number) => seen.filter(({ opcode }) => opcode === which).length
  let hasSpoken = false
  // It hears its own message last, and only if the server has not closed it meanwhile.
  while (count(OPCODE.text) <= MESSAGES && count(OPCODE.close) === 0 && !socket.readableEnded) {
    if (!hasSpoken && count(OPCODE.text) === MESSAGES) {
      hasSpoken = socket.write(clientFrame({ opcode: OPCODE.text, payload: 'all read' }))
    }
    await until(async () => {
      if (socket.readableLength > 0 || socket.readableEnded) return true
      socket.read(0)
      await clock.advance(20)
      return false
    })
    const bytes = Math.min(BYTES_PER_SECOND / 10, socket.readableLength)
    take(socket.read(bytes) ?? Buffer.alloc(0))
    // The clock stands still while a pong is on its way.
    await until(() => served.bytesRead === socket.bytesWritten || served.destroyed)
    await clock.advance(100)
  }
  socket.destroy()
  const last = seen.at(-1)?.payload.toString() ?? ''
  return { texts: count(OPCODE.text), last, seconds: clock.elapsed() / 1_000 }
}

test('[C182] a long replay is read whole, however slowly', async (t) => {
  const { clock, usher } = await startOnManualClock(t, limited(UNLIMITED))
  await fill(usher)
  const { texts, last, seconds } = await readSlowly(usher, clock)
  t.same({ texts, last }, { texts: MESSAGES + 1, last: 'all read' })
  t.ok(seconds > 2 * HEARTBEAT.pingSeconds.standard, `it took ${seconds} s`)
  await nothingLeft(usher.app)
})
