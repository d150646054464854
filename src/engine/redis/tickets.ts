// Tickets over all nodes. A ticket is kept with the run of Redis that it was issued under: after a
// restart or a failover it is unknown which tickets were used, so none of them is good.
import { HOST_SESSION } from '../../protocol/names.ts'
import type { Clock } from '../../time/clock.ts'
import type { TicketRecord, TicketStore, TicketsOf } from '../identity-store.ts'
import type { Holder } from '../shares.ts'
import { type Ended, type EndedTickets, TICKET_MS_MAX } from './ended-tickets.ts'
import type { Keys } from './keys.ts'
import type { RedisLink } from './link.ts'
import { textOf } from './replies.ts'
import { script } from './scripts.ts'
import type { RedisSessions } from './sessions.ts'
import type { TicketShares } from './ticket-shares.ts'
import type { FullStatus, UserStatusFeed } from './user-status-feed.ts'

const REDEEM = script('redeem-ticket')
/** Primaries of a Cluster, and each of their restarts. */
const RUNS_MAX = 1_000
/** Tickets that connections have shown and not used yet. */
const READ_MAX = 10_000

/** A ticket, and what it was issued under; one of another run or another generation is void. */
interface KeptTicket {
  record: TicketRecord
  run: string
  ofUser: string
  ofSession: string
}

/** What has ended of the user and the session of a ticket. */
interface Seen {
  status: FullStatus
  ofUser: Ended
  /** Null where the session itself has ended. */
  ofSession: Ended | null
}

/** Whose ticket it is, which is all that a look at its endings needs. */
type Whose = Pick<TicketRecord, 'user' | 'session'>

const NOT_ENDED: Ended = Object.freeze({ generation: '', before: 0 })

export interface TicketsParts {
  link: RedisLink
  keys: Keys
  clock: Clock
  feed: UserStatusFeed
  sessions: RedisSessions
  endedTickets: EndedTickets
  shares: TicketShares
}

export class RedisTickets implements TicketStore {
  readonly isLocal = false
  readonly #parts: TicketsParts
  readonly #runs = new Set<string>()
  /** Tickets that were read lately, so that redeeming one looks at its endings meanwhile. */
  readonly #read = new Map<string, Whose>()
  #since: number

  constructor(parts: TicketsParts) {
    this.#parts = parts
    this.#since = parts.clock.now()
  }

  /**
   * When this node met the latest run of Redis. That may be later than its beginning: then some
   * tickets that were used count as lost for the seconds that tickets live.
   */
  get since(): number {
    return this.#since
  }

  async issue(ticket: TicketRecord, holder?: Holder): Promise<boolean> {
    const { shares } = this.#parts
    const { hash, expiresAt, issuedAt } = ticket
    const lifeMs = Math.min(Math.max(expiresAt - issuedAt, 1), TICKET_MS_MAX)
    shares.take(ticket, holder, lifeMs)
    let isGood = false
    try {
      isGood = await this.#issue(ticket, lifeMs)
    } finally {
      if (!isGood) shares.release(hash)
    }
    return isGood
  }

  async read(hash: string, now: number): Promise<TicketRecord | null> {
    const key = this.#keyOf(hash)
    const run = this.#runAt(key)
    const kept = keptFrom(textOf(await this.#parts.link.send(key, ['GET', key])), hash)
    if (kept === null || kept.record.expiresAt <= now) return null
    this.#remember(kept.record)
    return this.#good(kept, run, await this.#seen(kept.record))
  }

  async redeem(hash: string, now: number): Promise<TicketRecord | null> {
    const key = this.#keyOf(hash)
    const run = this.#runAt(key)
    const whose = this.#read.get(hash)
    this.#read.delete(hash)
    const [answer, seen] = await Promise.all([
      this.#parts.link.run(REDEEM, [key], [String(now)]),
      whose === undefined ? null : this.#seen(whose),
    ])
    const kept = keptFrom(textOf(answer), hash)
    if (kept === null) return null
    this.#parts.shares.release(hash)
    return this.#good(kept, run, seen ?? (await this.#seen(kept.record)))
  }

  end(whose: TicketsOf, now: number): Promise<void> {
    return this.#parts.endedTickets.end(whose, now)
  }

  async #issue(record: TicketRecord, lifeMs: number): Promise<boolean> {
    const { link, feed } = this.#parts
    const { status, ofUser, ofSession } = await this.#look(record, feed.stored(record.user))
    if (status.bannedAt !== null || ofSession === null) return false
    if (record.issuedAt < Math.max(ofUser.before, ofSession.before)) return false
    const { hash, ...rest } = record
    const key = this.#keyOf(hash)
    const run = this.#runAt(key)
    const kept = {
      ...{ record: rest, run },
      ...{ ofUser: ofUser.generation, ofSession: ofSession.generation },
    }
    const text = `${record.expiresAt} ${JSON.stringify(kept)}`
    return (await link.send(key, ['SET', key, text, 'PX', String(lifeMs), 'NX'])) !== null
  }

  /** The ticket if nothing that it was issued under has ended. */
  #good({ record, ...kept }: KeptTicket, run: string, seen: Seen): TicketRecord | null {
    if (kept.run !== run) {
      this.#since = this.#parts.clock.now()
      return null
    }
    const { status, ofUser, ofSession } = seen
    if (status.bannedAt !== null || record.issuedAt < (status.revokedBefore ?? 0)) return null
    if (ofSession === null || hasEnded(record, kept.ofUser, ofUser)) return null
    return hasEnded(record, kept.ofSession, ofSession) ? null : record
  }

  #seen(whose: Whose): Promise<Seen> {
    return this.#look(whose, this.#parts.feed.of(whose.user))
  }

  async #look({ user, session }: Whose, status: Promise<FullStatus>): Promise<Seen> {
    const { endedTickets, sessions } = this.#parts
    const isOwn = session !== null && !session.startsWith(HOST_SESSION)
    const [known, ofUser, ofHost, own] = await Promise.all([
      status,
      endedTickets.of({ user }),
      session === null || isOwn ? NOT_ENDED : endedTickets.of({ session }),
      isOwn ? sessions.byId(session) : null,
    ])
    return { status: known, ofUser, ofSession: isOwn && own === null ? null : ofHost }
  }

  #remember({ hash, user, session }: TicketRecord): void {
    this.#read.set(hash, { user, session })
    const [oldest] = this.#read.keys()
    if (this.#read.size > READ_MAX && oldest !== undefined) this.#read.delete(oldest)
  }

  /** Unknown tickets from before a run that is new to this node may have been lost. */
  #runAt(key: string): string {
    const run = this.#parts.link.runOf(key)
    if (this.#runs.has(run)) return run
    if (this.#runs.size >= RUNS_MAX) this.#runs.clear()
    this.#runs.add(run)
    this.#since = this.#parts.clock.now()
    return run
  }

  #keyOf(hash: string): string {
    return this.#parts.keys.shared(`ticket:${hash}`)
  }
}

/** An ending that is not remembered any more is older than any ticket. */
function hasEnded({ issuedAt }: TicketRecord, generation: string, ended: Ended): boolean {
  if (ended.generation === '') return false
  return ended.generation !== generation || issuedAt < ended.before
}

function keptFrom(text: string | null, hash: string): KeptTicket | null {
  if (text === null) return null
  const { record, ...kept } = JSON.parse(text.slice(text.indexOf(' ') + 1)) as KeptTicket
  return { ...kept, record: { ...record, hash } }
}
