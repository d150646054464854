// The contract of messages in rooms with history, beyond what every room must keep.
import type { Test } from 'tap'
import type { AppendOptions, PageQuery } from '../../src/engine/message-log.ts'
import { NO_HOLDER } from '../../src/engine/shares.ts'
import type { Message } from '../../src/protocol/message.ts'
import { pageQuery } from '../support/page-query.ts'
import { Listener, listen } from './support/listener.ts'
import { draft } from './support/samples.ts'
import { nodesOf, type OpenShared, soon } from './support/suite-setup.ts'

const KEPT = { messages: 1_000, ageMs: null }
const PLAIN: AppendOptions = { retention: KEPT, key: null, holder: NO_HOLDER }

const offsets = (messages: readonly Message[]): number[] => messages.map(({ offset }) => offset)
const texts = (messages: readonly Message[]): string[] =>
  messages.map(({ payload }) => payload.toString())

export function historyContract(t: Test, open: OpenShared): void {
  t.test('positions', async (t) => positionContract(t, open))
  t.test('told before shown', async (t) => toldContract(t, open))
  t.test('pages', async (t) => pageContract(t, open))
  t.test('summaries', async (t) => summaryContract(t, open))
  t.test('redaction', async (t) => redactionContract(t, open))
}

function positionContract(t: Test, open: OpenShared): void {
  t.test('offsets are 1, 2, 3 in each room, in one epoch, and the head follows', async (t) => {
    const [{ log }, other] = await open(t)
    const before = await other.log.head('chat:1')
    t.equal(before.offset, 0)
    for (const offset of [1, 2, 3]) {
      const { position } = await log.append('chat:1', draft('a'), PLAIN)
      t.same(position, { epoch: before.epoch, offset })
    }
    t.match(await other.log.append('chat:2', draft('b'), PLAIN), { position: { offset: 1 } })
    t.same(await other.log.head('chat:1'), { epoch: before.epoch, offset: 3 })
    t.equal((await log.head('chat:3')).offset, 0)
  })

  t.test('many at once get offsets without holes, in the order of their calls', async (t) => {
    const [one, other] = await open(t)
    const { listener } = await listen(other, 'chat:1')
    const appends = Array.from({ length: 3_000 }, (_, i) =>
      one.log.append(`chat:${i % 3}`, draft(String(i)), PLAIN),
    )
    const answers = await Promise.all(appends)
    const expected = answers.map((_, i) => Math.floor(i / 3) + 1)
    const given = answers.map(({ position }) => position?.offset)
    t.same(given, expected)
    await soon(() => listener.heard.length >= 1_000)
    t.same(
      offsets(listener.heard),
      Array.from({ length: 1_000 }, (_, i) => i + 1),
    )
  })

  t.test('appends of two nodes at once get offsets without holes, told in order', async (t) => {
    const engines = await open(t)
    const rooms = await Promise.all(nodesOf(engines).map((node) => listen(node, 'chat:1')))
    const appends = Array.from({ length: 500 }, async (_, i) =>
      engines[i % 2 === 0 ? 0 : 1].log.append('chat:1', draft(String(i)), PLAIN),
    )
    const answers = (await Promise.all(appends)).map(({ position }) => position?.offset ?? 0)
    const expected = Array.from({ length: 500 }, (_, i) => i + 1)
    const sorted = answers.toSorted((a, b) => a - b)
    t.same(sorted, expected)
    await soon(() => rooms.every(({ listener }) => listener.heard.length >= 500))
    for (const { listener } of rooms) t.same(offsets(listener.heard), expected)
  })

  t.test('a member is told payload, position and time, as the publisher is answered', async (t) => {
    const [one, other] = await open(t)
    const { listener } = await listen(other, 'chat:1')
    const said = draft('', { kind: 'binary', payload: Buffer.from([0, 255]), origin: 'c1' })
    const { position, time } = await one.log.append('chat:1', said, PLAIN)
    await soon(() => listener.heard.length > 0)
    t.same(listener.heard, [{ ...said, ...position, time }])
  })
}

function toldContract(t: Test, open: OpenShared): void {
  t.test('a page shows only messages that the follower of that node was told before', async (t) => {
    const [one, other] = await open(t)
    const { listener } = await listen(other, 'chat:1')
    const ahead: number[] = []
    const look = async (head: Promise<{ offset: number }>): Promise<void> => {
      const { offset } = await head
      if (offset > listener.heard.length) ahead.push(offset)
    }
    for (let i = 0; i < 100; i += 1) {
      const appended = one.log.append('chat:1', draft(String(i)), PLAIN)
      const newest = pageQuery({ order: 'desc', limit: 1 })
      const reads = Array.from({ length: 8 }, () => [
        look(other.log.head('chat:1')),
        look(other.log.read('chat:1', newest).then(({ head }) => head)),
      ])
      await Promise.all([appended, ...reads.flat()])
    }
    t.same(ahead, [])
    await soon(() => listener.heard.length >= 100)
    t.equal(listener.heard.length, 100, 'and nothing is told twice')
  })

  t.test('a message acknowledged on one node is shown on the other', async (t) => {
    const [one, other] = await open(t)
    const { listener } = await listen(other, 'chat:1')
    for (let offset = 1; offset <= 20; offset += 1) {
      await one.log.append('chat:1', draft(String(offset)), PLAIN)
      t.equal((await other.log.head('chat:1')).offset, offset)
      t.equal(listener.heard.length, offset)
    }
  })

  t.test('follow and append may meet: a message not told is in the page read after', async (t) => {
    const [one, other] = await open(t)
    const appends = Array.from({ length: 100 }, (_, i) =>
      one.log.append('chat:1', draft(`${i}`), PLAIN),
    )
    const listener = new Listener()
    await other.log.follow('chat:1', listener)
    const { messages, head } = await other.log.read('chat:1', pageQuery({ limit: 200 }))
    await Promise.all(appends)
    await soon(() => (listener.heard.at(-1)?.offset ?? head.offset) >= 100)
    const known = [...messages, ...listener.heard.filter(({ offset }) => offset > head.offset)]
    t.same(
      offsets(known),
      appends.map((_, i) => i + 1),
    )
  })
}

function pageContract(t: Test, open: OpenShared): void {
  t.test('pages go both ways, with exclusive bounds and a limit', async (t) => {
    const [{ log }, { log: reader }] = await open(t)
    for (let i = 1; i <= 10; i += 1) await log.append('chat:1', draft(`m${i}`), PLAIN)
    const read = async (query: Partial<PageQuery>) =>
      offsets((await reader.read('chat:1', pageQuery(query))).messages)
    t.same(await read({}), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    t.same(await read({ after: 3, limit: 3 }), [4, 5, 6])
    t.same(await read({ after: 3, before: 6 }), [4, 5])
    t.same(await read({ order: 'desc', limit: 3 }), [10, 9, 8])
    t.same(await read({ order: 'desc', before: 4 }), [3, 2, 1])
    t.same(await read({ after: 10 }), [])
    t.same(await read({ after: 99 }), [])
    t.same(await read({ before: 1 }), [])
  })

  t.test('a message is read as published, byte for byte, and the page has the head', async (t) => {
    const [{ log }, { log: reader }] = await open(t)
    const said = [
      draft('{"a":1}', { kind: 'json' }),
      draft('', { kind: 'text', user: null, name: null }),
      draft('', {
        kind: 'binary',
        payload: Buffer.from(Array.from({ length: 256 }, (_, i) => i)),
      }),
    ]
    const times: number[] = []
    for (const one of said) times.push((await log.append('chat:1', one, PLAIN)).time)
    const { head, messages } = await reader.read('chat:1', pageQuery())
    t.same(head, await reader.head('chat:1'))
    const expected = said.map((one, i) => {
      const position = { epoch: head.epoch, offset: i + 1 }
      return { ...one, ...position, origin: null, time: times[i] }
    })
    t.same(messages, expected)
    t.same((await reader.read('chat:2', pageQuery())).messages, [], 'another room has its own')
  })

  t.test('messages beyond the retention are not shown, by count and by age', async (t) => {
    const [{ log }, { log: reader }] = await open(t)
    for (let i = 1; i <= 10; i += 1) await log.append('chat:1', draft(`m${i}`), PLAIN)
    const few = { retention: { messages: 3, ageMs: null } }
    t.same(offsets((await reader.read('chat:1', pageQuery(few))).messages), [8, 9, 10])
    const old = { retention: { messages: 100, ageMs: -60_000 } }
    const { head, messages } = await reader.read('chat:1', pageQuery(old))
    t.same([head.offset, messages], [10, []])
  })

  t.test('a page of large messages is bounded in bytes and never empty for that', async (t) => {
    const [{ log }, { log: reader }] = await open(t)
    const large = Buffer.alloc(1_000, 'x')
    for (let i = 0; i < 5; i += 1) {
      await log.append('chat:1', draft('', { kind: 'binary', payload: large }), PLAIN)
    }
    const read = async (query: Partial<PageQuery>) =>
      offsets((await reader.read('chat:1', pageQuery(query))).messages)
    t.same(await read({ bytes: 2_999 }), [1, 2])
    t.same(await read({ bytes: 2_999, order: 'desc' }), [5, 4])
    t.same(await read({ bytes: 1 }), [1])
    t.same(await read({ bytes: 1, after: 2 }), [3])
  })
}

function summaryContract(t: Test, open: OpenShared): void {
  t.test('a summary has the head, the oldest offset that is kept, and redactions', async (t) => {
    const [one, other] = await open(t)
    const nothing = await other.log.summary('chat:1', KEPT)
    t.match(nothing, { head: { offset: 0 }, oldest: 1, redactions: 0 })
    for (let i = 1; i <= 5; i += 1) await one.log.append('chat:1', draft(`m${i}`), PLAIN)
    await one.log.append('chat:2', draft('b'), PLAIN)
    for (const offset of [2, 2, 3]) await one.log.redact('chat:1', offset)
    const { head } = nothing
    const expected = { ...nothing, head: { ...head, offset: 5 }, redactions: 2 }
    t.same(await other.log.summary('chat:1', KEPT), expected)
    t.match(await other.log.read('chat:1', pageQuery()), expected)
    t.match(await other.log.summary('chat:2', KEPT), { redactions: 0 })
    const few = { messages: 2, ageMs: null }
    t.same(await other.log.summary('chat:1', few), { ...expected, oldest: 4 })
    t.match(await other.log.read('chat:1', pageQuery({ retention: few })), { oldest: 4 })
    const old = { messages: 100, ageMs: -60_000 }
    t.same(await other.log.summary('chat:1', old), { ...expected, oldest: 6 })
  })
}

function redactionContract(t: Test, open: OpenShared): void {
  t.test(
    'a message that was redacted keeps its offset, and loses its payload and its name',
    async (t) => {
      const [one, other] = await open(t)
      for (const text of ['a', 'b', 'c']) await one.log.append('chat:1', draft(text), PLAIN)
      t.equal(await other.log.redact('chat:1', 2), true)
      const { messages } = await one.log.read('chat:1', pageQuery())
      t.same(texts(messages), ['a', '', 'c'])
      t.same(
        messages.map(({ name }) => name),
        ['Ada', null, 'Ada'],
      )
      const redacted = messages.map(({ redacted }) => redacted)
      t.same(redacted, [undefined, true, undefined])
      t.equal((await one.log.head('chat:1')).offset, 3)
    },
  )

  t.test('a redaction is told on every node, after the message', async (t) => {
    const engines = await open(t)
    const rooms = await Promise.all(nodesOf(engines).map((node) => listen(node, 'chat:1')))
    const elsewhere = await listen(engines[1], 'chat:2')
    const [{ log }] = engines
    const { position } = await log.append('chat:1', draft('a'), PLAIN)
    await log.redact('chat:1', position?.offset ?? 0)
    await log.append('chat:1', draft('b'), PLAIN)
    await log.append('chat:2', draft('c'), PLAIN)
    await soon(() => rooms.every(({ listener }) => listener.told.length >= 3))
    for (const { listener } of rooms) t.same(listener.told, ['a', 'redacted 1', 'b'])
    await soon(() => elsewhere.listener.told.length > 0)
    t.same(elsewhere.listener.told, ['c'], 'another room hears nothing of it')
  })

  t.test('twice, at another offset or in another room it changes and tells nothing', async (t) => {
    const [one, other] = await open(t)
    const { listener } = await listen(one, 'chat:1')
    await one.log.append('chat:1', draft('a'), PLAIN)
    await other.log.redact('chat:1', 1)
    t.equal(await one.log.redact('chat:1', 1), false)
    t.equal(await one.log.redact('chat:1', 2), false)
    t.equal(await other.log.redact('chat:2', 1), false)
    await other.log.append('chat:1', draft('b'), PLAIN)
    await soon(() => listener.told.includes('b'))
    t.same(listener.told, ['a', 'redacted 1', 'b'])
  })
}
