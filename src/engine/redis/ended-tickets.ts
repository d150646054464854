// Sessions and users whose tickets were voided lately. A ticket carries the generations of its
// session and its user, so that no two clocks are compared: it is void once one of them is another.
import type { Random } from '../../time/random.ts'
import type { TicketsOf } from '../identity-store.ts'
import type { Keys } from './keys.ts'
import type { RedisLink } from './link.ts'
import { numberOf, textsOf } from './replies.ts'
import { script } from './scripts.ts'

const END = script('end-tickets')
/** No ticket is stored for longer. */
export const TICKET_MS_MAX = 60_000
/** An ending is remembered for longer than any ticket that it voids. */
const REMEMBERED_MS = String(2 * TICKET_MS_MAX)

/** The last ending; `generation` is empty where there was none lately. */
export interface Ended {
  generation: string
  /** Tickets issued before this time are void. */
  before: number
}

export interface EndedTicketsParts {
  link: RedisLink
  keys: Keys
  random: Random
}

export class EndedTickets {
  readonly #link: RedisLink
  readonly #keys: Keys
  readonly #random: Random

  constructor({ link, keys, random }: EndedTicketsParts) {
    this.#link = link
    this.#keys = keys
    this.#random = random
  }

  /** Voids the tickets that are out; and with a time, those that were issued before it. */
  async end(whose: TicketsOf, before: number | null): Promise<void> {
    const generation = this.#random.bytes(6).toString('base64url')
    const args = [generation, String(before ?? ''), REMEMBERED_MS]
    await this.#link.run(END, [this.#keyOf(whose)], args)
  }

  async of(whose: TicketsOf): Promise<Ended> {
    const key = this.#keyOf(whose)
    const reply = await this.#link.send(key, ['HMGET', key, 'generation', 'before'])
    const [generation, before] = textsOf(reply)
    return { generation: generation ?? '', before: numberOf(before) ?? 0 }
  }

  #keyOf(whose: TicketsOf): string {
    return 'session' in whose
      ? this.#keys.session(whose.session, 'ended')
      : this.#keys.user(whose.user, 'ended')
  }
}
