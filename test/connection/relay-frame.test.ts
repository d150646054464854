// Publishing: what the rule demands of a message, and what a failure does to the connection.
import { test } from 'tap'
import { relayFrame } from '../../src/connection/commands/relay-frame.ts'
import { EngineUnavailable } from '../../src/engine/engine.ts'
import type { Appended } from '../../src/engine/message-log.ts'
import type { PublishCommand } from '../../src/protocol/command.ts'
import { CLOSE, type CloseCode, REPLY, Refusal } from '../../src/protocol/errors.ts'
import { ANONYMOUS, type Identity } from '../../src/protocol/identity.ts'
import type { Draft } from '../../src/protocol/message.ts'
import type { Rule } from '../../src/room/rule.ts'
import { TestRooms, userOf } from '../support/test-rooms.ts'

interface Answers {
  rule?: Partial<Rule>
  append?: () => Appended | Promise<Appended>
}

const DONE: Appended = { position: null, time: 0, repeated: false }

/** Publishes once in a room with this rule and log; gives the drafts and the close codes. */
async function saying(command: Partial<PublishCommand>, { rule, append }: Answers = {}) {
  const testRooms = new TestRooms({}, rule)
  const { room } = await testRooms.rooms.open('chat:a', testRooms.rule)
  const drafts: Draft[] = []
  testRooms.log.append = (_, draft) => {
    drafts.push(draft)
    return append ? append() : DONE
  }
  const closes: CloseCode[] = []
  const close = (code: CloseCode) => closes.push(code)
  const faults: unknown[] = []
  const fault = (error: unknown) => faults.push(error)
  const speaker = { id: 'c1', identity: userOf('ann'), address: '192.0.2.1', close, fault }
  const payload = Buffer.from('{"a":1}')
  relayFrame(speaker, room, {
    type: 'publish',
    id: 0,
    room: null,
    kind: 'text',
    payload,
    ...command,
  })
  await new Promise(setImmediate)
  return { drafts, closes, faults }
}

test('a message carries its sender and the id of the connection', async (t) => {
  const { drafts, closes } = await saying({})
  t.match(drafts, { length: 1, 0: { kind: 'text', user: 'ann', origin: 'c1' } })
  t.same(closes, [])
})

test('[C47] without the right to publish the connection is closed with 3507', async (t) => {
  const { drafts, closes } = await saying({}, { rule: { publish: ['server'] } })
  t.same(drafts, [])
  t.same(closes, [CLOSE.forbidden])
})

test('[C46] in a room of JSON text is JSON, or the connection is closed with 3501', async (t) => {
  const rule = { payload: 'json' } as const
  for (const good of ['{"a":1}', '1', 'null', ' "é" ', '[]']) {
    const { drafts, closes } = await saying({ payload: Buffer.from(good) }, { rule })
    t.match(drafts, { length: 1, 0: { kind: 'json', payload: Buffer.from(good) } })
    t.same(closes, [])
  }
  for (const bad of ['', '{', 'hello', '{"a":1}{', "{'a':1}"]) {
    const { drafts, closes } = await saying({ payload: Buffer.from(bad) }, { rule })
    t.same(drafts, [])
    t.same(closes, [CLOSE.badRequest], bad)
  }
  const { closes } = await saying({ kind: 'binary', payload: Buffer.from('1') }, { rule })
  t.same(closes, [CLOSE.badRequest], 'binary that would be JSON')
})

test('when the store is away the connection is closed with 3004, thrown or rejected', async (t) => {
  const away = new EngineUnavailable('away')
  const fails = [
    () => {
      throw away
    },
    () => Promise.reject(away),
  ]
  for (const append of fails) t.same((await saying({}, { append })).closes, [CLOSE.internal])
})

test('[S38] an unforeseen rejection is a fault that is told, and not the client’s', async (t) => {
  const fault = new Error('a fault that the test put in')
  const { closes, faults } = await saying({}, { append: () => Promise.reject(fault) })
  t.same([closes, faults], [[], [fault]])
  const refused = new Refusal(REPLY.internal, 'It is logged already.')
  const told = await saying({}, { append: () => Promise.reject(refused) })
  t.same([told.closes, told.faults], [[CLOSE.internal], []])
})

test('[S32] a forbidden room and one without a rule are refused in the same words', async (t) => {
  const words = async (rule: Partial<Rule>, identity: Identity) => {
    const { rooms } = new TestRooms({}, rule)
    try {
      return await rooms.permitted('chat:a', identity, 'join')
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      return [error.reply.status, error.message]
    }
  }
  for (const [identity, status] of [
    [userOf('ann'), 403],
    [ANONYMOUS, 401],
  ] as const) {
    const closed = await words({ match: '*', join: ['server'] }, identity)
    t.match(closed, [status, String])
    t.same(closed, await words({ match: 'elsewhere' }, identity))
  }
})
