// Ten thousand followers, and what happened to them.
import { setTimeout as sleep } from 'node:timers/promises'
import { Follower, type Gone, type Told } from './follower.ts'
import type { Publisher } from './publisher.ts'
import { tokenOf } from './server.ts'

const STEP_MS = 20
const AT_ONCE = 100
const WRONGS_MAX = 20

/** How long somebody waits before coming back, by how often they were turned away already. */
export type Backoff = (attempts: number) => number

export class Crowd implements Told {
  readonly wrongs: string[] = []
  /** How long each way back took, from the first SYN to having everything, in milliseconds. */
  waysBack: number[] = []
  /** Answers other than a stream, by status; 0 for a line that was not accepted or broke. */
  readonly turnedAway = new Map<number, number>()
  /** When a line was first accepted since this was last set to null. */
  acceptedAt: number | null = null
  backAt = 0
  backoff: Backoff = () => 0
  readonly #publisher: Publisher
  readonly #followers: Follower[]
  #comesBack = true
  #back = 0

  constructor(size: number, port: number, publisher: Publisher) {
    this.#publisher = publisher
    this.#followers = Array.from(
      { length: size },
      (_, number) => new Follower({ number, port, token: tokenOf(`user-${number}`), told: this }),
    )
  }

  get size(): number {
    return this.#followers.length
  }

  get back(): number {
    return this.#back
  }

  /** Lets all come in, some at a time. */
  async gather(): Promise<void> {
    for (let at = 0; at < this.#followers.length; at += AT_ONCE) {
      for (const follower of this.#followers.slice(at, at + AT_ONCE)) this.#connect(follower)
      while (this.#back < Math.min(this.size, at + AT_ONCE)) await sleep(STEP_MS)
    }
    this.waysBack = []
  }

  /** Cuts each about every so many seconds, for so many seconds. */
  async cut(everySeconds: number, seconds: number): Promise<void> {
    const end = performance.now() + seconds * 1_000
    let last = performance.now()
    let due = 0
    while (last < end) {
      await sleep(STEP_MS)
      const now = performance.now()
      due += ((now - last) / 1_000 / everySeconds) * this.size
      last = now
      for (; due >= 1; due -= 1) this.#cutOne()
    }
  }

  #cutOne(): void {
    const follower = this.#followers[Math.floor(Math.random() * this.size)]
    if (!follower?.isBack) return
    follower.cut()
    this.#back -= 1
    setTimeout(() => this.#connect(follower), this.backoff(0))
  }

  /** Resolves when all have everything that was ever acknowledged; false when it takes too long. */
  async settle(maxMs: number): Promise<boolean> {
    const end = performance.now() + maxMs
    const isBehind = ({ offset }: Follower) => offset !== this.#publisher.newest
    while (performance.now() < end) {
      if (this.#back === this.size && !this.#followers.some(isBehind)) return true
      await sleep(STEP_MS)
    }
    return false
  }

  leave(): void {
    this.#comesBack = false
    for (const follower of this.#followers) follower.cut()
  }

  #connect(follower: Follower): void {
    const { epoch, newest } = this.#publisher
    if (this.#comesBack) follower.connect(epoch, newest)
  }

  onAccepted(): void {
    this.acceptedAt ??= performance.now()
  }

  onBack(follower: Follower): void {
    const now = performance.now()
    this.#back += 1
    this.backAt = now
    this.waysBack.push(now - follower.startedAt)
  }

  onGone(follower: Follower, { wasBack, status }: Gone): void {
    if (wasBack) this.#back -= 1
    else this.turnedAway.set(status, (this.turnedAway.get(status) ?? 0) + 1)
    follower.attempts += 1
    setTimeout(() => this.#connect(follower), this.backoff(follower.attempts))
  }

  onWrong(what: string): void {
    if (this.wrongs.length < WRONGS_MAX) this.wrongs.push(what)
  }
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
