// Finds dead connections with one timer for all: every connection has a bucket, and each tick
// visits two of them, the one to ping and the one whose answers are due. A connection whose
// identity expires within the next round is checked every tick, so that it ends within a second.
import type { HeartbeatSettings } from '../protocol/limits.ts'

export const TICK_MS = 1_000

/** A connection with a heartbeat. */
export interface Beating {
  /** The tick of a ping after which no byte came yet; 0 when no ping is open. */
  pingedAt: number
  /** When its identity expires, in milliseconds since 1970, or null. */
  readonly expiresAt: number | null
  ping(): void
  noPong(): void
  expired(): void
}

export class Heartbeat {
  /** Seconds between two pings of a connection. */
  readonly pingSeconds: number
  readonly #pongTicks: number
  readonly #buckets: Set<Beating>[]
  readonly #roundMs: number
  /** Connections whose identity may expire before their bucket is visited next. */
  readonly #runningOut = new Set<Beating>()
  #tick = 0

  constructor({ pingSeconds, pongSeconds }: HeartbeatSettings) {
    const pingTicks = Math.max(1, Math.round((pingSeconds * 1_000) / TICK_MS))
    this.#pongTicks = Math.max(1, Math.round((pongSeconds * 1_000) / TICK_MS))
    this.#roundMs = pingTicks * TICK_MS
    this.pingSeconds = pingTicks
    this.#buckets = Array.from({ length: pingTicks }, () => new Set<Beating>())
  }

  /** Returns the bucket to give back to `remove`. The first ping comes after a whole round. */
  add(beating: Beating): number {
    const index = this.#index(this.#tick)
    this.#buckets[index]?.add(beating)
    if (beating.expiresAt !== null) this.#runningOut.add(beating)
    return index
  }

  /** The identity of a connection lasts until another time now. */
  renewed(beating: Beating): void {
    if (beating.expiresAt !== null) this.#runningOut.add(beating)
  }

  remove(beating: Beating, bucket: number): void {
    this.#buckets[bucket]?.delete(beating)
    this.#runningOut.delete(beating)
  }

  /** Called every TICK_MS. `now` is the wall clock, by which identities expire. */
  tick(now: number): void {
    this.#tick += 1
    this.#expire(now)
    if (this.#tick > this.#pongTicks) this.#drop(this.#index(this.#tick - this.#pongTicks))
    this.#ping(this.#index(this.#tick), now)
  }

  #expire(now: number): void {
    for (const beating of this.#runningOut) {
      const { expiresAt } = beating
      if (expiresAt === null || expiresAt > now + this.#roundMs) this.#runningOut.delete(beating)
      else if (expiresAt <= now) beating.expired()
    }
  }

  #drop(index: number): void {
    const due = this.#tick - this.#pongTicks
    for (const beating of this.#buckets[index] ?? []) {
      if (beating.pingedAt > 0 && beating.pingedAt <= due) beating.noPong()
    }
  }

  #ping(index: number, now: number): void {
    for (const beating of this.#buckets[index] ?? []) {
      const leftMs = beating.expiresAt === null ? null : beating.expiresAt - now
      if (leftMs !== null && leftMs <= this.#roundMs) this.#runningOut.add(beating)
      if (beating.pingedAt === 0 && (leftMs === null || leftMs > 0)) {
        beating.pingedAt = this.#tick
        beating.ping()
      }
    }
  }

  #index(tick: number): number {
    return tick % this.#buckets.length
  }
}
