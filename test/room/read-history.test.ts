// A page of history as the reply to a command has it.
import t from 'tap'
import { NO_HOLDER } from '../../src/engine/shares.ts'
import { ANONYMOUS } from '../../src/protocol/identity.ts'
import type { Draft, Position } from '../../src/protocol/message.ts'
import { SCOPES } from '../../src/protocol/scope.ts'
import type { HistoryRequest } from '../../src/room/read-history.ts'
import { RECOVERY } from '../../src/room/recovery.ts'
import { startApp } from '../support/app.ts'
import { OFFSETS, offsetsIn } from '../support/replies.ts'
import { limited } from '../support/settings.ts'
import { userOf } from '../support/test-rooms.ts'

const { app } = await startApp(t, limited({ readBytesPerSecondPerUser: 20_000 }))
const APPLICATION = { identity: null, address: null }
const ann = userOf('ann')

async function say(room: string, count: number, bytes = 1): Promise<Position | null> {
  const payload = Buffer.alloc(bytes, 'x')
  const draft = (): Draft => ({ kind: 'text', payload, user: null, name: null, origin: null })
  const all = Array.from({ length: count }, () => app.rooms.publish(room, APPLICATION, draft()))
  return (await Promise.all(all)).at(-1)?.position ?? null
}

function ask(room: string, wanted: Partial<HistoryRequest> = {}, identity = ann) {
  const request = { limit: null, since: null, isReverse: false, holder: NO_HOLDER, ...wanted }
  return app.rooms.history(room, identity, { ...request, replies: OFFSETS })
}

async function offsets(room: string, wanted?: Partial<HistoryRequest>): Promise<number[]> {
  return offsetsIn((await ask(room, wanted)).items)
}

/** The error word of the refusal. */
async function refused(asked: Promise<unknown>): Promise<string> {
  return asked.then(
    () => 'nothing',
    ({ reply }) => reply.error,
  )
}

const head = await say('chat:a', 5)
const epoch = head?.epoch ?? ''

t.test('messages from both ends, after a position or before it', async (t) => {
  const at = (offset: number, of = epoch) => ({ epoch: of, offset })
  t.same(await offsets('chat:a'), [1, 2, 3, 4, 5])
  t.same(await offsets('chat:a', { limit: 2 }), [1, 2])
  t.same(await offsets('chat:a', { limit: 2, isReverse: true }), [5, 4])
  t.same(await offsets('chat:a', { since: at(3) }), [4, 5])
  t.same(await offsets('chat:a', { since: at(3), isReverse: true }), [2, 1])
  t.same(await offsets('chat:a', { since: at(4), isReverse: true, limit: 1 }), [3])
  t.same(await offsets('chat:a', { since: at(3, '') }), [4, 5], 'an empty epoch stands for any')
  t.same(await offsets('chat:a', { since: at(9) }), [])
  t.same(await offsets('chat:a', { since: at(0), isReverse: true }), [])
})

t.test('a limit of 0 asks for the position alone', async (t) => {
  t.same(await ask('chat:a', { limit: 0 }), { items: [], position: head, redactions: 0 })
  t.match(await ask('chat:new'), { items: [], position: { offset: 0 }, redactions: 0 })
})

t.test('it tells how many messages were redacted', async (t) => {
  await say('chat:b', 2)
  const server = { ...ANONYMOUS, server: 'backend', scopes: SCOPES }
  await app.rooms.redact('chat:b', server, { offset: 1, holder: NO_HOLDER })
  t.match(await ask('chat:b'), { items: { length: 2 }, redactions: 1 })
})

t.test('another epoch is unrecoverable, and a room that keeps nothing not available', async (t) => {
  const since = { epoch: 'another', offset: 1 }
  t.equal(await refused(ask('chat:a', { since })), 'unrecoverable_position')
  t.equal(await refused(ask('chat:a', { since, limit: 0 })), 'unrecoverable_position')
  t.equal(await refused(ask('live:a')), 'not_available')
})

t.test('[S33] it needs the right to join, and a ticket for other rooms has none', async (t) => {
  const narrowed = userOf('ann', { rooms: ['chat:b'] })
  t.equal(await refused(ask('chat:a', {}, narrowed)), 'forbidden')
  t.equal(await refused(ask('user:bob')), 'forbidden')
})

t.test('[S44] an answer has at most 1,000 messages, and 512 KB but for one message', async (t) => {
  await say('chat:many', RECOVERY.messagesMax + 5)
  t.equal((await offsets('chat:many')).length, RECOVERY.messagesMax)
  t.equal((await offsets('chat:many', { limit: 100_000 })).length, RECOVERY.messagesMax)
  await say('chat:large', 10, 65_536)
  t.same(await offsets('chat:large'), [1, 2, 3, 4, 5, 6, 7, 8])
})

t.test('[S44] an answer counts as reading, and who has read too much waits', async (t) => {
  const holder = { ...NO_HOLDER, user: 'ann' }
  await ask('chat:large', { holder })
  await ask('chat:large', { holder })
  const late = await ask('chat:large', { holder }).catch((error) => error)
  t.match(late, { reply: { code: 111 }, limit: 'readBytesPerSecondPerUser' })
  t.match(await ask('chat:large', { holder, limit: 0 }), { position: { offset: 10 } })
})
