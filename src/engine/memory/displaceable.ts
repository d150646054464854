// Shares that make room for others: the oldest of the address that holds most goes first. Adding,
// removing and finding that address cost the same however many there are.

export class Displaceable<Share> {
  /** By address, oldest share first. */
  readonly #shares = new Map<string, Set<Share>>()
  /** Addresses by how many shares they have; index 0 is not used. */
  readonly #ranks: Set<string>[] = []

  add(address: string, share: Share): void {
    let shares = this.#shares.get(address)
    if (shares === undefined) {
      shares = new Set()
      this.#shares.set(address, shares)
    }
    shares.add(share)
    this.#move(address, shares.size - 1, shares.size)
  }

  remove(address: string, share: Share): void {
    const shares = this.#shares.get(address)
    if (!shares?.delete(share)) return
    this.#move(address, shares.size + 1, shares.size)
    if (shares.size === 0) this.#shares.delete(address)
  }

  /** The oldest share of the address that has most; null when there is none. */
  get next(): Share | null {
    const [address] = this.#ranks.at(-1) ?? []
    const [oldest] = this.#shares.get(address ?? '') ?? []
    return oldest ?? null
  }

  #move(address: string, from: number, to: number): void {
    this.#ranks[from]?.delete(address)
    if (to > 0) {
      this.#ranks[to] ??= new Set()
      this.#ranks[to].add(address)
    }
    while (this.#ranks.length > 0 && !this.#ranks.at(-1)?.size) this.#ranks.pop()
  }
}
