// Revocations over all nodes: a stream that every node reads on, woken by a channel, and each
// second in case that a message was missed. Where revocations were lost, the followers are told.
import type { Revocation } from '../../protocol/identity.ts'
import type { Clock, Timer } from '../../time/clock.ts'
import type { Revocations } from '../engine.ts'
import type { Keys } from './keys.ts'
import type { RedisLink, Reply } from './link.ts'
import { script } from './scripts.ts'

/** A node that was away for so many is told that it missed some. */
const KEPT = 100_000
const PAGE = 500
const LOOK_MS = 1_000
const NONE = '0-0'

const REVOKE = script('revoke')
const AFTER = script('revocations-after')

type Entry = [id: Buffer, fields: [name: Buffer, revocation: Buffer]]

interface Page {
  isKnown: boolean
  last: string
  entries: Entry[]
}

interface Follower {
  onRevoked(revocation: Revocation): void
  onGap(): void
}

export interface RedisRevocationsParts {
  link: RedisLink
  keys: Keys
  clock: Clock
  /** How many revocations are kept, for tests. */
  kept?: number
}

export class RedisRevocations implements Revocations {
  readonly #link: RedisLink
  readonly #clock: Clock
  readonly #kept: string
  readonly #stream: string
  readonly #channel: string
  readonly #followers = new Set<Follower>()
  /** The last revocation that the followers were told. */
  #told = NONE
  /** The run of the primary that told it: another one may have lost what it had. */
  #run: string | null = null
  #isReading = false
  #mustRead = false
  #timer: Timer | null = null
  #stopDoubting: (() => void) | null = null

  constructor({ link, keys, clock, kept = KEPT }: RedisRevocationsParts) {
    this.#link = link
    this.#clock = clock
    this.#kept = String(kept)
    this.#stream = keys.shared('{revocations}:s')
    this.#channel = keys.shared('{revocations}:c')
  }

  /** From when it resolves no revocation is missed. Rejects with EngineUnavailable. */
  async open(): Promise<void> {
    await this.#link.subscribe(this.#channel, this.#wake)
    this.#run = this.#link.runOf(this.#stream)
    this.#told = (await this.#pageAfter(NONE, 0)).last
    this.#timer = this.#clock.every(LOOK_MS, this.#wake)
    this.#stopDoubting = this.#link.onDoubt(this.#wake)
  }

  async revoke(revocation: Revocation): Promise<void> {
    await this.#link.run(...[REVOKE, [this.#stream] as const], [
      JSON.stringify(revocation),
      this.#kept,
      this.#channel,
    ])
  }

  follow(onRevoked: Follower['onRevoked'], onGap: Follower['onGap'] = nothing): () => void {
    const follower = { onRevoked, onGap }
    this.#followers.add(follower)
    return () => {
      this.#followers.delete(follower)
    }
  }

  close(): void {
    this.#timer?.cancel()
    this.#stopDoubting?.()
    this.#link.unsubscribe(this.#channel)
    this.#followers.clear()
  }

  readonly #wake = (): void => {
    this.#mustRead = true
    if (this.#isReading) return
    this.#isReading = true
    // While Redis is away the next look is the next try.
    this.#readAll()
      .catch(nothing)
      .finally(() => {
        this.#isReading = false
      })
  }

  async #readAll(): Promise<void> {
    while (this.#mustRead) {
      this.#mustRead = false
      const run = this.#link.runOf(this.#stream)
      const page = await this.#pageAfter(this.#told, PAGE)
      this.#tell(page, run !== this.#run)
      this.#run = run
      this.#mustRead ||= page.entries.length === PAGE
    }
  }

  #tell({ isKnown, last, entries }: Page, isAnotherRun: boolean): void {
    for (const [id, [, revocation]] of entries) {
      this.#told = id.toString()
      const parsed = JSON.parse(revocation.toString()) as Revocation
      for (const { onRevoked } of this.#followers) onRevoked(parsed)
    }
    if (isKnown && !isAnotherRun) return
    // What the stream has now may be older than what was told: that is not told a second time.
    if (entries.length === 0) this.#told = last
    for (const { onGap } of this.#followers) onGap()
  }

  async #pageAfter(known: string, count: number): Promise<Page> {
    const reply = await this.#link.run(AFTER, [this.#stream], [known, String(count)])
    const [isKnown, last, entries] = reply as Reply[]
    return { isKnown: isKnown === 1, last: String(last), entries: entries as Entry[] }
  }
}

function nothing(): undefined {}
