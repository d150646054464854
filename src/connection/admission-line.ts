// Clients that wait a little for their admission, where a refusal would end them for good: a
// browser's EventSource never comes back from a 503. They are admitted in the order in which they
// came; one whose address has to wait holds up no other. One timer looks at all.
import { type Holder, Reached, type Share, type Shares } from '../engine/shares.ts'
import { REPLY, Refusal } from '../protocol/errors.ts'
import type { Clock } from '../time/clock.ts'

/** How long a client waits at most. */
export const ADMISSION_WAIT_MS = 10_000
/** How often those that wait are looked at. */
const LOOK_MS = 50

const GONE = new Refusal(REPLY.unavailable, 'This client has gone away.')

/** A client that asks to be admitted. */
export interface Applicant {
  readonly holder: Holder
  /** Null when it is admitted, else what has to be waited for. What it throws ends the wait. */
  readonly attempt: () => Reached | null
  /** Whether the client has gone away. */
  readonly isGone: () => boolean
}

interface Waiting extends Applicant {
  /** By the clock's `elapsed()`. */
  readonly until: number
  /** Called once. */
  readonly admit: () => void
  readonly refuse: (error: unknown) => void
}

export class AdmissionLine {
  readonly #clock: Clock
  readonly #shares: Pick<Shares, 'take'>
  readonly #waiting = new Map<Waiting, Share>()

  constructor(clock: Clock, shares: Pick<Shares, 'take'>) {
    this.#clock = clock
    this.#shares = shares
  }

  /**
   * Resolves when the applicant is admitted. Rejects with the Refusal of what it waited for in
   * vain, or of the bound on those that wait.
   */
  async admit(applicant: Applicant): Promise<void> {
    const isFirst = this.#waiting.size === 0 || applicant.holder.server !== null
    if (isFirst && applicant.attempt() === null) return
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const until = this.#clock.elapsed() + ADMISSION_WAIT_MS
    const waiting: Waiting = { ...applicant, until, admit: resolve, refuse: reject }
    const displaced = ({ refusal }: Reached): void => this.#end(waiting, () => reject(refusal))
    const share = this.#shares.take('waitingStreams', applicant.holder, 0, displaced)
    if (share instanceof Reached) throw share.refusal
    if (this.#waiting.size === 0) this.#lookLater()
    this.#waiting.set(waiting, share)
    await promise
  }

  #lookLater(): void {
    this.#clock.after(LOOK_MS, () => {
      this.#look()
      if (this.#waiting.size > 0) this.#lookLater()
    })
  }

  /** Where one was in vain, the others of its address need not be tried, or none at all. */
  #look(): void {
    const elapsed = this.#clock.elapsed()
    const full = new Set<string | null>()
    let isFull = false
    for (const waiting of this.#waiting.keys()) {
      const { address, server } = waiting.holder
      const isLate = elapsed >= waiting.until
      const isInVain = server === null && (isFull || (address !== null && full.has(address)))
      if (waiting.isGone()) this.#end(waiting, () => waiting.refuse(GONE))
      else if (isLate || !isInVain) {
        const reached = this.#tryAgain(waiting, isLate)
        if (reached?.whose === 'all') isFull ||= server === null
        else if (reached !== null) full.add(address)
      }
    }
  }

  /** Returns what the attempt met; the client waits on then, if it is not late. */
  #tryAgain(waiting: Waiting, isLate: boolean): Reached | null {
    try {
      const reached = waiting.attempt()
      if (reached === null) this.#end(waiting, waiting.admit)
      else if (isLate) this.#end(waiting, () => waiting.refuse(reached.refusal))
      return reached
    } catch (error) {
      this.#end(waiting, () => waiting.refuse(error))
      return null
    }
  }

  #end(waiting: Waiting, tell: () => void): void {
    this.#waiting.get(waiting)?.release()
    this.#waiting.delete(waiting)
    tell()
  }
}
