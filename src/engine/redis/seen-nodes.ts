// The nodes whose entries this one has seen, and those of them that are gone. A node that is gone
// never comes back, so what is still heard of it is late.
import type { NodeLease } from './node-lease.ts'

/** One that is forgotten is looked up again. */
const GONE_MAX = 1_000

export class SeenNodes {
  readonly #lease: NodeLease
  /** How often it had been asked which nodes live when each node was seen first. */
  readonly #seen = new Map<string, number>()
  readonly #gone = new Set<string>()

  constructor(lease: NodeLease) {
    this.#lease = lease
  }

  saw(node: string): void {
    if (!this.#seen.has(node) && !this.#gone.has(node)) this.#seen.set(node, this.#lease.looks)
  }

  isLiving(node: string): boolean {
    return this.#lease.isLiving(node)
  }

  isGone(node: string): boolean {
    return this.#gone.has(node)
  }

  /** Whether a node may have lost its lease because Redis was away. */
  get isInGrace(): boolean {
    return this.#lease.isInGrace
  }

  /** Resolves when it is known of a node whether it lives. Rejects with EngineUnavailable. */
  async lookUp(): Promise<void> {
    await this.#lease.renew()
  }

  /** A node is gone without a look. */
  bury(node: string): void {
    this.#seen.delete(node)
    this.#gone.add(node)
    for (const oldest of this.#gone) {
      if (this.#gone.size <= GONE_MAX) break
      this.#gone.delete(oldest)
    }
  }

  /**
   * Called when it was looked up which nodes live: returns those that are gone since. One that was
   * seen after that was asked is not judged by the answer.
   */
  judge(): Set<string> {
    const gone = new Set<string>()
    if (this.isInGrace) return gone
    for (const [node, looks] of this.#seen) {
      if (!this.isLiving(node) && looks < this.#lease.looks) gone.add(node)
    }
    for (const node of gone) this.bury(node)
    return gone
  }
}
