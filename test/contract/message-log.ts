// What every engine must do for messages of rooms without history.
import type { Test } from 'tap'
import type { Follower, IdempotencyKey } from '../../src/engine/message-log.ts'
import { KeyConflict } from '../../src/engine/message-log.ts'
import type { Message } from '../../src/protocol/message.ts'
import type { OpenEmpty } from './openers.ts'
import { draft } from './samples.ts'

const PLAIN = { retention: null, key: null }

function keyed(value: string, sender = 'u_ada'): { retention: null; key: IdempotencyKey } {
  return { retention: null, key: { value, sender } }
}

/** Follows, and remembers what it was told. */
function listener(): Follower & { heard: Message[]; texts(): string[] } {
  const heard: Message[] = []
  return {
    heard,
    texts: () => heard.map(({ payload }) => payload.toString()),
    onMessage: (message) => heard.push(message),
    onRedacted: () => {},
    onGap: () => {},
  }
}

export function messageLogContract(t: Test, open: OpenEmpty): void {
  t.test('following', async (t) => followContract(t, open))
  t.test('idempotency keys', async (t) => keyContract(t, open))

  t.test('a message carries what was handed in, and the time of the answer', async (t) => {
    const { log } = await open(t)
    const room = listener()
    await log.follow('chat:1', room)
    const bytes = draft('', { kind: 'binary', payload: Buffer.from([0, 255]), user: null })
    const answer = await log.append('chat:1', bytes, PLAIN)
    t.same(answer, { position: null, time: answer.time, repeated: false })
    t.same(room.heard, [{ ...bytes, epoch: null, offset: 0, time: answer.time }])
  })

  t.test('nothing is kept', async (t) => {
    const { log } = await open(t)
    await log.append('chat:1', draft('hello'), PLAIN)
    t.match(await log.head('chat:1'), { offset: 0 })
    t.equal(await log.redact('chat:1', 1), false)
  })
}

function followContract(t: Test, open: OpenEmpty): void {
  t.test('messages arrive in order, each before its answer', async (t) => {
    const { log } = await open(t)
    const room = listener()
    await log.follow('chat:1', room)
    for (const text of ['one', 'two', 'three']) {
      await log.append('chat:1', draft(text), PLAIN)
      t.equal(room.texts().at(-1), text)
    }
    t.same(room.texts(), ['one', 'two', 'three'])
  })

  t.test('a room hears nothing of another', async (t) => {
    const { log } = await open(t)
    const room = listener()
    await log.follow('chat:1', room)
    await log.append('chat:2', draft('hello'), PLAIN)
    t.same(room.texts(), [])
  })

  t.test('a follow that was stopped hears no more', async (t) => {
    const { log } = await open(t)
    const room = listener()
    const follow = await log.follow('chat:1', room)
    follow.stop()
    follow.stop()
    await log.append('chat:1', draft('hello'), PLAIN)
    t.same(room.texts(), [])
  })

  t.test('a new follower takes the place of the old, and the old stop leaves it be', async (t) => {
    const { log } = await open(t)
    const [old, current] = [listener(), listener()]
    const before = await log.follow('chat:1', old)
    await log.follow('chat:1', current)
    before.stop()
    await log.append('chat:1', draft('hello'), PLAIN)
    t.same(old.texts(), [])
    t.same(current.texts(), ['hello'])
  })
}

function keyContract(t: Test, open: OpenEmpty): void {
  t.test('a retry gets the first answer and delivers nothing', async (t) => {
    const { log } = await open(t)
    const room = listener()
    await log.follow('chat:1', room)
    const first = await log.append('chat:1', draft('hello'), keyed('k'))
    const again = await log.append('chat:1', draft('hello'), keyed('k'))
    t.equal(first.repeated, false)
    t.same(again, { ...first, repeated: true })
    t.same(room.texts(), ['hello'])
  })

  t.test('the same key with another body is a conflict and delivers nothing', async (t) => {
    const { log } = await open(t)
    const room = listener()
    await log.follow('chat:1', room)
    await log.append('chat:1', draft('1'), keyed('k'))
    const others = [draft('2'), draft('1', { kind: 'json' })]
    for (const other of others) {
      await t.rejects(async () => log.append('chat:1', other, keyed('k')), KeyConflict)
    }
    t.same(room.texts(), ['1'])
  })

  t.test('keys of different rooms, senders and values never meet', async (t) => {
    const { log } = await open(t)
    const answers = [
      await log.append('chat:1', draft('a'), keyed('k', 'u_ada')),
      await log.append('chat:1', draft('b'), keyed('k', 'u_bob')),
      await log.append('chat:1', draft('c'), keyed('K', 'u_ada')),
      await log.append('chat:2', draft('d'), keyed('k', 'u_ada')),
    ]
    t.notOk(answers.some(({ repeated }) => repeated))
  })
}
