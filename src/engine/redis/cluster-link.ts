// The link to a Redis Cluster: to each of its primaries, by slot. What a server refuses because a
// slot has moved goes to where it said; a channel whose slot has moved is subscribed there again.
import { sleep } from '../../time/clock.ts'
import { EngineUnavailable } from '../engine.ts'
import { type Access, addressOf, type Server } from './address.ts'
import { askTopology } from './ask-topology.ts'
import { redirectIn, slotOf } from './cluster-ranges.ts'
import { CLOSED, isRefused, reasonOf, unavailable } from './errors.ts'
import type { Argument, OnDoubt, RedisLink, Reply } from './link.ts'
import { Listeners } from './listeners.ts'
import { ANSWER_MS } from './pending-calls.ts'
import { Primary } from './primary.ts'
import type { Script } from './scripts.ts'
import { asking, runScript, type Sender } from './sender.ts'
import type { LinkParts } from './single-link.ts'
import { Topology } from './topology.ts'

/** How often the Cluster is asked who has which slot, beside each time that it says it moved. */
const LEARN_MS = 1_000
const TRY_AGAIN_MS = 25
const MOVED = 'Another server of the Cluster has the slot now.'

/** Who is asked next, and whether it has the slot only in part yet. */
interface Target {
  primary: Primary
  isAsking: boolean
}

export class ClusterLink implements RedisLink {
  readonly #parts: LinkParts
  readonly #access: Access
  readonly #topology: Topology
  readonly #listeners = new Listeners()
  /** Channels that wait for a place at another primary. */
  readonly #adrift = new Set<string>()
  readonly #stopLearning: () => void
  #learning: Promise<void> | null = null
  #isPlacing = false
  #isClosed = false

  /** The URL names any one server of the Cluster. */
  constructor(parts: LinkParts) {
    const { access, servers } = addressOf(parts.url)
    this.#parts = parts
    this.#access = access
    this.#topology = new Topology(servers[0], (server) => this.#primaryAt(server))
    const timer = parts.clock.every(LEARN_MS, () => this.#learnSoon())
    this.#stopLearning = () => timer.cancel()
  }

  /** Resolves when all primaries are ready. Rejects where one is not; the link goes on trying. */
  async open(): Promise<void> {
    await this.#learn()
    await Promise.all([...this.#topology.primaries].map((primary) => primary.opened))
  }

  get away(): string | null {
    return this.#isClosed ? CLOSED : this.#topology.away
  }

  get waiting(): number {
    let waiting = 0
    for (const primary of this.#topology.primaries) waiting += primary.waiting
    return waiting
  }

  send(key: string, command: readonly [string, ...Argument[]]): Promise<Reply> {
    return this.#ask(key, (sender) => sender.sendCommand(command))
  }

  run(
    script: Script,
    keys: readonly [string, ...string[]],
    args: readonly Argument[],
  ): Promise<Reply> {
    return this.#ask(keys[0], (sender) => runScript(sender, script, keys, args))
  }

  runOf(key: string): string {
    return this.#ownerOf(slotOf(key)).run
  }

  subscribe(channel: string, onMessage: (message: Buffer) => void): Promise<void> {
    return this.#listeners.add(channel, onMessage, () => this.#place(channel))
  }

  unsubscribe(channel: string): void {
    this.#listeners.delete(channel)
    this.#adrift.delete(channel)
    for (const primary of this.#topology.primaries) primary.unsubscribe(channel)
  }

  onDoubt(onDoubt: OnDoubt): () => void {
    return this.#listeners.onDoubt(onDoubt)
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#stopLearning()
    await this.#topology.close()
  }

  #primaryAt(server: Server): Primary {
    const primary: Primary = new Primary({
      ...this.#parts,
      access: this.#access,
      locate: async () => server,
      onMessage: (channel, message) => this.#listeners.hear(channel, message),
      onMoved: (channel) => this.#moved([channel]),
      onLost: () => this.#learnSoon(),
      onBack: (reason) => {
        this.#listeners.doubt(reason, (channel) => primary.channels.has(channel))
      },
    })
    return primary
  }

  #ownerOf(slot: number): Primary {
    if (this.#isClosed) throw new EngineUnavailable(CLOSED)
    const owner = this.#topology.ownerOf(slot)
    if (owner === undefined) throw new EngineUnavailable('No server of the Cluster has this slot.')
    return owner
  }

  #ask(key: string, send: (sender: Sender) => Promise<Reply>): Promise<Reply> {
    return this.#routed(key, ({ primary, isAsking }) =>
      primary.ask((sender) => send(isAsking ? asking(sender) : sender)),
    )
  }

  #place(channel: string): Promise<void> {
    return this.#routed(channel, async ({ primary }) => {
      if (this.#listeners.has(channel)) await primary.subscribe(channel)
    })
  }

  /** Asks the primary that has the key, and after a refusal the one that it names. */
  async #routed<Answer>(key: string, ask: (target: Target) => Promise<Answer>): Promise<Answer> {
    const slot = slotOf(key)
    const { clock } = this.#parts
    const until = clock.elapsed() + ANSWER_MS
    let target: Target = { primary: this.#ownerOf(slot), isAsking: false }
    for (let turn = 0; ; turn += 1) {
      try {
        return await ask(target)
      } catch (error) {
        if (clock.elapsed() > until) throw unavailable(error)
        // Two servers that send the caller to each other are about to agree.
        if (turn > 0) await sleep(clock, TRY_AGAIN_MS)
        target = await this.#next(error, slot, target)
      }
    }
  }

  /** Who is to be asked after this error; where it leaves no choice it is thrown. */
  async #next(error: unknown, slot: number, { primary }: Target): Promise<Target> {
    if (isRefused(error, 'TRYAGAIN')) {
      await sleep(this.#parts.clock, TRY_AGAIN_MS)
      return { primary: this.#ownerOf(slot), isAsking: false }
    }
    if (isRefused(error, 'CLUSTERDOWN')) this.#learnSoon()
    const isMoved = isRefused(error, 'MOVED')
    if (!isMoved && !isRefused(error, 'ASK')) throw unavailable(error)
    const { server } = primary
    const to = server === null ? null : redirectIn(error.message, server)
    if (to === null || this.#isClosed) throw unavailable(error)
    const next = isMoved ? this.#topology.assign(slot, to) : this.#topology.guest(to)
    if (isMoved) this.#learnSoon()
    await opened(next)
    return { primary: next, isAsking: !isMoved }
  }

  #learnSoon(): void {
    this.#learn().catch(() => {})
  }

  #learn(): Promise<void> {
    if (this.#isClosed) return Promise.reject(new EngineUnavailable(CLOSED))
    const { clock } = this.#parts
    this.#learning ??= askTopology({ topology: this.#topology, access: this.#access, clock })
      .then((ranges) => {
        if (!this.#isClosed) this.#moved(this.#topology.learn(ranges))
      })
      .finally(() => {
        this.#learning = null
      })
    return this.#learning
  }

  /** Takes channels that no primary has any more, and all that still wait for a place. */
  #moved(channels: Iterable<string>): void {
    for (const channel of channels) this.#adrift.add(channel)
    if (this.#adrift.size > 0 && !this.#isPlacing) this.#placeAll()
  }

  async #placeAll(): Promise<void> {
    this.#isPlacing = true
    // What else moves in this turn is of the same kind.
    await null
    const failed: string[] = []
    while (this.#adrift.size > 0) failed.push(...(await this.#placeThese([...this.#adrift])))
    this.#isPlacing = false
    for (const channel of failed) if (this.#listeners.has(channel)) this.#adrift.add(channel)
  }

  /** Returns those that found no place. */
  async #placeThese(channels: readonly string[]): Promise<string[]> {
    this.#adrift.clear()
    const placings = channels.map((channel) => this.#place(channel))
    const outcomes = await Promise.allSettled(placings)
    const isPlaced = (_: string, at: number) => outcomes[at]?.status === 'fulfilled'
    const placed = new Set(channels.filter(isPlaced))
    if (placed.size > 0) this.#listeners.doubt(MOVED, (channel) => placed.has(channel))
    return channels.filter((channel) => !placed.has(channel))
  }
}

async function opened(primary: Primary): Promise<void> {
  try {
    await primary.opened
  } catch (error) {
    throw new EngineUnavailable(reasonOf(error))
  }
}
