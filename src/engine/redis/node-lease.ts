// The lease of this node: a node that does not renew it is counted as gone by all the others. What
// lapsed never comes back: a node that finds its lease gone takes another id. One key has all
// leases, so that renewing one tells which nodes live, where that has changed.
import type { Clock, Timer } from '../../time/clock.ts'
import type { Random } from '../../time/random.ts'
import { EngineRefused, EngineUnavailable, type OnRenewed } from '../engine.ts'
import { newNodeId } from '../node-id.ts'
import type { Keys } from './keys.ts'
import type { RedisLink, Reply } from './link.ts'
import { script } from './scripts.ts'
import { holdKeysOf } from './store-hold.ts'

export interface LeaseTimes {
  /** A lease that is not renewed lapses after so many milliseconds. */
  readonly leaseMs: number
  readonly renewMs: number
  /** Where no node renewed for so long, Redis was away. */
  readonly silenceMs: number
  /** After Redis was away, or the link to it in doubt, nodes have so long to renew. */
  readonly graceMs: number
}

/** A node that died is counted as gone within 8 s, where Redis was there. */
const TIMES: LeaseTimes = { leaseMs: 6_000, renewMs: 1_000, silenceMs: 2_500, graceMs: 10_000 }

const LEASE = script('node-lease')
/** Why a node may not begin. */
const MOVED =
  'usher export or usher import is at work on this Redis, or an import was cut off: import the ' +
  'same file again. Start nodes when that is done.'

export interface NodeLeaseParts {
  link: RedisLink
  keys: Keys
  clock: Clock
  random: Random
  times?: LeaseTimes
}

export class NodeLease {
  readonly #link: RedisLink
  readonly #clock: Clock
  readonly #random: Random
  readonly #times: LeaseTimes
  readonly #keys: Record<'leases' | 'ranLast' | 'mark' | 'channel' | 'hold' | 'import', string>
  readonly #prepared = new Set<(node: string) => Promise<void>>()
  readonly #renewals = new Set<{ onRenewed: OnRenewed }>()
  readonly #looks = new Set<{ onLook: () => void }>()
  #node = ''
  /** How often Redis was asked which nodes live. */
  looks = 0
  #living: ReadonlySet<string> = new Set()
  /** What Redis calls the leases that this node knows. */
  #mark = ''
  /** Until then no other node is counted as gone; a reading of `clock.elapsed`. */
  #graceUntil = 0
  /** Settles when the renewal under way has ended. Never rejects. */
  #running: Promise<void> = Promise.resolve()
  /** The renewal that begins after the one under way. */
  #next: Promise<void> | null = null
  #timer: Timer | null = null
  /** Looks which nodes live as soon as those that do have had their time to renew. */
  #endOfGrace: Timer | null = null
  #stopDoubting: (() => void) | null = null
  #isClosed = false

  constructor({ link, keys, clock, random, times = TIMES }: NodeLeaseParts) {
    this.#link = link
    this.#clock = clock
    this.#random = random
    this.#times = times
    const of = (part: string) => keys.shared(`{nodes}:${part}`)
    const own = { leases: of('leases'), ranLast: of('last'), mark: of('mark'), channel: of('c') }
    this.#keys = { ...own, ...holdKeysOf(keys) }
  }

  /** Takes the first id. Rejects with EngineUnavailable, and EngineRefused while it is moved. */
  async open(): Promise<void> {
    await this.#link.subscribe(this.#keys.channel, () => void this.renew().catch(nothing))
    await this.#begin().catch((error) => {
      throw error.message === MOVED ? new EngineRefused(MOVED) : error
    })
    this.#timer = this.#clock.every(this.#times.renewMs, () => void this.renew().catch(nothing))
    this.#stopDoubting = this.#link.onDoubt((_, concerns) => {
      if (concerns(this.#keys.channel)) void this.#doubted()
    })
  }

  /** See `Engine.node`. It stays while Redis is away, until the lease is found to be gone. */
  get node(): string {
    return this.#node
  }

  /** Whether a node had a lease when that was looked up last. */
  isLiving(node: string): boolean {
    return this.#living.has(node)
  }

  /** See `Engine.otherNodes`. */
  get otherNodes(): number {
    return this.#living.size - (this.#living.has(this.#node) ? 1 : 0)
  }

  /** Whether a node without a lease may still be one that could not renew it. */
  get isInGrace(): boolean {
    return this.#clock.elapsed() < this.#graceUntil
  }

  /** Calls `prepare` with each id before it is this node's: it must be served from then on. */
  beforeEachId(prepare: (node: string) => Promise<void>): void {
    this.#prepared.add(prepare)
  }

  /** See `Engine.onRenewed`. */
  onRenewed(onRenewed: OnRenewed): () => void {
    const renewal = { onRenewed }
    this.#renewals.add(renewal)
    return () => {
      this.#renewals.delete(renewal)
    }
  }

  /** Calls `onLook` whenever it was looked up which nodes live. MUST NOT throw. */
  onLook(onLook: () => void): void {
    this.#looks.add({ onLook })
  }

  /**
   * Renews the lease: `isLiving` then shows what was so after this call. Rejects with
   * EngineUnavailable.
   */
  renew(): Promise<void> {
    this.#next ??= this.#afterRunning()
    return this.#next
  }

  /** The others are told at once that this node is gone. Never rejects; the link MUST be open. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.stop()
    await this.#running
    try {
      await this.#run('end', this.#node)
      await this.#tell()
    } catch (error) {
      // The lease lapses.
      if (!(error instanceof EngineUnavailable)) throw error
    }
  }

  /** Renews it no more: it lapses. */
  stop(): void {
    this.#isClosed = true
    this.#timer?.cancel()
    this.#endOfGrace?.cancel()
    this.#stopDoubting?.()
    this.#link.unsubscribe(this.#keys.channel)
  }

  async #doubted(): Promise<void> {
    const { graceMs } = this.#times
    this.#graceUntil = this.#clock.elapsed() + graceMs
    await this.renew().catch(nothing)
    if (this.#isClosed) return
    this.#endOfGrace?.cancel()
    // Redis may have given all leases so long with this renewal. In the millisecond at which one
    // lapses it is still there.
    this.#endOfGrace = this.#clock.after(graceMs + 1, () => void this.renew().catch(nothing))
  }

  #afterRunning(): Promise<void> {
    const renewal = this.#running.then(() => {
      this.#next = null
      return this.#renewOnce()
    })
    this.#running = renewal.catch(nothing)
    return renewal
  }

  async #renewOnce(): Promise<void> {
    if (this.#isClosed) return
    const isHeld = await this.#run('renew', this.#node)
    if (!isHeld) await this.#replace()
    for (const { onLook } of this.#looks) onLook()
  }

  async #replace(): Promise<void> {
    const former = this.#node
    await this.#begin()
    for (const { onRenewed } of this.#renewals) onRenewed(former, this.#node)
  }

  async #begin(): Promise<void> {
    const node = newNodeId(this.#random)
    for (const prepare of this.#prepared) await prepare(node)
    if (!(await this.#run('begin', node))) return this.#begin()
    this.#node = node
    // One that ends right after this one came knows that there is another [C361]. If this fails,
    // the others look within a second.
    void this.#tell().catch(nothing)
  }

  /** All nodes look at once which of them live. */
  async #tell(): Promise<void> {
    const { channel } = this.#keys
    await this.#link.send(channel, ['SPUBLISH', channel, ''])
  }

  async #run(what: 'begin' | 'renew' | 'end', node: string): Promise<boolean> {
    this.looks += 1
    const { leases, ranLast, hold, import: last, mark } = this.#keys
    const { leaseMs, silenceMs, graceMs } = this.#times
    const args = [what, node, ...[leaseMs, silenceMs, graceMs].map(String), this.#mark]
    const reply = await this.#link.run(LEASE, [leases, ranLast, hold, last, mark], args)
    const [isHeld, known, living] = reply as Reply[]
    if (isHeld === -1) throw new EngineUnavailable(MOVED)
    if (living !== null) this.#living = new Set((living as Buffer[]).map(String))
    this.#mark = String(known)
    return isHeld === 1
  }
}

function nothing(): undefined {}
