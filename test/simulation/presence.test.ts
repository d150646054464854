// Presence against a model that keeps plain lists: random joins, leaves, kills and reconnects, with
// rooms that grow over the size and shrink again, and nodes that lose their store meanwhile.
import { test } from 'tap'
import { MemoryPresence } from '../../src/engine/memory/presence.ts'
import { ANONYMOUS } from '../../src/protocol/identity.ts'
import { Dice } from '../support/dice.ts'
import { FakeMember } from '../support/fake-member.ts'
import { PresenceNode, presentByTold, telling, turn, type Visit } from '../support/presence-node.ts'
import { type Live, TestRooms, userOf } from '../support/test-rooms.ts'

const STEPS = 10_000
const ROOMS = ['chat:a', 'chat:b', 'chat:c']
const USERS = ['ann', 'bob', 'cleo', 'dan', 'eve', null]
const SIZE = 12
const SMALL_AGAIN = 9
const BAD_REQUEST = { code: 3501, reason: 'bad request' }

interface Present extends Live {
  room: string
  user: string | null
}

/** What a room must be, found by looking at all that happened to it. */
class ModelRoom {
  readonly present: Present[] = []
  isLarge = false
  /** What members must have been told since the last look, and what one was told. */
  told = ''
  heard = ''

  add(one: Present): void {
    this.present.push(one)
    this.#tell(`+${one.connection.id} `)
  }

  remove(one: Present): void {
    this.present.splice(this.present.indexOf(one), 1)
    this.#tell(`-${one.connection.id} `)
  }

  #tell(text: string): void {
    const { length } = this.present
    this.isLarge = length > SIZE || (this.isLarge && length >= SMALL_AGAIN)
    if (!this.isLarge) this.told += text
  }
}

const idOf = ({ connection }: Present): string => connection.id

class Run {
  readonly dice: Dice
  readonly testRooms = new TestRooms(
    { presenceMembers: SIZE },
    { presence: 'members', join: ['anyone'] },
  )
  readonly model = new Map(ROOMS.map((room) => [room, new ModelRoom()]))

  /** How many characters were told in all. */
  told = 0

  constructor(seed: number) {
    this.dice = new Dice(seed, 0)
  }

  /** A server key does not appear, and hears all. */
  async open(): Promise<void> {
    const { rooms, rule } = this.testRooms
    for (const room of ROOMS) {
      const identity = { server: 'witness', proof: 'key' } as const
      const witness = new FakeMember({ format: telling, identity })
      const hold = await rooms.open(room, rule)
      witness.onDeliver = () => {
        this.#roomOf(room).heard += witness.buffers.pop()
      }
      hold.room.join(witness)
    }
  }

  /** Returns the room in which something happened. */
  async step(): Promise<string> {
    const { dice } = this
    const room = dice.pick(ROOMS)
    const { present } = this.#roomOf(room)
    // Rooms wander between empty and half as many again as the size.
    const isFull = present.length > dice.below(SIZE * 1.6)
    if (present.length === 0 || (!isFull && !dice.once(3))) await this.#join(room, dice.pick(USERS))
    else if (dice.once(3)) await this.#reconnect(dice.pick(present))
    else this.#end(dice.pick(present))
    return room
  }

  async check(room: string): Promise<string | null> {
    const { rooms, presence } = this.testRooms
    const model = this.#roomOf(room)
    const { present, isLarge, told, heard } = model
    Object.assign(model, { told: '', heard: '' })
    this.told += told.length
    const listed = (await presence.list(room)).map(({ connection }) => connection)
    const users = new Set(present.map(({ user }) => user)).size
    const counts = await rooms.presenceCounts(room, ANONYMOUS)
    const clients = await rooms.presence(room, ANONYMOUS).then(
      (all) => all.map(({ connection, user }) => `${connection} ${user}`),
      ({ reply }) => reply.error,
    )
    const ids = present.map(idOf)
    const wanted = isLarge ? 'not_available' : present.map((one) => `${idOf(one)} ${one.user}`)
    const found = { listed, counts, clients, told: heard }
    const right = { listed: ids, counts: { connections: ids.length, users }, clients: wanted, told }
    const [a, b] = [JSON.stringify(found), JSON.stringify(right)]
    return a === b ? null : `found ${a}, not ${b}`
  }

  #roomOf(room: string): ModelRoom {
    return this.model.get(room) as ModelRoom
  }

  async #join(room: string, user: string | null): Promise<void> {
    const identity = user === null ? ANONYMOUS : userOf(user)
    const live = await this.testRooms.member(identity, room)
    this.#roomOf(room).add({ ...live, room, user })
  }

  /** Closed by the server, left by the client, or killed without a word. */
  #end(one: Present): void {
    const how = this.dice.below(3)
    if (how === 0) one.connection.close(BAD_REQUEST)
    one.connection.ended(how === 1 ? 1000 : 1006)
    this.#roomOf(one.room).remove(one)
  }

  /** The new connection may come before the end of the old one is noticed. */
  async #reconnect(one: Present): Promise<void> {
    if (this.dice.once(2)) this.#end(one)
    await this.#join(one.room, one.user)
    if (this.#roomOf(one.room).present.includes(one)) this.#end(one)
  }
}

test('10,000 joins, leaves, kills and reconnects: presence is what the model says', async (t) => {
  const run = new Run(13)
  await run.open()
  t.teardown(() => run.testRooms.rooms.stop())
  const faults: string[] = []
  for (let step = 0; step < STEPS && faults.length === 0; step += 1) {
    const room = await run.step()
    await turn()
    const fault = await run.check(room)
    if (fault !== null) faults.push(`after step ${step}: ${fault}`)
  }
  t.same([...faults, ...run.testRooms.faults], [])
  t.ok(run.told > STEPS, 'something was told')
})

/** The connections of one node, and what the node must agree on with the others. */
interface Inhabited {
  node: PresenceNode
  visits: Visit[]
  witness: FakeMember
}

async function inhabited(shared: MemoryPresence): Promise<Inhabited> {
  const node = new PresenceNode({ shared })
  const witness = node.member({ server: 'witness', proof: 'key' })
  await node.join(witness)
  return { node, visits: [], witness }
}

async function happen(dice: Dice, { node, visits }: Inhabited): Promise<void> {
  const luck = dice.below(20)
  if (luck === 0) node.isAway = !node.isAway
  else if (luck === 1 && node.isCutOff) node.reconnect()
  else if (luck === 1) node.isCutOff = true
  else if (luck < 11 || visits.length === 0) visits.push(await node.join())
  else visits.splice(dice.below(visits.length), 1)[0]?.leave()
  if (dice.once(4)) await turn()
  if (dice.once(8)) await node.clock.advance(1_000)
}

test('nodes that lose the store or what it tells agree when they have it again', async (t) => {
  const dice = new Dice(20_261_127, 0)
  const shared = new MemoryPresence()
  const all = [await inhabited(shared), await inhabited(shared), await inhabited(shared)]
  for (let round = 0; round < 20; round += 1) {
    for (let step = 0; step < 50; step += 1) await happen(dice, dice.pick(all))
    for (const { node } of all) {
      node.isAway = false
      if (node.isCutOff) node.reconnect()
    }
    for (let i = 0; i < 4; i += 1) {
      for (const { node } of all) await node.clock.advance(1_000)
      for (let j = 0; j < 10; j += 1) await turn()
    }
    const wanted = all.flatMap(({ visits }) => visits.map(({ member }) => member.id)).toSorted()
    for (const { node, witness } of all) {
      const listed = await node.rooms.presence('chat:a', ANONYMOUS)
      t.same(listed.map(({ connection }) => connection).toSorted(), wanted, `round ${round}`)
      t.same(presentByTold(witness), wanted, `what was told, round ${round}`)
    }
    t.equal((await shared.list('chat:a')).length, wanted.length)
  }
})
