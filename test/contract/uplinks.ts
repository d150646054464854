// The contract of uplinks: commands reach the node that has the connection, whichever node was
// asked, and the asker learns whether they were taken.
import type { Test } from 'tap'
import { type Engine, EngineUnavailable } from '../../src/engine/engine.ts'
import type { UplinkFrame } from '../../src/engine/uplinks.ts'
import { nodesOf, type OpenShared, type Subject } from './support/suite-setup.ts'

const NO_NODE = '0nosuch0'

function frame(fields: Partial<UplinkFrame> = {}): UplinkFrame {
  return {
    ...{ session: 'digest', payload: Buffer.from('{}'), binary: false },
    ...{ page: null, logIn: null },
    ...fields,
  }
}

/** Remembers what a node is given, and takes the frames of some sessions. */
async function receiving({ uplinks }: Engine, takes: (session: string) => boolean = () => true) {
  const got: UplinkFrame[] = []
  const stop = await uplinks.follow((each) => {
    got.push(each)
    return takes(each.session)
  })
  return { got, stop }
}

/** False, or EngineUnavailable, which says that it is not known. */
async function isTaken(sent: Promise<boolean>): Promise<boolean> {
  return sent.catch((error) => {
    if (error instanceof EngineUnavailable) return false
    throw error
  })
}

export function uplinkContract(t: Test, { openShared, lapse, cutOff }: Subject): void {
  t.test('sending', async (t) => sendContract(t, openShared))
  t.test('receivers', async (t) => receiverContract(t, openShared))
  if (lapse !== null) {
    t.test('a node that took another id is reached by that', async (t) => {
      const [one, other] = await openShared(t)
      const { got } = await receiving(one)
      await lapse(one)
      t.equal(await other.uplinks.send(one.node, frame()), true)
      t.equal(got.length, 1)
    })
  }
  if (cutOff === null) return
  t.test('what is sent to a node that is cut off is not told to be taken', async (t) => {
    const [one, other] = await openShared(t)
    await receiving(other)
    const back = cutOff(other)
    t.equal(await isTaken(one.uplinks.send(other.node, frame())), false)
    back()
    t.equal(await one.uplinks.send(other.node, frame()), true, 'later it is reached')
  })
}

function sendContract(t: Test, openShared: OpenShared): void {
  t.test('a frame reaches the node it is sent to, unchanged', async (t) => {
    const [one, other] = await openShared(t)
    const { got } = await receiving(other)
    const large = Buffer.alloc(400_000, 0xff)
    const frames = [
      frame({ page: 'https://chat.example.com', logIn: { user: 'u_ada', session: 's_1' } }),
      frame({ payload: Buffer.from([0, 10, 13, 255]), binary: true }),
      frame({
        payload: Buffer.alloc(0),
        page: 'same-origin',
        logIn: { user: 'u_ada', session: null },
      }),
      frame({ payload: Buffer.from('{"a":"ä😀\\u0000"}\n') }),
      frame({ payload: large, binary: true }),
    ]
    for (const each of frames) t.equal(await one.uplinks.send(other.node, each), true)
    t.same(got, frames)
    const [, , , , last] = got
    t.ok(last?.payload.equals(large))
  })

  t.test('it reaches that node alone', async (t) => {
    const engines = nodesOf(await openShared(t))
    const all = await Promise.all(engines.map((engine) => receiving(engine)))
    for (const { uplinks } of engines) {
      for (const [at, { node }] of engines.entries()) {
        await uplinks.send(node, frame({ session: `to ${at}` }))
      }
    }
    for (const [at, { got }] of all.entries()) {
      const expected = engines.map(() => `to ${at}`)
      t.same(
        got.map(({ session }) => session),
        expected,
      )
    }
  })

  t.test('the asker learns what the receiver answered', async (t) => {
    const [one, other] = await openShared(t)
    await receiving(other, (session) => session === 'known')
    for (const { uplinks } of [one, other]) {
      t.equal(await uplinks.send(other.node, frame({ session: 'known' })), true)
      t.equal(await uplinks.send(other.node, frame({ session: 'unknown' })), false)
    }
  })

  t.test('of 100 frames at once each gets its own answer', async (t) => {
    const [one, other] = await openShared(t)
    const { got } = await receiving(other, (session) => Number(session) % 3 === 0)
    const sessions = Array.from({ length: 100 }, (_, at) => String(at))
    const sent = sessions.map((session) => one.uplinks.send(other.node, frame({ session })))
    t.same(
      await Promise.all(sent),
      sessions.map((_, at) => at % 3 === 0),
    )
    t.same(new Set(got.map(({ session }) => session)), new Set(sessions))
  })
}

function receiverContract(t: Test, openShared: OpenShared): void {
  t.test('no node of that id, and none that receives, takes nothing', async (t) => {
    const [one, other] = await openShared(t)
    t.equal(await one.uplinks.send(NO_NODE, frame()), false)
    t.equal(await one.uplinks.send('', frame()), false)
    t.equal(await one.uplinks.send(other.node, frame()), false)
  })

  t.test('a receiver that stopped gets no more, and the last one gets all', async (t) => {
    const [one, other] = await openShared(t)
    const former = await receiving(other)
    const next = await receiving(other)
    former.stop()
    t.equal(await one.uplinks.send(other.node, frame()), true)
    next.stop()
    next.stop()
    t.equal(await one.uplinks.send(other.node, frame()), false)
    t.same([former.got.length, next.got.length], [0, 1])
  })

  t.test('a node that closed takes nothing', async (t) => {
    const [one, other] = await openShared(t)
    const { got, stop } = await receiving(other)
    // A node stops receiving before it closes, as one that dies stops by itself.
    if (one === other) stop()
    else await other.close()
    t.equal(await isTaken(one.uplinks.send(other.node, frame())), false)
    t.equal(got.length, 0)
  })
}
