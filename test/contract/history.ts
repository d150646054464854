// What every engine must do for messages of rooms with history.
import type { Test } from 'tap'
import {
  type AppendOptions,
  type Follower,
  KeyConflict,
  type PageQuery,
} from '../../src/engine/message-log.ts'
import type { Message } from '../../src/protocol/message.ts'
import type { OpenEmpty } from './openers.ts'
import { draft } from './samples.ts'

const KEPT = { messages: 1_000, ageMs: null }
const PLAIN: AppendOptions = { retention: KEPT, key: null }

const keyed = (value: string, sender = 'u_ada'): AppendOptions => ({
  retention: KEPT,
  key: { value, sender },
})

function page(query: Partial<PageQuery> = {}): PageQuery {
  return { retention: KEPT, after: null, before: null, limit: 100, order: 'asc', ...query }
}

const offsets = (messages: readonly Message[]): number[] => messages.map(({ offset }) => offset)
const texts = (messages: readonly Message[]): string[] =>
  messages.map(({ payload }) => payload.toString())

export function historyContract(t: Test, open: OpenEmpty): void {
  t.test('positions', async (t) => positionContract(t, open))
  t.test('pages', async (t) => pageContract(t, open))
  t.test('keys', async (t) => keyContract(t, open))
  t.test('redaction', async (t) => redactionContract(t, open))
}

function positionContract(t: Test, open: OpenEmpty): void {
  t.test('offsets are 1, 2, 3 in each room, in one epoch, and the head follows', async (t) => {
    const { log } = await open(t)
    const before = await log.head('chat:1')
    t.equal(before.offset, 0)
    for (const offset of [1, 2, 3]) {
      const { position } = await log.append('chat:1', draft('a'), PLAIN)
      t.same(position, { epoch: before.epoch, offset })
    }
    t.match(await log.append('chat:2', draft('b'), PLAIN), { position: { offset: 1 } })
    t.same(await log.head('chat:1'), { epoch: before.epoch, offset: 3 })
    t.equal((await log.head('chat:3')).offset, 0)
  })

  t.test('many at once get offsets without holes, in the order of their calls', async (t) => {
    const { log } = await open(t)
    const heard: number[] = []
    const follower: Follower = {
      onMessage: ({ offset }) => heard.push(offset),
      onRedacted: () => {},
      onGap: () => {},
    }
    await log.follow('chat:1', follower)
    const appends = Array.from({ length: 3_000 }, (_, i) =>
      log.append(`chat:${i % 3}`, draft(String(i)), PLAIN),
    )
    const answers = await Promise.all(appends)
    const expected = answers.map((_, i) => Math.floor(i / 3) + 1)
    t.same(
      answers.map(({ position }) => position?.offset),
      expected,
    )
    t.same(
      heard,
      Array.from({ length: 1_000 }, (_, i) => i + 1),
    )
  })

  t.test('a member hears a message before its publisher is answered, and what it is', async (t) => {
    const { log } = await open(t)
    const heard: Message[] = []
    await log.follow('chat:1', {
      onMessage: (message) => heard.push(message),
      onRedacted: () => {},
      onGap: () => {},
    })
    const said = draft('', { kind: 'binary', payload: Buffer.from([0, 255]), origin: 'c1' })
    const { position, time } = await log.append('chat:1', said, PLAIN)
    t.same(heard, [{ ...said, ...position, time }])
  })

  t.test('nothing is read that the followers did not hear before', async (t) => {
    const { log } = await open(t)
    let heard = 0
    const onMessage = ({ offset }: Message): void => {
      heard = offset
    }
    await log.follow('chat:1', { onMessage, onRedacted: () => {}, onGap: () => {} })
    const ahead: number[] = []
    const look = async (head: Promise<{ offset: number }>): Promise<void> => {
      const { offset } = await head
      if (offset > heard) ahead.push(offset)
    }
    for (let i = 0; i < 100; i += 1) {
      const appended = log.append('chat:1', draft(String(i)), PLAIN)
      const newest = page({ order: 'desc', limit: 1 })
      const reads = Array.from({ length: 8 }, () => [
        look(log.head('chat:1')),
        look(log.read('chat:1', newest).then(({ head }) => head)),
      ])
      await Promise.all([appended, ...reads.flat()])
    }
    t.same(ahead, [])
  })

  t.test('a follow that was stopped hears no more', async (t) => {
    const { log } = await open(t)
    const heard: Message[] = []
    const follow = await log.follow('chat:1', {
      onMessage: (m) => heard.push(m),
      onRedacted: () => {},
      onGap: () => {},
    })
    follow.stop()
    await log.append('chat:1', draft('a'), PLAIN)
    t.same(heard, [])
  })
}

function pageContract(t: Test, open: OpenEmpty): void {
  t.test('pages go both ways, with exclusive bounds and a limit', async (t) => {
    const { log } = await open(t)
    for (let i = 1; i <= 10; i += 1) await log.append('chat:1', draft(`m${i}`), PLAIN)
    const read = async (query: Partial<PageQuery>) =>
      offsets((await log.read('chat:1', page(query))).messages)
    t.same(await read({}), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    t.same(await read({ after: 3, limit: 3 }), [4, 5, 6])
    t.same(await read({ after: 3, before: 6 }), [4, 5])
    t.same(await read({ order: 'desc', limit: 3 }), [10, 9, 8])
    t.same(await read({ order: 'desc', before: 4 }), [3, 2, 1])
    t.same(await read({ after: 10 }), [])
    t.same(await read({ after: 99 }), [])
    t.same(await read({ before: 1 }), [])
  })

  t.test(
    'a message is read as it was said, byte for byte, and the page has the head',
    async (t) => {
      const { log } = await open(t)
      const said = [
        draft('{"a":1}', { kind: 'json' }),
        draft('', { kind: 'text', user: null }),
        draft('', {
          kind: 'binary',
          payload: Buffer.from(Array.from({ length: 256 }, (_, i) => i)),
        }),
      ]
      const times: number[] = []
      for (const one of said) times.push((await log.append('chat:1', one, PLAIN)).time)
      const { head, messages } = await log.read('chat:1', page())
      t.same(head, await log.head('chat:1'))
      const expected = said.map((one, i) => {
        const position = { epoch: head.epoch, offset: i + 1 }
        return { ...one, ...position, origin: null, time: times[i] }
      })
      t.same(messages, expected)
      t.same((await log.read('chat:2', page())).messages, [], 'another room has its own')
    },
  )

  t.test('what the retention no longer keeps is not shown, by count and by age', async (t) => {
    const { log } = await open(t)
    for (let i = 1; i <= 10; i += 1) await log.append('chat:1', draft(`m${i}`), PLAIN)
    const few = { retention: { messages: 3, ageMs: null } }
    t.same(offsets((await log.read('chat:1', page(few))).messages), [8, 9, 10])
    const old = { retention: { messages: 100, ageMs: -60_000 } }
    const { head, messages } = await log.read('chat:1', page(old))
    t.same([head.offset, messages], [10, []])
  })

  t.test('a page of large messages is bounded in bytes and never empty for that', async (t) => {
    const { log } = await open(t)
    const large = Buffer.alloc(3 * 1024 * 1024, 'x')
    for (let i = 0; i < 3; i += 1) {
      await log.append('chat:1', draft('', { kind: 'binary', payload: large }), PLAIN)
    }
    t.same(offsets((await log.read('chat:1', page())).messages), [1])
    t.same(offsets((await log.read('chat:1', page({ after: 2 }))).messages), [3])
  })
}

function keyContract(t: Test, open: OpenEmpty): void {
  t.test('a retry gets the first answer, and nothing is kept or told twice', async (t) => {
    const { log } = await open(t)
    const heard: Message[] = []
    await log.follow('chat:1', {
      onMessage: (message) => heard.push(message),
      onRedacted: () => {},
      onGap: () => {},
    })
    const first = await log.append('chat:1', draft('a'), keyed('k'))
    await log.append('chat:1', draft('b'), PLAIN)
    const again = await log.append('chat:1', draft('a'), keyed('k'))
    t.same(again, { ...first, repeated: true })
    t.same(texts(heard), ['a', 'b'])
    t.same(texts((await log.read('chat:1', page())).messages), ['a', 'b'])
  })

  t.test('twenty at once with one key: one is kept, all get its answer', async (t) => {
    const { log } = await open(t)
    const appends = Array.from({ length: 20 }, () => log.append('chat:1', draft('a'), keyed('k')))
    const answers = await Promise.all(appends)
    t.equal(answers.filter(({ repeated }) => !repeated).length, 1)
    t.same(new Set(answers.map(({ position }) => position?.offset)), new Set([1]))
    t.equal((await log.head('chat:1')).offset, 1)
  })

  t.test('another body or kind with the same key is a conflict, and changes nothing', async (t) => {
    const { log } = await open(t)
    await log.append('chat:1', draft('1'), keyed('k'))
    for (const other of [draft('2'), draft('1', { kind: 'json' })]) {
      await t.rejects(async () => log.append('chat:1', other, keyed('k')), KeyConflict)
    }
    t.equal((await log.head('chat:1')).offset, 1)
  })

  t.test('keys of different rooms, senders and values never meet', async (t) => {
    const { log } = await open(t)
    const answers = [
      await log.append('chat:1', draft('a'), keyed('k', 'u_ada')),
      await log.append('chat:1', draft('a'), keyed('k', 'u_bob')),
      await log.append('chat:1', draft('a'), keyed('K', 'u_ada')),
      await log.append('chat:2', draft('a'), keyed('k', 'u_ada')),
    ]
    t.notOk(answers.some(({ repeated }) => repeated))
  })
}

function redactionContract(t: Test, open: OpenEmpty): void {
  t.test('a message that was taken back keeps its offset and loses what it said', async (t) => {
    const { log } = await open(t)
    for (const text of ['a', 'b', 'c']) await log.append('chat:1', draft(text), PLAIN)
    t.equal(await log.redact('chat:1', 2), true)
    const { messages } = await log.read('chat:1', page())
    t.same(texts(messages), ['a', '', 'c'])
    t.same(
      messages.map(({ redacted }) => redacted),
      [undefined, true, undefined],
    )
    t.equal((await log.head('chat:1')).offset, 3)
  })

  t.test('twice, at another offset or in another room it is not there', async (t) => {
    const { log } = await open(t)
    await log.append('chat:1', draft('a'), PLAIN)
    await log.redact('chat:1', 1)
    t.equal(await log.redact('chat:1', 1), false)
    t.equal(await log.redact('chat:1', 2), false)
    t.equal(await log.redact('chat:2', 1), false)
  })
}
