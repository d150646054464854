// The shares of two nodes on one Redis: the contract, what each knows of the other, and rates that
// Redis keeps.
import t, { type Test } from 'tap'
import type { Bounds } from '../../../src/engine/bounds.ts'
import { EngineUnavailable } from '../../../src/engine/engine.ts'
import { Keys } from '../../../src/engine/redis/keys.ts'
import { RedisShares } from '../../../src/engine/redis/shares.ts'
import { SingleLink } from '../../../src/engine/redis/single-link.ts'
import { type Holder, Reached } from '../../../src/engine/shares.ts'
import { systemRandom } from '../../../src/time/random.ts'
import { systemClock } from '../../../src/time/system-clock.ts'
import { sharesContract } from '../../contract/shares.ts'
import { ANN, BOB, from, given } from '../../contract/support/shares.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { boundsWithin, heldRow, ratedRow } from '../../support/memory-shares.ts'
import { startRedis } from '../../support/redis-server.ts'
import { until } from '../../support/until.ts'

const redis = await startRedis(t)
let opened = 0

/** One node, whose time a test moves. */
class Node {
  readonly clock = new ManualClock()
  readonly link: SingleLink
  readonly shares: RedisShares
  readonly keys: Keys
  #marks = 0

  constructor(keys: Keys, rows: Partial<Bounds>, heardMax?: number) {
    const { clock } = this
    this.keys = keys
    this.link = new SingleLink({ url: redis.url, clock: systemClock, random: systemRandom })
    const some = heardMax === undefined ? {} : { heardMax }
    const parts = { link: this.link, keys, clock, random: systemRandom, ...some }
    this.shares = new RedisShares({ ...boundsWithin(), ...rows }, parts)
  }

  async open(t: Test): Promise<void> {
    await this.link.open()
    t.teardown(() => {
      this.shares.close()
      return this.link.close()
    })
    await this.shares.open()
    await this.link.subscribe(this.keys.shared('mark'), () => {
      this.#marks += 1
    })
  }

  /** Lets this node tell what it holds; resolves when these nodes have heard it. */
  async tell(nodes: readonly Node[], ms = 1_000): Promise<void> {
    const marks = nodes.map((node) => node.#marks)
    await this.clock.advance(ms)
    const mark = this.keys.shared('mark')
    await this.link.send(mark, ['SPUBLISH', mark, 'x'])
    await until(() => nodes.every((node, at) => node.#marks > (marks[at] as number)), {
      what: 'the nodes hear what was said before',
    })
  }

  /** Tells until that node refuses the holder: it asks for all that it missed. */
  async tellUntil(node: Node, holder: Holder): Promise<void> {
    const isTold = async () => {
      await this.tell([node])
      return node.whose(holder) === 'user'
    }
    await until(isTold, { what: 'the node was told all' })
  }

  whose(holder: Holder): string | null {
    const share = this.shares.take('connections', holder)
    if (share instanceof Reached) return share.whose
    share.release()
    return null
  }
}

async function nodes(
  t: Test,
  rows: Partial<Bounds>,
  count = 2,
  heardMax?: number,
): Promise<Node[]> {
  opened += 1
  const keys = new Keys(`t${opened}:`)
  const made = Array.from({ length: count }, () => new Node(keys, rows, heardMax))
  for (const node of made) await node.open(t)
  return made
}

/** Counts what the nodes tell each other of what they hold. */
async function heardBeside({ keys }: Node, t: Test): Promise<{ tellings: number; asks: number }> {
  const link = new SingleLink({ url: redis.url, clock: systemClock, random: systemRandom })
  await link.open()
  t.teardown(() => link.close())
  const heard = { tellings: 0, asks: 0 }
  await link.subscribe(keys.shared('held'), (message) => {
    if ('whole' in JSON.parse(String(message))) heard.asks += 1
    else heard.tellings += 1
  })
  return heard
}

async function tellAll(made: readonly Node[]): Promise<void> {
  for (const node of made) await node.tell(made)
}

function overNodes(most: number) {
  const row = heldRow('connectionsPerUser', { all: 1e6, user: most, address: most })
  return { connections: { ...row, overNodes: true as const } }
}

sharesContract(t, async (t, rows) => {
  const [one, other] = (await nodes(t, rows)) as [Node, Node]
  return {
    shares: [one.shares, other.shares],
    told: () => tellAll([one, other]),
    elapsed: () => one.clock.elapsed(),
  }
})

t.test('what a node held is free within seconds of its death', async (t) => {
  const [one, other, dead] = (await nodes(t, overNodes(1), 3)) as [Node, Node, Node]
  given(dead.shares.take('connections', ANN))
  given(other.shares.take('connections', BOB))
  await tellAll([one, other, dead])
  t.same([one.whose(ANN), one.whose(BOB)], ['user', 'user'])
  await other.tell([one])
  await one.tell([one], 3_000)
  await other.tell([one])
  t.equal(one.whose(ANN), 'user', 'it may have lost a message')
  await one.tell([one], 3_000)
  await other.tell([one])
  await one.tell([one], 1_000)
  t.equal(one.whose(ANN), null)
  t.equal(one.whose(BOB), 'user', 'a node that goes on is heard')
  t.equal(one.shares.otherNodes, 1)
})

t.test('what a node held is free as soon as it closes', async (t) => {
  const [one, other] = (await nodes(t, overNodes(1))) as [Node, Node]
  given(other.shares.take('connections', ANN))
  await tellAll([one, other])
  t.equal(one.whose(ANN), 'user')
  other.shares.close()
  await until(() => one.whose(ANN) === null, { what: 'the other is told' })
})

t.test('a node that begins later, or missed something, is told all', async (t) => {
  const [one] = (await nodes(t, overNodes(1), 1)) as [Node]
  given(one.shares.take('connections', ANN))
  await one.tell([])
  const late = new Node(one.keys, overNodes(1))
  await late.open(t)
  t.equal(late.whose(ANN), null)
  await one.tell([late])
  t.equal(late.whose(ANN), null, 'that nothing has changed is no more than a hole')
  await one.tellUntil(late, ANN)
  late.link.unsubscribe(late.keys.shared('held'))
  given(one.shares.take('connections', BOB))
  await one.tell([late])
  t.equal(late.whose(BOB), null)
  await late.shares.open()
  await one.tellUntil(late, BOB)
})

t.test('nodes that would hear too much of each other tell less often', async (t) => {
  const made = await nodes(t, overNodes(1), 3, 4)
  const [one, other, third] = made as [Node, Node, Node]
  for (const [at, node] of made.entries()) {
    given(node.shares.take('connections', { ...ANN, user: `u_${at}` }))
  }
  for (let time = 0; time < 3; time += 1) await tellAll(made)
  const heard = await heardBeside(one, t)
  for (let second = 0; second < 12; second += 1) await tellAll(made)
  t.ok(heard.tellings >= 6 && heard.tellings <= 15, `${heard.tellings} and not 36`)
  t.same([one.shares.otherNodes, third.shares.otherNodes], [2, 2], 'none counts as gone')
  t.equal(other.whose({ ...ANN, user: 'u_0' }), 'user')
})

t.test('a node that begins asks all the others at once', async (t) => {
  const made = await nodes(t, overNodes(1), 4)
  for (const [at, node] of made.entries()) {
    given(node.shares.take('connections', { ...ANN, user: `u_${at}` }))
  }
  for (let time = 0; time < 2; time += 1) await tellAll(made)
  const heard = await heardBeside(made[0] as Node, t)
  const late = new Node((made[0] as Node).keys, overNodes(1))
  await late.open(t)
  for (let time = 0; time < 2; time += 1) for (const node of made) await node.tell([late, ...made])
  for (const at of made.keys()) t.equal(late.whose({ ...ANN, user: `u_${at}` }), 'user')
  t.equal(heard.asks, 1)
})

t.test('holders of a small part of a cap on one node are not told of', async (t) => {
  const [one, other] = (await nodes(t, overNodes(50))) as [Node, Node]
  const take = (node: Node, holder: Holder, count: number) =>
    Array.from({ length: count }, () => given(node.shares.take('connections', holder)))
  take(one, ANN, 3)
  const [bobs] = take(one, BOB, 4)
  await tellAll([one, other])
  take(other, ANN, 50)
  take(other, BOB, 46)
  t.same([other.whose(ANN), other.whose(BOB)], ['user', 'user'])
  bobs?.release()
  await tellAll([one, other])
  take(other, BOB, 4)
  t.equal(other.whose(BOB), 'user')
})

t.test('very many holders are told in pieces', async (t) => {
  const [one, other] = (await nodes(t, overNodes(1))) as [Node, Node]
  const held = Array.from({ length: 25_000 }, (_, n) =>
    given(one.shares.take('connections', { ...ANN, user: `u_${n}` })),
  )
  await tellAll([one, other])
  const isRefused = (n: number) => other.whose({ ...ANN, user: `u_${n}` }) === 'user'
  t.same([0, 12_000, 24_999].map(isRefused), [true, true, true])
  for (const share of held) share.release()
  await tellAll([one, other])
  t.same([0, 12_000, 24_999].map(isRefused), [false, false, false])
})

t.test('an address has sign-ups over all nodes, and a /48 four times as many', async (t) => {
  const row = ratedRow('signUpsPerHourPerAddress', { address: 2 }, 3_600)
  const [one, other] = (await nodes(t, { signUps: row })) as [Node, Node]
  const spend = async (node: Node, address: string) => {
    const reached = await node.shares.spend('signUps', from(address))
    return reached && [reached.limit, reached.whose, reached.retryAfter]
  }
  t.equal(await spend(one, '192.0.2.1'), null)
  t.equal(await spend(other, '192.0.2.1'), null)
  const over = await spend(one, '192.0.2.1')
  t.match(over, ['signUpsPerHourPerAddress', 'address'])
  const [, , seconds] = over as [string, string, number]
  t.ok(seconds > 1_700 && seconds <= 1_800, 'half an hour until the next')
  for (const net of [1, 1, 1, 2, 2, 3, 3])
    await spend(net % 2 ? one : other, `2001:db8:1:${net}::/64`)
  t.equal(await spend(one, '2001:db8:1:4::/64'), null, 'what was refused took nothing')
  t.equal(await spend(one, '2001:db8:1:4::/64'), null)
  t.match(await spend(other, '2001:db8:1:5::/64'), ['signUpsPerHourPerAddress', 'address'])
  t.equal(await spend(other, '2001:db8:2:5::/64'), null)
  t.equal(await one.shares.spend('signUps', ANN), null, 'an exempt address')
})

t.test('a bucket in Redis lives until it is full', async (t) => {
  const row = ratedRow('ticketsPerMinute', { user: 60 }, 60)
  const [one] = (await nodes(t, { tickets: row }, 1)) as [Node]
  for (let n = 0; n < 10; n += 1) t.equal(await one.shares.spend('tickets', ANN), null)
  const key = one.keys.user('u_ann', 'rate:tickets')
  const ms = Number(await one.link.send(key, ['PTTL', key]))
  t.ok(ms > 8_000 && ms <= 10_000, `${ms} ms`)
})

t.test('while Redis is away rates refuse, and a node counts for itself', async (t) => {
  const rows = { ...overNodes(1), tickets: ratedRow('ticketsPerMinute', { user: 1 }, 3_600) }
  const [one, other] = (await nodes(t, rows)) as [Node, Node]
  given(one.shares.take('connections', ANN))
  t.equal(await one.shares.spend('tickets', ANN), null)
  t.match(await other.shares.spend('tickets', ANN), { limit: 'ticketsPerMinute' })
  await redis.kill()
  await until(() => one.link.away !== null && other.link.away !== null, { what: 'both know' })
  const error = await one.shares.spend('tickets', ANN).catch((error) => error)
  t.ok(error instanceof EngineUnavailable)
  t.equal(error.outcome, 'nothing')
  await one.clock.advance(1_000)
  given(other.shares.take('connections', BOB))
  t.same([other.whose(ANN), one.whose(BOB)], [null, null])
  await redis.start()
  await until(() => one.link.away === null && other.link.away === null, { what: 'both are back' })
  await tellAll([one, other])
  t.same([other.whose(ANN), one.whose(BOB)], ['user', 'user'])
  t.equal(await other.shares.spend('tickets', ANN), null, 'this Redis kept nothing')
})
