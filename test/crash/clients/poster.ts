// Publishes over REST. With keys it says everything until it is acknowledged, whatever comes
// between, and now and then again what was acknowledged long ago; without, it tries once.
import { setTimeout as pause } from 'node:timers/promises'
import { payloadOf } from '../payload.ts'
import type { Position } from '../record.ts'
import type { Scene } from './run-parts.ts'

const BETWEEN_MS = 8
const AGAIN_MS = 40
const BYTES_MAX = 1_500
/** One message in so many is an old one again. */
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

interface Message {
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
  readonly #old: Message[] = []
  #number = 0
  /** When it began to say what it says now. */
  #began = 0
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
      this.#began = performance.now()
      const old = this.#way !== 'plain' && this.#old.length > 0 && dice.once(OLD_EVERY)
      const messages = this.#way === 'batch' ? Array.from({ length: 5 }, () => this.#new()) : []
      const message = old ? dice.pick(this.#old) : (messages[0] ?? this.#new())
      if (old) record.count('published again')
      if (this.#way === 'batch' && !old) await this.#untilDone(() => this.#batch(messages))
      else if (this.#way === 'plain') await this.#one(message, null)
      else await this.#untilDone(() => this.#one(message, message.name))
      await pause(this.#betweenMs)
    }
  }

  #new(): Message {
    const { dice, record } = this.#scene
    this.#number += 1
    const name = `${this.#who}-${this.#number}-${dice.length(this.#bytesMax)}`
    const message = { room: dice.pick(this.#rooms), name }
    record.said(message.room, name)
    return message
  }

  async #untilDone(attempt: () => Promise<boolean>): Promise<void> {
    while (!(await attempt())) {
      this.#scene.record.count('tried again')
      await pause(AGAIN_MS)
    }
  }

  /** Whether it was acknowledged. */
  async #one({ room, name }: Message, key: string | null): Promise<boolean> {
    const keyed = key === null ? {} : { 'idempotency-key': key }
    const headers = { 'content-type': 'text/plain', ...keyed }
    const answer = await this.#post(`/rooms/${room}/messages`, headers, payloadOf(name))
    if (answer === null) return false
    this.#acknowledged({ room, name }, answer as Position)
    return true
  }

  async #batch(messages: readonly Message[]): Promise<boolean> {
    const items = messages.map(({ room, name }) => ({ room, data: payloadOf(name), key: name }))
    const headers = { 'content-type': 'application/json' }
    const answer = await this.#post('/messages', headers, JSON.stringify(items))
    if (answer === null) return false
    const results = answer as (Position & { error?: string })[]
    for (const [index, result] of results.entries()) {
      const message = messages[index]
      if (result.error === undefined && message) this.#acknowledged(message, result)
      else if (result.error !== 'unavailable') this.#wrong(JSON.stringify(result))
    }
    return results.every(({ error }) => error === undefined)
  }

  #acknowledged(message: Message, { epoch, offset }: Position): void {
    const call = { began: this.#began, ended: performance.now() }
    this.#scene.record.acknowledged(message.room, message.name, { epoch, offset }, call)
    if (this.#old.length < OLD_MAX) this.#old.push(message)
    else this.#old[this.#scene.dice.below(OLD_MAX)] = message
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
