// Publishes over REST. With keys it says everything until it is acknowledged, whatever comes
// between, and now and then again what was acknowledged long ago; without, it tries once.
import { setTimeout as pause } from 'node:timers/promises'
import { sayingOf } from '../payload.ts'
import type { Position } from '../record.ts'
import type { Scene } from './run-parts.ts'

const BETWEEN_MS = 8
const AGAIN_MS = 40
const BYTES_MAX = 1_500
/** One saying in so many is an old one again. */
const OLD_EVERY = 8
const OLD_MAX = 400

/** How it publishes. */
export type Way = 'keyed' | 'plain' | 'batch'

export interface PosterOptions {
  rooms: readonly string[]
  way: Way
  /** How long it waits after each. */
  betweenMs?: number
  /** Of a message, at most. */
  bytesMax?: number
}

interface Saying {
  room: string
  name: string
}

export class Poster {
  readonly #scene: Scene
  readonly #who: string
  readonly #rooms: readonly string[]
  readonly #way: Way
  readonly #betweenMs: number
  readonly #bytesMax: number
  readonly #old: Saying[] = []
  #number = 0
  #stopped = false
  readonly #done: Promise<void>

  constructor(scene: Scene, who: string, options: PosterOptions) {
    this.#scene = scene
    this.#who = who
    this.#rooms = options.rooms
    this.#way = options.way
    this.#betweenMs = options.betweenMs ?? BETWEEN_MS
    this.#bytesMax = options.bytesMax ?? BYTES_MAX
    this.#done = this.#publish()
  }

  /** Resolves when everything that it had begun to say with a key is acknowledged. */
  stop(): Promise<void> {
    this.#stopped = true
    return this.#done
  }

  async #publish(): Promise<void> {
    const { dice, record } = this.#scene
    while (!this.#stopped) {
      const old = this.#way !== 'plain' && this.#old.length > 0 && dice.once(OLD_EVERY)
      const sayings = this.#way === 'batch' ? Array.from({ length: 5 }, () => this.#new()) : []
      const saying = old ? dice.pick(this.#old) : (sayings[0] ?? this.#new())
      if (old) record.count('said again')
      if (this.#way === 'batch' && !old) await this.#untilDone(() => this.#batch(sayings))
      else if (this.#way === 'plain') await this.#one(saying, null)
      else await this.#untilDone(() => this.#one(saying, saying.name))
      await pause(this.#betweenMs)
    }
  }

  #new(): Saying {
    const { dice, record } = this.#scene
    this.#number += 1
    const name = `${this.#who}-${this.#number}-${dice.length(this.#bytesMax)}`
    const saying = { room: dice.pick(this.#rooms), name }
    record.said(saying.room, name)
    return saying
  }

  async #untilDone(attempt: () => Promise<boolean>): Promise<void> {
    while (!(await attempt())) {
      this.#scene.record.count('tried again')
      await pause(AGAIN_MS)
    }
  }

  /** Whether it was acknowledged. */
  async #one({ room, name }: Saying, key: string | null): Promise<boolean> {
    const keyed = key === null ? {} : { 'idempotency-key': key }
    const headers = { 'content-type': 'text/plain', ...keyed }
    const answer = await this.#post(`/rooms/${room}/messages`, headers, sayingOf(name))
    if (answer === null) return false
    this.#acknowledged({ room, name }, answer as Position)
    return true
  }

  async #batch(sayings: readonly Saying[]): Promise<boolean> {
    const items = sayings.map(({ room, name }) => ({ room, data: sayingOf(name), key: name }))
    const headers = { 'content-type': 'application/json' }
    const answer = await this.#post('/messages', headers, JSON.stringify(items))
    if (answer === null) return false
    const results = answer as (Position & { error?: string })[]
    for (const [index, result] of results.entries()) {
      const saying = sayings[index]
      if (result.error === undefined && saying) this.#acknowledged(saying, result)
      else if (result.error !== 'unavailable') this.#wrong(JSON.stringify(result))
    }
    return results.every(({ error }) => error === undefined)
  }

  #acknowledged(saying: Saying, { epoch, offset }: Position): void {
    this.#scene.record.acknowledged(saying.room, saying.name, { epoch, offset })
    if (this.#old.length < OLD_MAX) this.#old.push(saying)
    else this.#old[this.#scene.dice.below(OLD_MAX)] = saying
  }

  /** The answer; null when there was none, or one that says to try again. */
  async #post(path: string, headers: object, body: string): Promise<unknown> {
    const { url, authorization, record } = this.#scene
    try {
      const init = { method: 'POST', headers: { authorization, ...headers }, body }
      const response = await fetch(`${url}${path}`, init)
      const text = await response.text()
      if (response.ok) return JSON.parse(text)
      if (response.status !== 503) this.#wrong(`${response.status} ${text}`)
      record.count('503')
      return null
    } catch {
      return null
    }
  }

  #wrong(what: string): void {
    this.#scene.record.wrong(`${this.#who} was answered ${what.slice(0, 200)}`)
  }
}
