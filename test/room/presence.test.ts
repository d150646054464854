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

/** Lets the clock go on until the store was asked again and has answered. */
async function settle(...nodes: PresenceNode[]): Promise<void> {
  for (const { clock } of nodes) await clock.advance(1_000)
  for (let i = 0; i < 10; i += 1) await turn()
}

const told = ({ heard }: { heard: string }): string[] => heard.split(' ').filter(Boolean)

test('above the size joins and leaves are not told, until it is well below', async (t) => {
  const node = new PresenceNode({ membersMax: 4 })
  const witness = await node.join(node.member({ server: 'witness', proof: 'key' }))
  const visits = []
  for (let i = 0; i < 6; i += 1) visits.push(await node.join())
  await turn()
  const ids = visits.map(({ member }) => member.id)
  t.same(
    told(witness.member),
    ids.slice(0, 4).map((id) => `+${id}`),
  )
  await t.rejects(idsIn(node), /only how many/)
  t.same(await node.rooms.presenceCounts(ROOM, ANONYMOUS), { connections: 6, users: 1 })
  for (const visit of visits.splice(0, 3)) visit.leave()
  await turn()
  t.equal(told(witness.member).length, 4, 'three of four are too many still')
  await t.rejects(idsIn(node), /only how many/)
  visits.shift()?.leave()
  await turn()
  t.same(told(witness.member).at(-1), `-${ids[3]}`, 'the leave that makes it small is told')
  t.same(await idsIn(node), ids.slice(4))
  const next = await node.join()
  await turn()
  t.same(told(witness.member).at(-1), `+${next.member.id}`)
})

test('where the rule says counts, no join and no name is told or stored', async (t) => {
  const shared = new MemoryPresence()
  const node = new PresenceNode({ rule: { presence: 'counts' }, shared })
  const identity = { user: 'ann', name: 'Ann', info: '{"public":{"a":1}}' }
  const { member } = await node.join(node.member(identity))
  await turn()
  t.same(told(member), [])
  await t.rejects(idsIn(node), /only how many/)
  t.same(await node.rooms.presenceCounts(ROOM, ANONYMOUS), { connections: 1, users: 1 })
  t.same(await shared.list(ROOM), [{ connection: member.id, user: 'ann', name: null, info: null }])
})

test('where the rule has no presence the store is not asked', async (t) => {
  const node = new PresenceNode({ rule: { presence: false } })
  const visit = await node.join()
  visit.leave()
  await turn()
  t.same([node.asked, node.rooms.size], [[], 0])
  await t.rejects(node.rooms.presenceCounts(ROOM, ANONYMOUS), /does not tell/)
})

test('a join costs one call of the store, and no list', async (t) => {
  const node = new PresenceNode()
  const visits = []
  for (let i = 0; i < 50; i += 1) visits.push(await node.join())
  for (const visit of visits) visit.leave()
  await settle()
  const asked = Object.groupBy(node.asked, (what) => what)
  t.match(asked, { watch: { length: 1 }, list: { length: 1 }, enter: { length: 50 } })
  t.equal(asked.leave?.length, 50)
  t.equal(node.rooms.size, 0, 'the room has closed')
})

test('a store that is away loses no join and no leave', async (t) => {
  const shared = new MemoryPresence()
  const [one, other] = [new PresenceNode({ shared }), new PresenceNode({ shared })]
  const witness = await other.join(other.member({ server: 'witness', proof: 'key' }))
  const first = await one.join()
  await settle()
  one.isAway = true
  first.leave()
  const second = await one.join(one.member(), ROOM)
  await settle(one)
  t.same(await idsIn(one), [second.member.id], 'this node knows')
  t.same(await idsIn(other), [first.member.id], 'the other cannot know yet')
  t.match(one.failures, { length: 1, 0: { name: 'EngineUnavailable' } })
  one.isAway = false
  await settle(one)
  t.same(await idsIn(other), [second.member.id])
  const [a, b] = [first.member.id, second.member.id]
  t.same(told(witness.member).toSorted(), [`+${a}`, `-${a}`, `+${b}`].toSorted())
  t.same(told(second.member), [`+${b}`], 'here each was told at once')
})

test('a room stays open until the store knows that its last member left', async (t) => {
  const shared = new MemoryPresence()
  const node = new PresenceNode({ shared })
  const visit = await node.join()
  await settle()
  node.isAway = true
  visit.leave()
  await settle(node)
  t.equal(node.rooms.size, 1)
  node.isAway = false
  await settle(node)
  t.same([node.rooms.size, await shared.list(ROOM)], [0, []])
})

test('where the store is away, a room opens without the members of other nodes', async (t) => {
  const shared = new MemoryPresence()
  const [one, other] = [new PresenceNode({ shared }), new PresenceNode({ shared })]
  const far = await other.join()
  await settle()
  one.isAway = true
  const near = await one.join()
  t.same(await idsIn(one), [near.member.id])
  one.isAway = false
  await settle(one)
  t.same((await idsIn(one)).toSorted(), [near.member.id, far.member.id].toSorted())
  t.same(told(near.member), [`+${near.member.id}`, `+${far.member.id}`])
})

test('what a node missed while it was cut off is told after a list, each once', async (t) => {
  const shared = new MemoryPresence()
  const [one, other] = [new PresenceNode({ shared }), new PresenceNode({ shared })]
  const witness = await one.join()
  const [stays, goes] = [await other.join(), await other.join()]
  await settle()
  one.isCutOff = true
  goes.leave()
  const comes = await other.join()
  await settle()
  one.isCutOff = false
  one.reconnect()
  const later = await other.join()
  await settle()
  const ids = [witness, stays, goes, comes, later].map(({ member }) => member.id)
  const [a, b, c, d, e] = ids
  t.same(told(witness.member).toSorted(), [`+${a}`, `+${b}`, `+${c}`, `+${d}`, `+${e}`, `-${c}`])
  t.same((await idsIn(one)).toSorted(), [a, b, d, e].toSorted() as string[])
})

test('a node that is closing does not ask the store again', async (t) => {
  const node = new PresenceNode()
  const visit = await node.join()
  await settle()
  node.isAway = true
  node.rooms.stop()
  visit.leave()
  await settle(node)
  t.same([node.failures, node.asked.filter((what) => what === 'list').length], [[], 1])
})
