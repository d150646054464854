// The log of two nodes whose channels are held up, cut and repeat themselves, and whose Redis loses
// what it had: seeded, and checked against what was answered.
import t, { type Test } from 'tap'
import { boundsOf } from '../../../src/engine/bounds.ts'
import { createMemoryShares } from '../../../src/engine/memory/shares.ts'
import type { Follow } from '../../../src/engine/message-log.ts'
import { Keys } from '../../../src/engine/redis/keys.ts'
import { RedisLog } from '../../../src/engine/redis/log.ts'
import { SingleLink } from '../../../src/engine/redis/single-link.ts'
import { NO_HOLDER } from '../../../src/engine/shares.ts'
import { DEFAULT_LIMITS } from '../../../src/protocol/limits.ts'
import type { Position } from '../../../src/protocol/message.ts'
import { systemRandom } from '../../../src/time/random.ts'
import { systemClock } from '../../../src/time/system-clock.ts'
import { draft } from '../../contract/support/samples.ts'
import { Dice } from '../../support/dice.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { pageQuery } from '../../support/page-query.ts'
import { startRedis } from '../../support/redis-server.ts'
import { until } from '../../support/until.ts'
import { FaultyLink } from './faulty-link.ts'
import { Witness } from './log-witness.ts'

const SEEDS = Number(process.env.USHER_TEST_SEEDS ?? 12)
const FIRST_SEED = Number(process.env.USHER_TEST_SEED ?? 1)
const STEPS = 150
const ROOM = 'chat:1'
const PARTS = ['m', 's', 'x']
const KEPT = { retention: { messages: 100_000, ageMs: null }, key: null, holder: NO_HOLDER }

const redis = await startRedis(t)

async function openLink(t: Test): Promise<SingleLink> {
  const link = new SingleLink({ url: redis.url, clock: systemClock, random: systemRandom })
  await link.open()
  t.teardown(() => link.close())
  return link
}

/** The links are shared by all seeds: each has keys of its own. */
const links = [await openLink(t), await openLink(t)] as const

class Node {
  readonly clock = new ManualClock()
  readonly link: FaultyLink
  readonly log: RedisLog
  readonly witnesses: Witness[] = []
  #follow: Follow | null = null

  constructor(keys: Keys, inner: SingleLink, isLossless: boolean) {
    const { clock } = this
    const link = new FaultyLink(inner)
    link.currentRun = 'first-run'
    const shares = createMemoryShares(boundsOf(DEFAULT_LIMITS), clock)
    this.link = link
    this.log = new RedisLog({ link, keys, clock, shares, isLossless: () => isLossless })
  }

  get witness(): Witness {
    return this.witnesses.at(-1) as Witness
  }

  async follow(said: () => number): Promise<void> {
    if (this.#follow !== null) this.witness.isStopped = true
    this.#follow?.stop()
    const witness = new Witness()
    this.witnesses.push(witness)
    this.#follow = await this.log.follow(ROOM, witness)
    witness.begunAt = said()
  }
}

/** Two nodes, what they were answered, and what Redis had at some time. */
class Scene {
  readonly keys: Keys
  readonly nodes: readonly [Node, Node]
  /** Messages that were answered and must be kept, by their texts. */
  readonly kept = new Map<string, Position>()
  readonly redacted = new Set<string>()
  readonly #dice: Dice
  #said = 0
  #underWay: Promise<unknown>[] = []
  #copy: { values: (Buffer | null)[]; kept: Map<string, Position>; redacted: Set<string> } | null =
    null

  constructor(seed: number) {
    this.#dice = new Dice(seed, 0)
    this.keys = new Keys(`seed${seed}-${process.pid}:`)
    const isLossless = seed % 2 === 0
    this.nodes = [
      new Node(this.keys, links[0], isLossless),
      new Node(this.keys, links[1], isLossless),
    ]
  }

  get newest(): number {
    return Math.max(...[...this.kept.values()].map(({ offset }) => offset))
  }

  get node(): Node {
    return this.#dice.pick(this.nodes)
  }

  say(node: Node, ephemeral = false): void {
    this.#said += 1
    const text = `${ephemeral ? 'e' : 'm'}${this.#said}`
    const options = ephemeral ? { ...KEPT, retention: null } : KEPT
    const said = node.log.append(ROOM, draft(text), options).then(({ position }) => {
      if (position !== null) this.kept.set(text, position)
    })
    this.#underWay.push(said)
  }

  async settled(): Promise<void> {
    await Promise.all(this.#underWay.splice(0))
  }

  async step(): Promise<void> {
    const { node } = this
    const dice = this.#dice
    const roll = dice.below(100)
    if (roll < 45) for (let left = 1 + dice.length(8); left > 0; left -= 1) this.say(this.node)
    else if (roll < 50) this.say(node, true)
    else if (roll < 58) await this.redact(node)
    else if (roll < 63) node.link.hold()
    else if (roll < 71) node.link.release()
    else if (roll < 74) node.link.cut()
    else if (roll < 79) node.link.back()
    else if (roll < 81) node.link.deafFor = 1 + dice.below(3)
    else if (roll < 84) node.link.repeat(1 + dice.below(10))
    else if (roll < 88) await node.clock.advance(1_000 * (1 + dice.below(11)))
    else if (roll < 91) await node.follow(() => this.#said)
    else if (roll < 94) await node.log.head(ROOM)
    else if (roll < 95) await this.delete(node)
    else if (roll < 97) await this.copy()
    else if (roll < 99) await this.lose()
    else await this.settled()
    if (dice.once(3)) await new Promise(setImmediate)
    if (dice.once(6)) await this.settled()
  }

  async redact(node: Node): Promise<void> {
    await this.settled()
    const [text, position] = this.#dice.pick([...this.kept]) ?? []
    if (text === undefined || position === undefined) return
    const { epoch } = await node.log.head(ROOM)
    if (await node.log.redact(ROOM, position.offset, epoch)) this.redacted.add(text)
  }

  async delete(node: Node): Promise<void> {
    await this.settled()
    await node.log.deleteRoom(ROOM)
    this.kept.clear()
    this.redacted.clear()
    this.#copy = null
  }

  /** What Redis has now is what it will have after it has lost the rest. */
  async copy(): Promise<void> {
    await this.settled()
    const dump = (part: string) => links[0].send('', ['DUMP', this.keys.room(ROOM, part)])
    const values = (await Promise.all(PARTS.map(dump))) as (Buffer | null)[]
    this.#copy = { values, kept: new Map(this.kept), redacted: new Set(this.redacted) }
  }

  /** Redis begins again with less, as another run; one node may notice before the other. */
  async lose(): Promise<void> {
    await this.settled()
    const copy = this.#copy
    if (copy === null) return
    for (const node of this.nodes) {
      if (this.#dice.once(2)) node.link.release()
      node.link.cut()
    }
    for (const [index, part] of PARTS.entries()) {
      const key = this.keys.room(ROOM, part)
      const value = copy.values[index] ?? null
      if (value === null) await links[0].send('', ['DEL', key])
      else await links[0].send('', ['RESTORE', key, '0', value, 'REPLACE'])
    }
    this.kept.clear()
    for (const [text, position] of copy.kept) this.kept.set(text, position)
    this.redacted.clear()
    for (const text of copy.redacted) this.redacted.add(text)
    const run = `run${this.#dice.below(1_000_000)}`
    for (const node of this.nodes) node.link.currentRun = run
    const [first, second] = this.#dice.once(2) ? this.nodes : [this.nodes[1], this.nodes[0]]
    first.link.back()
    for (let left = this.#dice.below(6); left > 0; left -= 1) this.say(first)
    if (this.#dice.once(2)) await this.settled()
    second.link.back()
  }

  /** Everything is heard again; resolves when both nodes were told all. */
  async calm(): Promise<void> {
    await this.settled()
    for (const { link } of this.nodes) {
      link.deafFor = 0
      link.back()
    }
    for (let round = 0; round < 2; round += 1) {
      for (const { log, clock } of this.nodes) {
        for (let second = 0; second < 11; second += 1) await clock.advance(1_000)
        await log.head(ROOM)
      }
    }
    const [one, other] = this.nodes
    this.say(one)
    this.say(other)
    await this.settled()
    const hasLast = ({ witness }: Node) => witness.last?.offset === this.newest
    await until(() => this.nodes.every(hasLast), { what: 'both nodes were told all', ms: 5_000 })
    for (const { log } of this.nodes) await log.head(ROOM)
  }
}

async function checkAll(t: Test, scene: Scene): Promise<void> {
  const query = pageQuery({ limit: 100_000, retention: KEPT.retention, bytes: 100_000_000 })
  const { messages, head } = await scene.nodes[0].log.read(ROOM, query)
  t.same(
    messages.map(({ offset }) => offset),
    messages.map((_, index) => index + 1),
    'no hole in what is kept',
  )
  const byOffset = new Map(messages.map((message) => [message.offset, message]))
  const lost = [...scene.kept].filter(([text, { offset }]) => {
    const message = byOffset.get(offset)
    const expected = scene.redacted.has(text) ? '' : text
    return message?.payload.toString() !== expected
  })
  t.same(lost, [], 'what was answered is kept')
  for (const { witnesses, witness } of scene.nodes) {
    for (const each of witnesses) t.same(each.faults, [])
    t.equal(witness.last?.epoch, head.epoch)
    t.equal(witness.last?.offset, head.offset)
    const isMissing = (text: string) =>
      Number(text.slice(1)) > witness.begunAt &&
      !witness.hasHeard(text) &&
      !scene.redacted.has(text)
    const missing = [...scene.kept.keys()].filter((text) => isMissing(text))
    if (witness.gaps === 0) t.same(missing, [], 'all that was said since the follow began is told')
    for (const [offset, heard] of witness.heard.get(head.epoch) ?? []) {
      const message = byOffset.get(offset)
      const isHidden = message?.redacted === true
      const isRight = isHidden
        ? heard.redacted || heard.gaps < witness.gaps
        : heard.text === String(message?.payload)
      if (!isRight) t.fail(`${offset} was told as ${heard.text}, not ${message?.payload}`)
    }
  }
}

for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed += 1) {
  t.test(`what was answered is told and kept, with seed ${seed}`, async (t) => {
    const scene = new Scene(seed)
    for (const { log } of scene.nodes) await log.open()
    t.teardown(() => {
      for (const { log } of scene.nodes) log.close()
    })
    for (const node of scene.nodes) await node.follow(() => 0)
    for (let step = 0; step < STEPS; step += 1) await scene.step()
    await scene.calm()
    await checkAll(t, scene)
  })
}
