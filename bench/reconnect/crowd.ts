// Ten thousand followers, and how long each took to come back.
import { setTimeout as sleep } from 'node:timers/promises'
import { Follower, type Watcher } from '../../test/crash/clients/follower.ts'
import type { Scene } from '../../test/crash/clients/run-parts.ts'
import { tokenOf } from './server.ts'

const STEP_MS = 20
const AT_ONCE = 100
/** From one source address, so that a bound per address is felt as in production. */
const PER_ADDRESS = 500

/** Milliseconds before a follower comes back, by how often it was turned away already. */
export type Backoff = (refusals: number) => number

interface State {
  startedAt: number
  /** The offset that it must reach to have everything. */
  target: number
  isBack: boolean
  refusals: number
}

export class Crowd implements Watcher {
  /** How long each way back took, from the first SYN to having everything, in milliseconds. */
  waysBack: number[] = []
  /** Answers other than a stream, by status; 0 for a connection that was not accepted or broke. */
  readonly turnedAway = new Map<number, number>()
  /** When a connection was first accepted since this was last set to null. */
  acceptedAt: number | null = null
  backAt = 0
  back = 0
  readonly #scene: Scene
  readonly #room: string
  readonly #backoff: Backoff
  readonly #states = new Map<Follower, State>()
  readonly #followers: Follower[] = []
  #newest = { of: 0, offset: 0 }

  constructor(scene: Scene, room: string, backoff: Backoff) {
    this.#scene = scene
    this.#room = room
    this.#backoff = backoff
  }

  get size(): number {
    return this.#followers.length
  }

  /** Connects so many followers, some at a time. */
  async gather(size: number): Promise<void> {
    while (this.size < size) {
      for (let left = Math.min(AT_ONCE, size - this.size); left > 0; left -= 1) this.#add()
      while (this.back < this.size) await sleep(STEP_MS)
    }
    this.waysBack = []
  }

  #add(): void {
    const number = this.size
    const localAddress = `127.0.0.${2 + Math.floor(number / PER_ADDRESS)}`
    const authorization = `Bearer ${tokenOf(`user-${number}`)}`
    const own = { authorization, localAddress, watcher: this }
    this.#followers.push(new Follower(this.#scene, `f${number}`, this.#room, own))
  }

  /** Cuts each follower about every `everySeconds`, and keeps it away for `seconds`. */
  async cut(everySeconds: number, seconds: number): Promise<void> {
    const end = performance.now() + seconds * 1_000
    let last = performance.now()
    let due = 0
    while (last < end) {
      await sleep(STEP_MS)
      const now = performance.now()
      due += ((now - last) / 1_000 / everySeconds) * this.size
      last = now
      for (; due >= 1; due -= 1) this.#scene.dice.pick(this.#followers).cut()
    }
  }

  /** Resolves with true when all followers are back, with false when that takes too long. */
  async allBack(maxMs: number): Promise<boolean> {
    return eventually(maxMs, () => this.back === this.size)
  }

  /** Which followers have not reached this offset in the end. */
  async behind(offset: number, maxMs: number): Promise<string[]> {
    const isBehind = ({ at }: Follower): boolean => at?.offset !== offset
    await eventually(maxMs, () => !this.#followers.some(isBehind))
    return this.#followers
      .filter(isBehind)
      .map(({ who, at }) => `${who} ends at ${at?.offset} of ${offset}`)
  }

  leave(): void {
    for (const follower of this.#followers) follower.stop()
  }

  connecting(follower: Follower): void {
    const { refusals } = this.#stateOf(follower)
    const startedAt = performance.now()
    const target = this.#acknowledged()
    this.#states.set(follower, { startedAt, target, isBack: false, refusals })
  }

  accepted(): void {
    this.acceptedAt ??= performance.now()
  }

  heard(follower: Follower): void {
    const state = this.#stateOf(follower)
    if (state.isBack || follower.at === null || follower.at.offset < state.target) return
    Object.assign(state, { isBack: true, refusals: 0 })
    this.back += 1
    this.backAt = performance.now()
    this.waysBack.push(this.backAt - state.startedAt)
  }

  ended(follower: Follower, status: number): number {
    const state = this.#stateOf(follower)
    if (state.isBack) this.back -= 1
    else this.turnedAway.set(status, (this.turnedAway.get(status) ?? 0) + 1)
    state.refusals += status === 200 ? 0 : 1
    return this.#backoff(state.refusals)
  }

  #stateOf(follower: Follower): State {
    return this.#states.get(follower) ?? { startedAt: 0, target: 0, isBack: false, refusals: 0 }
  }

  /** The newest offset that a publisher knows of; counted again only when there are more. */
  #acknowledged(): number {
    const { acknowledged } = this.#scene.record.room(this.#room)
    if (acknowledged.size > this.#newest.of) {
      const offsets = [...acknowledged.values()].flat().map(({ at }) => at.offset)
      this.#newest = { of: acknowledged.size, offset: Math.max(...offsets) }
    }
    return this.#newest.offset
  }
}

async function eventually(maxMs: number, isTrue: () => boolean): Promise<boolean> {
  const end = performance.now() + maxMs
  while (!isTrue() && performance.now() < end) await sleep(STEP_MS)
  return isTrue()
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
