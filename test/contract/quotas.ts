// The contract of quotas of a day, on one node and on two that share.
import type { Test } from 'tap'
import { type Engine, EngineUnavailable } from '../../src/engine/engine.ts'
import { type AppendOptions, KeyConflict } from '../../src/engine/message-log.ts'
import { type Holder, NO_HOLDER } from '../../src/engine/shares.ts'
import type { Draft } from '../../src/protocol/message.ts'
import { draft } from './support/samples.ts'
import { ANN, BACKEND, BOB, from } from './support/shares.ts'
import type { OpenWithin } from './support/suite-setup.ts'

const KEPT = { messages: 1_000, ageMs: null }
const DAY_SECONDS = 86_400

type More = Partial<AppendOptions> & { room?: string }

/** `kept`, `again` for a repeated key, or the limit that was reached. */
async function say(
  { log }: Engine,
  holder: Holder,
  said: Draft,
  { room = 'chat:1', ...more }: More = {},
): Promise<string> {
  try {
    const options = { retention: KEPT, key: null, holder, ...more }
    const { repeated } = await log.append(room, said, options)
    return repeated ? 'again' : 'kept'
  } catch (error) {
    if (!(error instanceof EngineUnavailable) || error.full === null) throw error
    const { limit, reply, retryAfter } = error.full
    const isUntilMidnight = retryAfter > 0 && retryAfter <= DAY_SECONDS
    return isUntilMidnight && reply.status === 429 ? limit : `${limit} for ${retryAfter} s`
  }
}

export function quotaContract(t: Test, openWithin: OpenWithin): void {
  t.test('stored bytes', async (t) => bytesContract(t, openWithin))
  t.test('new rooms', async (t) => roomsContract(t, openWithin))
}

function bytesContract(t: Test, openWithin: OpenWithin): void {
  const open = (t: Test) => openWithin(t, { storedBytesPerDayPerUser: 10 })
  const OVER = 'storedBytesPerDayPerUser'

  t.test('[S45] of a user count over all rooms and nodes, and touch no other', async (t) => {
    const [one, other] = await open(t)
    t.equal(await say(one, ANN, draft('12345')), 'kept')
    t.equal(await say(other, ANN, draft('123456'), { room: 'chat:2' }), OVER)
    t.equal(await say(other, ANN, draft('12345'), { room: 'chat:2' }), 'kept', 'what was refused')
    t.equal(await say(one, ANN, draft('1')), OVER)
    t.equal(await say(one, ANN, draft('')), 'kept')
    t.equal(await say(one, BOB, draft('1')), 'kept')
    const { offset } = await one.log.head('chat:1')
    t.equal(offset, 3, 'nothing of what was refused was kept')
  })

  t.test('[S45] where no user is known, the address has the quota', async (t) => {
    const [one, other] = await open(t)
    const here = from('192.0.2.1')
    t.equal(await say(one, here, draft('1234567890')), 'kept')
    t.equal(await say(other, here, draft('1')), OVER)
    t.equal(await say(one, { ...ANN, address: '192.0.2.1' }, draft('1')), 'kept')
    t.equal(await say(one, from('192.0.2.2'), draft('1')), 'kept')
  })

  t.test('[S45] a /48 has four times the quota of a /64', async (t) => {
    const [one, other] = await open(t)
    const net = (subnet: number) => from(`2001:db8:1:${subnet}::/64`)
    for (let subnet = 1; subnet <= 4; subnet += 1) {
      t.equal(await say(one, net(subnet), draft('1234567890')), 'kept')
    }
    t.equal(await say(other, net(5), draft('1')), OVER)
    t.equal(await say(one, from('2001:db8:2:5::/64'), draft('1')), 'kept')
  })

  t.test('server keys and exempt addresses have no quota', async (t) => {
    const [one] = await open(t)
    for (const holder of [BACKEND, NO_HOLDER]) {
      t.equal(await say(one, holder, draft('x'.repeat(20))), 'kept')
    }
  })

  t.test('a repeated key costs nothing, and is answered over the quota too', async (t) => {
    const [one, other] = await open(t)
    const keyed = { key: { value: 'k', sender: 'user u_ann' } }
    t.equal(await say(one, ANN, draft('123456'), keyed), 'kept')
    for (const node of [one, other]) t.equal(await say(node, ANN, draft('123456'), keyed), 'again')
    await t.rejects(say(one, ANN, draft('654321'), keyed), KeyConflict)
    t.equal(await say(one, ANN, draft('1234')), 'kept')
    t.equal(await say(one, ANN, draft('1')), OVER)
    t.equal(await say(other, ANN, draft('123456'), keyed), 'again')
  })

  t.test('many at once get exactly the quota', async (t) => {
    const nodes = await open(t)
    const said = await Promise.all(
      Array.from({ length: 100 }, (_, i) => say(nodes[i % 2] as Engine, ANN, draft('1'))),
    )
    t.equal(said.filter((outcome) => outcome === 'kept').length, 10)
    t.equal(said.filter((outcome) => outcome === OVER).length, 90)
  })

  t.test('rooms without history have no quota', async (t) => {
    const [one] = await open(t)
    const options = { retention: null }
    t.equal(await say(one, ANN, draft('x'.repeat(20)), options), 'kept')
  })

  t.test('null is no quota', async (t) => {
    const [one] = await openWithin(t, {
      ...{ storedBytesPerDayPerUser: null, newRoomsPerDayPerUser: null },
    })
    for (const room of ['a', 'b']) t.equal(await say(one, ANN, draft('x'), { room }), 'kept')
  })
}

function roomsContract(t: Test, openWithin: OpenWithin): void {
  const OVER = 'newRoomsPerDayPerUser'

  t.test('[S45] of a user count over all nodes, and rooms that are there do not', async (t) => {
    const [one, other] = await openWithin(t, { newRoomsPerDayPerUser: 2 })
    const saying = (node: Engine, holder: Holder, room: string) =>
      say(node, holder, draft('x'), { room })
    t.equal(await saying(one, ANN, 'a'), 'kept')
    t.equal(await saying(other, ANN, 'b'), 'kept')
    t.equal(await saying(other, ANN, 'a'), 'kept')
    for (const node of [one, other]) t.equal(await saying(node, ANN, 'c'), OVER)
    t.equal(await saying(one, BACKEND, 'd'), 'kept', 'a server key')
    t.equal(await saying(one, ANN, 'd'), 'kept', 'a room that another began')
    t.equal(await saying(one, BOB, 'c'), 'kept', 'what was refused began no room')
    t.equal(await saying(other, ANN, 'c'), 'kept')
  })

  t.test('a new room in which much is said at once counts once', async (t) => {
    const [one] = await openWithin(t, { newRoomsPerDayPerUser: 2 })
    const drafts = ['a', 'a', 'b', 'b', 'c', 'c']
    const said = await Promise.all(drafts.map((room) => say(one, ANN, draft('x'), { room })))
    // Which room comes too late is not said: each may be on another server.
    t.equal(said.filter((outcome) => outcome === OVER).length, 2)
    for (const [at, room] of ['a', 'b', 'c'].entries()) {
      const outcome = said[2 * at] ?? ''
      t.equal(said[2 * at + 1], outcome, 'all that is said in a room fares alike')
      t.equal((await one.log.head(room)).offset, outcome === 'kept' ? 2 : 0)
    }
  })

  t.test('a message over the quota of bytes begins no room', async (t) => {
    const limits = { newRoomsPerDayPerUser: 1, storedBytesPerDayPerUser: 5 }
    const [one] = await openWithin(t, limits)
    t.equal(await say(one, ANN, draft('123456')), 'storedBytesPerDayPerUser')
    t.equal(await say(one, ANN, draft('12345'), { room: 'chat:2' }), 'kept')
  })
}
