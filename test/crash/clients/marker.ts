// A device of a user who reads a room: it moves the user's receipt on, until that is acknowledged.
import { setTimeout as pause } from 'node:timers/promises'
import { call, type Person } from '../../support/people.ts'
import type { Scene } from './run-parts.ts'

const BETWEEN_MS = 8
const AGAIN_MS = 40
const STEP_MAX = 3
/** How long a server that is not killed any more may take to tell receipts. */
const PATIENCE_MS = 30_000

interface Pair {
  delivered: number
  read: number
}

export interface MarkerOptions {
  room: string
  person: Person
  isPrivate: boolean
}

export class Marker {
  readonly #scene: Scene
  readonly #options: MarkerOptions
  readonly #done: Promise<void>
  /** What was acknowledged last. */
  #acknowledged: Pair = { delivered: 0, read: 0 }
  #stopped = false

  constructor(scene: Scene, options: MarkerOptions) {
    this.#scene = scene
    this.#options = options
    this.#done = this.#mark()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#done
  }

  /** Stops, and gives a sentence for each promise that was broken. */
  async verdict(): Promise<string[]> {
    await this.stop()
    const { person, room, isPrivate } = this.#options
    const { delivered, read } = this.#acknowledged
    const deadline = performance.now() + PATIENCE_MS
    // It moves nothing, and tells the pair of the user.
    let own = await this.#put({ delivered: 0 })
    while (own === null && performance.now() < deadline) {
      await pause(AGAIN_MS)
      own = await this.#put({ delivered: 0 })
    }
    const who = `${person.username} in ${room}`
    if (own === null) return [`${who} is not told their receipts`]
    const isLost = own.read < read || own.delivered < delivered
    const lost = `${who} has read ${own.read}, and ${read} was acknowledged`
    // One who was acknowledged nothing may have become a participant here.
    if (read === 0) return []
    return [...(isLost ? [lost] : []), ...(await this.#shown(who, isPrivate ? null : read))]
  }

  /** `read` is null for one who reads privately. */
  async #shown(who: string, read: number | null): Promise<string[]> {
    const { person, room } = this.#options
    const address = `${this.#scene.url}/rooms/${room}/receipts`
    const { status, body } = await call(address, 'GET', { headers: person.browser })
    if (status !== 200) return [`${who} is answered ${status} for the receipts of all`]
    const participants = body.participants as { user: string; read: number | null }[]
    const shown = participants.find(({ user }) => user === person.user)?.read
    const isRight = read === null ? shown === null : (shown ?? -1) >= read
    return isRight ? [] : [`${who} shows ${shown}, and ${read} was acknowledged`]
  }

  async #mark(): Promise<void> {
    const { dice, record } = this.#scene
    const { isPrivate, person, room } = this.#options
    // The server may have been killed since the last answer: what it has is asked for first.
    let isInDoubt = false
    while (!this.#stopped) {
      const last = this.#acknowledged
      const read = last.read + 1 + dice.below(STEP_MAX)
      const moves = !isInDoubt || last.read === 0
      const pair = await this.#put(moves ? { read, private: isPrivate } : { delivered: 0 })
      isInDoubt = pair === null
      await pause(isInDoubt ? AGAIN_MS : BETWEEN_MS)
      if (pair === null) continue
      record.count(moves ? 'receipts moved' : 'receipts asked for')
      if (pair.read < last.read || pair.delivered < last.delivered) {
        record.wrong(`${room}: ${person.username} went back from ${last.read} to ${pair.read}`)
      }
      this.#acknowledged = pair
    }
  }

  /** The pair of the user; null without an answer, or with one that says to try again. */
  async #put(body: object): Promise<Pair | null> {
    const { url, record } = this.#scene
    const { person, room } = this.#options
    const options = { headers: person.browser, body }
    const answer = await call(`${url}/rooms/${room}/receipts`, 'PUT', options).catch(() => null)
    if (answer?.status === 200) return answer.body as Pair
    if (answer !== null && answer.status !== 503) {
      record.wrong(`${person.username} was answered ${JSON.stringify(answer.body).slice(0, 200)}`)
    }
    return null
  }
}
