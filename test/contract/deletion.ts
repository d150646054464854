// The contract of what takes away more than one message: all that a user has said, and all that a
// room keeps; and of the list of rooms.
import type { Test } from 'tap'
import type { AppendOptions } from '../../src/engine/message-log.ts'
import { NO_HOLDER } from '../../src/engine/shares.ts'
import type { Message } from '../../src/protocol/message.ts'
import { pageQuery } from '../support/page-query.ts'
import { listen } from './support/listener.ts'
import { draft } from './support/samples.ts'
import { nodesOf, type OpenShared, soon } from './support/suite-setup.ts'

const KEPT = { messages: 10_000, ageMs: null }
const PLAIN: AppendOptions = { retention: KEPT, key: null, holder: NO_HOLDER }
const LISTED = { after: null, limit: 10, holder: NO_HOLDER }

const by = (user: string | null, text: string) => draft(text, { user })
const keyed = (value: string): AppendOptions => ({ ...PLAIN, key: { value, sender: 'u_ada' } })
const shown = ({ messages }: { messages: Message[] }) =>
  messages.map(({ payload, redacted }) => (redacted ? 'redacted' : String(payload)))

export function deletionContract(t: Test, open: OpenShared): void {
  t.test('all that a user has said', async (t) => userContract(t, open))
  t.test('a room', async (t) => roomContract(t, open))
  t.test('a list of rooms', async (t) => listContract(t, open))
}

function userContract(t: Test, open: OpenShared): void {
  t.test('is not shown any more in any room, and what comes later is', async (t) => {
    const [one, other] = await open(t)
    for (const room of ['chat:1', 'chat:2']) {
      await one.log.append(room, by('u_ada', 'a'), PLAIN)
      await one.log.append(room, by('u_bob', 'b'), PLAIN)
      await one.log.append(room, by(null, 'c'), PLAIN)
    }
    await one.log.redactUser('u_ada')
    await one.log.append('chat:1', by('u_ada', 'd'), PLAIN)
    const page = await other.log.read('chat:1', pageQuery())
    t.same(shown(page), ['redacted', 'b', 'c', 'd'])
    t.match(page.messages[0], { user: 'u_ada', name: null, redacted: true })
    t.equal(page.messages[0]?.payload.length, 0)
    const newest = pageQuery({ order: 'desc' })
    t.same(shown(await other.log.read('chat:2', newest)), ['c', 'b', 'redacted'])
    await soon(async () => (await other.log.summary('chat:1', KEPT)).redactions === 1)
    t.match(await other.log.summary('chat:2', KEPT), { redactions: 1 })
    t.same(shown(await other.log.read('chat:1', pageQuery())), ['redacted', 'b', 'c', 'd'])
  })

  t.test('changes the summary of a room at once, each time', async (t) => {
    const [one, other] = await open(t)
    await one.log.append('chat:1', by('u_ada', 'a'), PLAIN)
    const seen = [(await other.log.summary('chat:1', KEPT)).userRedactions]
    for (let time = 0; time < 2; time += 1) {
      await one.log.redactUser('u_ada')
      seen.push((await other.log.summary('chat:1', KEPT)).userRedactions)
      t.match(await other.log.read('chat:1', pageQuery()), { userRedactions: seen.at(-1) })
    }
    t.equal(new Set(seen).size, 3)
  })

  t.test(
    'is told once in each room, after the messages before and before those after',
    async (t) => {
      const engines = await open(t)
      const [{ log }] = engines
      const rooms = await Promise.all(nodesOf(engines).map((node) => listen(node, 'chat:1')))
      await log.append('chat:1', by('u_bob', 'x'), PLAIN)
      const before = log.append('chat:1', by('u_ada', 'a'), PLAIN)
      const redacted = log.redactUser('u_ada')
      const after = log.append('chat:1', by('u_ada', 'b'), PLAIN)
      await Promise.all([before, redacted, after])
      await log.append('chat:1', by('u_bob', 'y'), PLAIN)
      await soon(() => rooms.every(({ listener }) => listener.told.includes('y')))
      const page = shown(await log.read('chat:1', pageQuery()))
      for (const { listener } of rooms) {
        const heard = listener.told.filter((told) => !told.startsWith('redacted'))
        const [first, said, ...rest] = heard
        t.same([first, ...rest], ['x', 'b', 'y'])
        // On a store of several servers it may be told late, and is a tombstone then.
        t.ok(said === 'a' || (said === '' && page[1] === 'redacted'), 'in its place')
        const at = listener.told.indexOf('redacted u_ada')
        t.equal(listener.told.filter((told) => told === 'redacted u_ada').length, 1)
        const hidden = page.map((text) => text === 'redacted')
        const toldBefore = ['x', 'a', 'b', 'y'].map((text) => listener.told.indexOf(text) < at)
        t.same(hidden[1], toldBefore[1], 'a message told before it is hidden')
        t.same(hidden[2], toldBefore[2], 'a message told after it is shown')
      }
    },
  )

  t.test('keeps its idempotency keys', async (t) => {
    const [one, other] = await open(t)
    const first = await one.log.append('chat:1', draft('a'), keyed('k'))
    await one.log.redactUser('u_ada')
    const again = await other.log.append('chat:1', draft('a'), keyed('k'))
    t.same(again, { ...first, repeated: true })
  })

  t.test('is nothing where a user has said nothing', async (t) => {
    const [one, other] = await open(t)
    await one.log.append('chat:1', by('u_ada', 'a'), PLAIN)
    await one.log.redactUser('u_ad')
    t.same(shown(await other.log.read('chat:1', pageQuery())), ['a'])
  })
}

function roomContract(t: Test, open: OpenShared): void {
  t.test('that is deleted shows nothing, and begins a new epoch at offset 1', async (t) => {
    const [one, other] = await open(t)
    for (const text of ['a', 'b']) await one.log.append('chat:1', draft(text), PLAIN)
    await one.log.append('chat:2', draft('c'), PLAIN)
    await one.log.redact('chat:1', 1)
    const former = await other.log.head('chat:1')
    t.equal(await other.log.deleteRoom('chat:1'), true)
    const page = await one.log.read('chat:1', pageQuery())
    t.same(shown(page), [])
    t.match(page, { head: { offset: 0 }, redactions: 0 })
    t.not(page.head.epoch, former.epoch)
    const { position } = await one.log.append('chat:1', draft('d'), PLAIN)
    t.same(position, { epoch: page.head.epoch, offset: 1 })
    t.same(shown(await other.log.read('chat:1', pageQuery())), ['d'])
    t.same(shown(await other.log.read('chat:2', pageQuery())), ['c'], 'and no other room does')
  })

  t.test('that is deleted has no message of its former epoch to redact', async (t) => {
    const [one, other] = await open(t)
    const former = await one.log.append('chat:1', draft('a'), PLAIN)
    await one.log.deleteRoom('chat:1')
    const { position } = await one.log.append('chat:1', draft('b'), PLAIN)
    t.equal(await other.log.redact('chat:1', 1, former.position?.epoch), false)
    t.same(shown(await one.log.read('chat:1', pageQuery())), ['b'])
    t.equal(await other.log.redact('chat:1', 1, position?.epoch), true)
    t.same(shown(await one.log.read('chat:1', pageQuery())), ['redacted'])
  })

  t.test('that keeps nothing is not deleted, and no follower is told', async (t) => {
    const [one, other] = await open(t)
    const { listener } = await listen(other, 'chat:1')
    t.equal(await one.log.deleteRoom('chat:1'), false)
    await one.log.append('chat:1', draft('a'), PLAIN)
    await soon(() => listener.told.length > 0)
    t.same(listener.told, ['a'])
  })

  t.test('takes its idempotency keys along, with history and without', async (t) => {
    for (const retention of [KEPT, null]) {
      const [one, other] = await open(t)
      const say = async (log: typeof one.log, room: string, text: string) =>
        log.append(room, draft(text), { ...keyed('k'), retention })
      for (const room of ['chat:1', 'chat:2']) await say(one.log, room, 'a')
      await one.log.deleteRoom('chat:1')
      t.match(await say(other.log, 'chat:1', 'b'), { repeated: false })
      t.match(await say(one.log, 'chat:1', 'b'), { repeated: true }, 'and has keys again')
      t.match(await say(other.log, 'chat:2', 'a'), { repeated: true })
    }
  })

  t.test('is deleted between two messages: each is before it or after it', async (t) => {
    const engines = await open(t)
    const rooms = await Promise.all(nodesOf(engines).map((node) => listen(node, 'chat:1')))
    await engines[0].log.append('chat:1', draft('0'), PLAIN)
    const append = async (i: number) =>
      engines[i % 2 === 0 ? 0 : 1].log.append('chat:1', draft(String(i)), PLAIN)
    const some = (from: number) => Array.from({ length: 100 }, (_, i) => append(from + i))
    const early = some(1)
    const deleted = engines[1].log.deleteRoom('chat:1')
    const answers = await Promise.all([...early, ...some(101)])
    t.equal(await deleted, true)
    const { epoch } = (await append(201)).position ?? { epoch: '' }
    await soon(() => rooms.every(({ listener }) => listener.told.includes('201')))
    const page = await engines[0].log.read('chat:1', pageQuery({ limit: 1_000 }))
    for (const { listener } of rooms) {
      const at = listener.told.indexOf('gap')
      t.equal(listener.told.lastIndexOf('gap'), at, 'it is told once')
      t.same(listener.told.slice(at + 1), shown(page), 'what is told after it is kept')
      t.same(
        listener.heard.slice(0, at).map((m) => m.epoch),
        Array(at).fill(listener.gapAfter?.epoch),
      )
      t.same(listener.gapAfter?.offset, at)
    }
    const later = answers.filter(({ position }) => position?.epoch === epoch)
    t.equal(later.length + 1, page.messages.length)
    const offsets = page.messages.map(({ offset }) => offset)
    t.same(
      offsets,
      offsets.map((_, index) => index + 1),
    )
  })
}

function listContract(t: Test, open: OpenShared): void {
  t.test('is in the order of names, with the newest position of each', async (t) => {
    const [one, other] = await open(t)
    for (const room of ['b', 'a', 'user:x%y', 'B', 'b', 'a.b', 'a-b', '-', '~']) {
      await one.log.append(room, draft('x'), PLAIN)
    }
    await one.log.append('none', draft('x'), { ...PLAIN, retention: null })
    const list = await other.log.list(LISTED)
    const names = ['-', 'B', 'a', 'a-b', 'a.b', 'b', 'user:x%y', '~']
    const heads = await Promise.all(names.map((room) => other.log.head(room)))
    t.same(
      list,
      names.map((room, at) => ({ room, head: heads[at] })),
    )
    t.same(
      list.map(({ head }) => head.offset),
      names.map((room) => (room === 'b' ? 2 : 1)),
    )
    t.same(await other.log.list({ ...LISTED, after: 'a', limit: 2 }), list.slice(3, 5))
    t.same(await other.log.list({ ...LISTED, after: '~' }), [])
  })

  t.test('has no room that was deleted', async (t) => {
    const [one, other] = await open(t)
    for (const room of ['a', 'b']) await one.log.append(room, draft('x'), PLAIN)
    await one.log.deleteRoom('a')
    t.match(await other.log.list(LISTED), [{ room: 'b' }])
    t.equal((await other.log.list(LISTED)).length, 1)
    await one.log.append('a', draft('x'), PLAIN)
    t.match(await other.log.list(LISTED), [{ room: 'a', head: { offset: 1 } }, { room: 'b' }])
  })
}
