// Deletes what hidden messages said, room by room. One node does it for all; where that node dies,
// another begins again.
import type { Clock, Timer } from '../../time/clock.ts'
import { sleep } from '../../time/clock.ts'
import type { Keys } from './keys.ts'
import type { RedisLink } from './link.ts'
import type { UserRedactions } from './log-user-redactions.ts'
import type { RoomList } from './room-list.ts'
import { script } from './scripts.ts'

const EMPTY_HIDDEN = script('empty-hidden')
const END_HIDING = script('end-hiding')

const LOOK_MS = 1_000
const LEASE_MS = 15_000
/** A node that did not know of a redaction has published nothing more for so long. */
const KNOWN_MS = 5_000
const ROOMS_AT_ONCE = 16
const MESSAGES_AT_ONCE = 100
/** Redis does other work for at least so long between two parts. */
const PAUSE_MS = 5
const USERS_MAX = 1_000

/** A redaction of a user, and since when this node works on it. */
interface Work {
  readonly number: number
  readonly since: number
  isPassed: boolean
}

export interface HiddenJobParts {
  link: RedisLink
  keys: Keys
  clock: Clock
  redactions: UserRedactions
  rooms: RoomList
}

export class HiddenJob {
  readonly #parts: HiddenJobParts
  readonly #lease: string
  readonly #work = new Map<string, Work>()
  readonly #timer: Timer
  #heldUntil = 0
  #isRunning = false
  #isClosed = false

  constructor(parts: HiddenJobParts) {
    this.#parts = parts
    this.#lease = parts.keys.shared('{hidden}:lease')
    this.#timer = parts.clock.every(LOOK_MS, () => void this.#run())
  }

  close(): void {
    this.#isClosed = true
    this.#timer.cancel()
  }

  /** What fails is done with a later look. */
  async #run(): Promise<void> {
    const { redactions, link } = this.#parts
    if (this.#isRunning || redactions.numbers.size === 0 || link.away !== null) return
    this.#isRunning = true
    await this.#goOn().catch(() => {})
    this.#isRunning = false
  }

  async #goOn(): Promise<void> {
    if (!(await this.#hasLease())) return
    const { redactions, clock, link, keys } = this.#parts
    const now = clock.elapsed()
    for (const [user, number] of [...redactions.numbers].slice(0, USERS_MAX)) {
      if (this.#work.get(user)?.number === number) continue
      this.#work.set(user, { number, since: now, isPassed: false })
    }
    const isKnown = ({ since }: Work) => now - since >= KNOWN_MS
    const due = [...this.#work].filter(([, work]) => !work.isPassed || isKnown(work))
    if (due.length === 0 || !(await this.#pass(due))) return
    for (const [user, work] of due) {
      work.isPassed = true
      if (!isKnown(work)) continue
      const number = String(work.number)
      await link.run(END_HIDING, [keys.shared('{hidden}:users')], [user, number])
      redactions.end(user, work.number)
      this.#work.delete(user)
    }
  }

  async #hasLease(): Promise<boolean> {
    const { link, clock } = this.#parts
    const now = clock.elapsed()
    const life = String(LEASE_MS)
    // Two nodes that do it at once do no harm.
    const answer =
      now < this.#heldUntil
        ? await link.send(this.#lease, ['PEXPIRE', this.#lease, life])
        : await link.send(this.#lease, ['SET', this.#lease, '1', 'NX', 'PX', life])
    if (answer === null || answer === 0) this.#heldUntil = 0
    else this.#heldUntil = now + LEASE_MS
    return this.#heldUntil !== 0
  }

  /** Goes through all rooms. Returns whether it came to their end. */
  async #pass(due: readonly [string, Work][]): Promise<boolean> {
    const users = due.flatMap(([user, { number }]) => [user, String(number)])
    for (let last: string | null = null; ; ) {
      const names: string[] = await this.#parts.rooms.names(last, ROOMS_AT_ONCE)
      await Promise.all(
        names.map((room) => emptyHidden(this.#parts, room, users, () => this.#isClosed)),
      )
      last = names.at(-1) ?? null
      if (last === null) return true
      if (this.#isClosed || !(await this.#hasLease())) return false
      await sleep(this.#parts.clock, PAUSE_MS)
    }
  }
}

/** Deletes what hidden messages of a room said, of some users with their numbers. */
export async function emptyHidden(
  { link, keys, clock }: Pick<HiddenJobParts, 'link' | 'keys' | 'clock'>,
  room: string,
  users: readonly string[],
  isEnded: () => boolean = () => false,
): Promise<void> {
  const names: [string, ...string[]] = [keys.room(room, 'm'), keys.room(room, 's')]
  names.push(keys.room(room, 'x'), keys.room(room, 'c'))
  for (let after = 0; !isEnded(); ) {
    const args = [String(after), String(MESSAGES_AT_ONCE), ...users]
    after = Number(await link.run(EMPTY_HIDDEN, names, args))
    if (after === 0) return
    await sleep(clock, PAUSE_MS)
  }
}
