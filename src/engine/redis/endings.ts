// What ends with a user's access. One change of the user's status decides; only then is deleted
// what it has made void, so that a crash between the two leaves nothing good.
import type { EndedTickets } from './ended-tickets.ts'
import type { SessionRecords } from './session-records.ts'
import type { StatusChange, UserStatusFeed } from './user-status-feed.ts'

export type Ending = Exclude<StatusChange, { change: 'unban' }>

export interface EndingsParts {
  feed: UserStatusFeed
  records: SessionRecords
  endedTickets: EndedTickets
}

export class Endings {
  readonly #feed: UserStatusFeed
  readonly #records: SessionRecords
  readonly #endedTickets: EndedTickets

  constructor({ feed, records, endedTickets }: EndingsParts) {
    this.#feed = feed
    this.#records = records
    this.#endedTickets = endedTickets
  }

  /**
   * Ends the sessions of a user, and all the user's tickets where no session stays. Returns the ids
   * of the sessions. May be called again after it has failed.
   */
  async end(user: string, ending: Ending): Promise<string[]> {
    await this.#feed.change(user, ending)
    const except = 'except' in ending ? ending.except : null
    const before = ending.change === 'revoke' ? ending.at : null
    const [ids] = await Promise.all([
      this.#records.endAll(user, except),
      // Tickets of a session end with it.
      except === null ? this.#endedTickets.end({ user }, before) : null,
    ])
    await this.#feed.readOn()
    return ids
  }
}
