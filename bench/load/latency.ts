// Latencies in steps of one percent, so that those of several processes can be added up.

export type Counts = Uint32Array<ArrayBuffer>

const STEP = Math.log(1.01)
/** From a microsecond to a minute; a longer latency counts as a minute. */
const STEPS = 1_800

export class Latencies {
  readonly counts: Counts = new Uint32Array(STEPS)

  record(micros: number): void {
    const step = micros < 1 ? 0 : Math.min(STEPS - 1, Math.floor(Math.log(micros) / STEP))
    this.counts[step] = (this.counts[step] ?? 0) + 1
  }

  add(counts: Counts): void {
    for (const [step, count] of counts.entries())
      this.counts[step] = (this.counts[step] ?? 0) + count
  }

  /** Milliseconds that this share of all stayed under; null when there was none. */
  quantile(share: number): number | null {
    const all = this.counts.reduce((total, count) => total + count, 0)
    if (all === 0) return null
    let left = Math.ceil(all * share)
    const step = this.counts.findIndex((count) => {
      left -= count
      return left <= 0
    })
    return Math.exp((step + 1) * STEP) / 1e3
  }
}
