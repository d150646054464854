// Latencies in steps of ten microseconds, so that those of several processes can be added up.

const STEP_MICROS = 10
/** Two seconds in fine steps; what took longer is kept in steps of a hundred milliseconds. */
const FINE = 200_000
const COARSE_MICROS = 100_000
const COARSE = 600

type Counts = Uint32Array<ArrayBuffer>

export class Latencies {
  readonly fine: Counts
  readonly coarse: Counts

  constructor(fine: Counts = new Uint32Array(FINE), coarse: Counts = new Uint32Array(COARSE)) {
    this.fine = fine
    this.coarse = coarse
  }

  record(micros: number): void {
    const step = micros < 0 ? 0 : Math.floor(micros / STEP_MICROS)
    if (step < FINE) this.fine[step] = (this.fine[step] ?? 0) + 1
    else this.#recordLong(micros)
  }

  #recordLong(micros: number): void {
    const step = Math.min(COARSE - 1, Math.floor(micros / COARSE_MICROS))
    this.coarse[step] = (this.coarse[step] ?? 0) + 1
  }

  add(other: Latencies): void {
    for (let at = 0; at < FINE; at += 1)
      this.fine[at] = (this.fine[at] ?? 0) + (other.fine[at] ?? 0)
    for (let at = 0; at < COARSE; at += 1) {
      this.coarse[at] = (this.coarse[at] ?? 0) + (other.coarse[at] ?? 0)
    }
  }

  get count(): number {
    return sum(this.fine) + sum(this.coarse)
  }

  /** Milliseconds that this share of all stayed under; null when there was none. */
  quantile(share: number): number | null {
    const count = this.count
    if (count === 0) return null
    let left = Math.ceil(count * share)
    for (let at = 0; at < FINE; at += 1) {
      left -= this.fine[at] ?? 0
      if (left <= 0) return ((at + 1) * STEP_MICROS) / 1e3
    }
    for (let at = 0; at < COARSE; at += 1) {
      left -= this.coarse[at] ?? 0
      if (left <= 0) return ((at + 1) * COARSE_MICROS) / 1e3
    }
    return null
  }
}

function sum(counts: Counts): number {
  return counts.reduce((total, count) => total + count, 0)
}
