// Random numbers of a seed: the same in every run.
import { Dice } from '../../test/support/dice.ts'

const STEPS = 2 ** 30

export class Chance {
  readonly #dice: Dice

  constructor(seed: number) {
    this.#dice = new Dice(seed, 1)
  }

  /** From 0 up to, and without, 1. */
  share(): number {
    return this.#dice.below(STEPS) / STEPS
  }

  below(end: number): number {
    return this.#dice.below(end)
  }

  /** The time to the next event of so many a second, in microseconds. */
  wait(perSecond: number): number {
    return (-Math.log(1 - this.share()) / perSecond) * 1e6
  }

  /** Around `median`; a third of all are more than `spread` times as much, or as little. */
  logNormal(median: number, spread: number): number {
    const angle = 2 * Math.PI * this.share()
    const normal = Math.sqrt(-2 * Math.log(1 - this.share())) * Math.cos(angle)
    return median * spread ** normal
  }
}
