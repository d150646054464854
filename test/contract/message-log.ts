// The contract of messages in every room, with history or without.
import type { Test } from 'tap'
import { type AppendOptions, KeyConflict, type Retention } from '../../src/engine/message-log.ts'
import { NO_HOLDER } from '../../src/engine/shares.ts'
import { listen } from './support/listener.ts'
import { draft } from './support/samples.ts'
import { nodesOf, type OpenShared, type Subject, soon } from './support/suite-setup.ts'

const KINDS: Record<string, Retention | null> = {
  'rooms without history': null,
  'rooms with history': { messages: 10_000, ageMs: null },
}

type Options = (key?: string, sender?: string) => AppendOptions

export function messageLogContract(t: Test, { openShared, cutOff }: Subject): void {
  for (const [kind, retention] of Object.entries(KINDS)) {
    const options: Options = (value, sender = 'u_ada') => ({
      retention,
      holder: NO_HOLDER,
      key: value === undefined ? null : { value, sender },
    })
    t.test(kind, async (t) => {
      t.test('following', async (t) => followContract(t, openShared, options))
      t.test('echo', async (t) => echoContract(t, openShared, options))
      t.test('idempotency keys', async (t) => keyContract(t, openShared, options))
    })
  }
  t.test('messages that are not kept', async (t) => ephemeralContract(t, openShared))
  if (cutOff !== null) t.test('a cut', async (t) => cutContract(t, openShared, cutOff))
}

function followContract(t: Test, openShared: OpenShared, options: Options): void {
  t.test('every message is answered and told on every node, each once and in order', async (t) => {
    const [one, other] = await openShared(t)
    const rooms = await Promise.all(nodesOf([one, other]).map((node) => listen(node, 'chat:1')))
    for (const text of ['one', 'two', 'three']) {
      t.match(await one.log.append('chat:1', draft(text), options()), { repeated: false })
    }
    await soon(() => rooms.every(({ listener }) => listener.told.length >= 3))
    for (const { listener } of rooms) t.same(listener.told, ['one', 'two', 'three'])
  })

  t.test('all members hear messages of both nodes in one order', async (t) => {
    const [one, other] = await openShared(t)
    const rooms = await Promise.all(nodesOf([one, other]).map((node) => listen(node, 'chat:1')))
    const texts = Array.from({ length: 400 }, (_, i) => String(i))
    await Promise.all(
      texts.map(async (text, i) => {
        await (i % 2 === 0 ? one : other).log.append('chat:1', draft(text), options())
      }),
    )
    await soon(() => rooms.every(({ listener }) => listener.told.length >= texts.length))
    for (const { listener } of rooms) {
      t.same(listener.told, rooms[0]?.listener.told)
      t.same(new Set(listener.told), new Set(texts))
      const ofOne = listener.told.filter((text) => Number(text) % 2 === 0)
      t.same(
        ofOne,
        ofOne.toSorted((a, b) => Number(a) - Number(b)),
        'messages of one node, in its order',
      )
    }
  })

  t.test('a room hears nothing of another', async (t) => {
    const [one, other] = await openShared(t)
    const { listener } = await listen(other, 'chat:1')
    await one.log.append('chat:2', draft('elsewhere'), options())
    await one.log.append('chat:1', draft('here'), options())
    await soon(() => listener.told.length > 0)
    t.same(listener.told, ['here'])
  })

  t.test('a follow that was stopped hears no more', async (t) => {
    const [one, other] = await openShared(t)
    const { listener, follow } = await listen(other, 'chat:1')
    await one.log.append('chat:1', draft('before'), options())
    await soon(() => listener.told.length > 0)
    follow.stop()
    follow.stop()
    const { listener: next } = await listen(other, 'chat:1')
    await one.log.append('chat:1', draft('after'), options())
    await soon(() => next.told.length > 0)
    t.same([listener.told, next.told], [['before'], ['after']])
  })

  t.test('a new follower replaces the old one, whose stop does nothing to it', async (t) => {
    const [one, other] = await openShared(t)
    const old = await listen(other, 'chat:1')
    const current = await listen(other, 'chat:1')
    old.follow.stop()
    await one.log.append('chat:1', draft('hello'), options())
    await soon(() => current.listener.told.length > 0)
    t.same([old.listener.told, current.listener.told], [[], ['hello']])
  })
}

function echoContract(t: Test, openShared: OpenShared, options: Options): void {
  t.test('a message that is not for its own connection is told so, on every node', async (t) => {
    const [one, other] = await openShared(t)
    const rooms = await Promise.all(nodesOf([one, other]).map((node) => listen(node, 'chat:1')))
    const origin = 'connection-1'
    await one.log.append('chat:1', draft('quiet', { origin, unechoed: true }), options())
    await one.log.append('chat:1', draft('loud', { origin }), options())
    await soon(() => rooms.every(({ listener }) => listener.heard.length >= 2))
    for (const { listener } of rooms) {
      t.match(listener.heard, [{ origin, unechoed: true }, { origin }])
      t.notOk(listener.heard[1]?.unechoed)
    }
  })
}

function keyContract(t: Test, openShared: OpenShared, options: Options): void {
  t.test('a retry on the other node gets the first answer, and delivers nothing', async (t) => {
    const [one, other] = await openShared(t)
    const { listener } = await listen(other, 'chat:1')
    const first = await one.log.append('chat:1', draft('hello'), options('k'))
    t.equal(first.repeated, false)
    for (const { log } of [one, other]) {
      const again = await log.append('chat:1', draft('hello'), options('k'))
      t.same(again, { ...first, repeated: true })
    }
    await one.log.append('chat:1', draft('last'), options())
    await soon(() => listener.told.includes('last'))
    t.same(listener.told, ['hello', 'last'])
  })

  t.test('of 20 at once with one key, over both nodes, one takes effect', async (t) => {
    const [one, other] = await openShared(t)
    const { listener } = await listen(other, 'chat:1')
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, i) =>
        (i % 2 === 0 ? one : other).log.append('chat:1', draft('hello'), options('k')),
      ),
    )
    t.equal(answers.filter(({ repeated }) => !repeated).length, 1)
    t.equal(new Set(answers.map(({ position }) => position?.offset)).size, 1)
    t.equal(new Set(answers.map(({ time }) => time)).size, 1)
    await one.log.append('chat:1', draft('last'), options())
    await soon(() => listener.told.includes('last'))
    t.same(listener.told, ['hello', 'last'])
  })

  t.test('another body or kind with the same key is a conflict, and changes nothing', async (t) => {
    const [one, other] = await openShared(t)
    const { listener } = await listen(one, 'chat:1')
    await one.log.append('chat:1', draft('1'), options('k'))
    for (const wrong of [draft('2'), draft('1', { kind: 'json' })]) {
      for (const { log } of [one, other]) {
        await t.rejects(async () => log.append('chat:1', wrong, options('k')), KeyConflict)
      }
    }
    await other.log.append('chat:1', draft('last'), options())
    await soon(() => listener.told.includes('last'))
    t.same(listener.told, ['1', 'last'])
  })

  t.test('keys of different rooms, senders and values never meet', async (t) => {
    const [one, other] = await openShared(t)
    const answers = [
      await one.log.append('chat:1', draft('a'), options('k', 'u_ada')),
      await other.log.append('chat:1', draft('b'), options('k', 'u_bob')),
      await one.log.append('chat:1', draft('c'), options('K', 'u_ada')),
      await other.log.append('chat:2', draft('d'), options('k', 'u_ada')),
    ]
    t.notOk(answers.some(({ repeated }) => repeated))
  })
}

function ephemeralContract(t: Test, openShared: OpenShared): void {
  const plain: AppendOptions = { retention: null, key: null, holder: NO_HOLDER }

  t.test('a message carries what was handed in, and the time of the answer', async (t) => {
    const [one, other] = await openShared(t)
    const { listener } = await listen(other, 'chat:1')
    const bytes = draft('', { kind: 'binary', payload: Buffer.from([0, 255]), user: null })
    const answer = await one.log.append('chat:1', bytes, plain)
    t.same(answer, { position: null, time: answer.time, repeated: false })
    await soon(() => listener.heard.length > 0)
    t.same(listener.heard, [{ ...bytes, epoch: null, offset: 0, time: answer.time }])
  })

  t.test('nothing is kept', async (t) => {
    const [one, other] = await openShared(t)
    await one.log.append('chat:1', draft('hello'), plain)
    t.match(await other.log.head('chat:1'), { offset: 0 })
    t.equal(await other.log.redact('chat:1', 1), false)
  })
}

function cutContract(t: Test, openShared: OpenShared, cutOff: NonNullable<Subject['cutOff']>) {
  const options = (retention: Retention | null): AppendOptions => ({
    ...{ retention, key: null, holder: NO_HOLDER },
  })

  t.test('missed messages come before anything newer, or the node is told of a gap', async (t) => {
    for (const retention of Object.values(KINDS)) {
      const [one, other] = await openShared(t)
      const { listener } = await listen(other, 'chat:1')
      await one.log.append('chat:1', draft('before'), options(retention))
      await soon(() => listener.told.length === 1)
      const back = cutOff(other)
      await one.log.append('chat:1', draft('missed'), options(retention))
      back()
      await one.log.append('chat:1', draft('after'), options(retention))
      await soon(() => listener.told.includes('after'))
      t.same([listener.told[0], listener.told.at(-1)], ['before', 'after'])
      // A message on its way may come when the cut is over, beside the gap that stands for it.
      const between = listener.told.slice(1, -1)
      t.ok(between.length > 0 && between.length === new Set(between).size)
      t.ok(between.every((told) => told === 'missed' || told === 'gap'))
      const { gapAfter } = listener
      if (gapAfter !== null) t.equal(gapAfter.offset, retention === null ? 0 : 1)
    }
  })

  t.test('messages read while a node is cut off are told first', async (t) => {
    const [one, other] = await openShared(t)
    const { listener } = await listen(other, 'chat:1')
    const back = cutOff(other)
    await one.log.append('chat:1', draft('a'), options(KINDS['rooms with history'] ?? null))
    const { offset } = await other.log.head('chat:1')
    const told = listener.told.includes('gap') ? offset : listener.heard.length
    t.equal(told, offset)
    back()
  })
}
