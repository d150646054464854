// Presence: a join and a leave are told at once, over nodes, whatever happens to the store.
import { test } from 'tap'
import { MemoryPresence } from '../../src/engine/memory/presence.ts'
import { ANONYMOUS } from '../../src/protocol/identity.ts'
import { raw } from '../../src/wire/raw.ts'
import { PresenceNode, turn } from '../support/presence-node.ts'

const ROOM = 'chat:a'

const idsIn = async ({ rooms }: PresenceNode): Promise<string[]> =>
  (await rooms.presence(ROOM, ANONYMOUS)).map(({ connection }) => connection)

test('a member gets its own join and those after it, and every leave but its own', async (t) => {
  const node = new PresenceNode()
  const first = await node.join()
  const second = await node.join()
  await turn()
  second.leave()
  first.leave()
  await turn()
  const [a, b] = [first.member.id, second.member.id]
  t.equal(first.member.heard, `+${a} +${b} -${b} `)
  t.equal(second.member.heard, `+${b} `)
})

test('a member of a format without words for it gets no join, and its own is told', async (t) => {
  const node = new PresenceNode()
  const telling = await node.join()
  const plain = await node.join(node.member({}, raw))
  plain.leave()
  await turn()
  t.equal(telling.member.heard, `+${telling.member.id} +${plain.member.id} -${plain.member.id} `)
  t.equal(plain.member.heard, '')
})

test('a member that is held back has joined once it is released', async (t) => {
  const node = new PresenceNode()
  const { member, hold } = await node.join()
  const late = node.member()
  hold.room.holdBack(late)
  t.same(await idsIn(node), [member.id])
  const gone = node.member()
  hold.room.holdBack(gone)
  hold.room.leave(gone)
  hold.room.release(late, { epoch: 'e', offset: 0 })
  await turn()
  t.same(await idsIn(node), [member.id, late.id])
  t.equal(member.heard, `+${member.id} +${late.id} `, 'who left before had not joined')
  t.equal(late.heard, `+${late.id} `)
})

test('a server key never appears', async (t) => {
  const node = new PresenceNode()
  const { member } = await node.join()
  const back = await node.join(node.member({ server: 'backend', proof: 'key' }))
  back.leave()
  await turn()
  t.equal(member.heard, `+${member.id} `)
  t.same(await node.rooms.presenceCounts(ROOM, ANONYMOUS), { connections: 1, users: 1 })
})

test('nodes tell each other, and agree on who is there', async (t) => {
  const shared = new MemoryPresence()
  const [one, other] = [new PresenceNode({ shared }), new PresenceNode({ shared })]
  const here = await one.join()
  const there = await other.join()
  for (let i = 0; i < 4; i += 1) await turn()
  t.equal(here.member.heard, `+${here.member.id} +${there.member.id} `)
  t.equal(there.member.heard, `+${there.member.id} `, 'it does not get the join before its own')
  for (const node of [one, other]) {
    t.same((await idsIn(node)).sort(), [here.member.id, there.member.id].sort())
  }
  const closed = new PresenceNode({ shared })
  t.same((await idsIn(closed)).sort(), [here.member.id, there.member.id].sort())
})
