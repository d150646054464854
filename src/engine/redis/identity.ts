// Accounts, sessions, tickets, user status and failed attempts on Redis, for one node.
import type { Clock } from '../../time/clock.ts'
import type { Random } from '../../time/random.ts'
import { SharedWork } from '../shared-work.ts'
import type { Shares } from '../shares.ts'
import { RedisAccounts } from './accounts.ts'
import { RedisAttempts } from './attempts.ts'
import { EndedTickets } from './ended-tickets.ts'
import { Endings } from './endings.ts'
import type { Keys } from './keys.ts'
import type { RedisLink } from './link.ts'
import { Names, type NamesParts } from './names.ts'
import { RedisRefreshTokens } from './refresh-tokens.ts'
import { SessionRecords } from './session-records.ts'
import { RedisSessions } from './sessions.ts'
import { TicketShares } from './ticket-shares.ts'
import { RedisTickets } from './tickets.ts'
import { RedisUserStatus } from './user-status.ts'
import { UserStatusFeed } from './user-status-feed.ts'

/** Pages of accounts that are read at once. */
const PAGES_AT_ONCE = 4

export interface IdentityParts extends Pick<NamesParts, 'messagesKeptMs'> {
  link: RedisLink
  keys: Keys
  clock: Clock
  random: Random
  shares: Shares
}

export interface RedisIdentity {
  accounts: RedisAccounts
  sessions: RedisSessions
  refreshTokens: RedisRefreshTokens
  userStatus: RedisUserStatus
  tickets: RedisTickets
  attempts: RedisAttempts
  /** Stops what runs by itself. */
  stop(): void
}

/** Resolves when this node knows the status of all users. */
export async function redisIdentity(parts: IdentityParts): Promise<RedisIdentity> {
  const { link, shares } = parts
  const feed = new UserStatusFeed(parts)
  const records = new SessionRecords(parts)
  const endedTickets = new EndedTickets(parts)
  const endings = new Endings({ feed, records, endedTickets })
  const ticketShares = new TicketShares(parts)
  const names = new Names(parts)
  const pages = new SharedWork(shares, 'pages', PAGES_AT_ONCE)
  const sessions = new RedisSessions({ link, records, feed, endings })
  await feed.readOn()
  return {
    accounts: new RedisAccounts({ ...parts, names, feed, endings, pages }),
    sessions,
    refreshTokens: new RedisRefreshTokens({ link, records, sessions }),
    userStatus: new RedisUserStatus({ feed, endings }),
    tickets: new RedisTickets({ ...parts, feed, sessions, endedTickets, shares: ticketShares }),
    attempts: new RedisAttempts(parts),
    stop() {
      feed.stop()
      ticketShares.stop()
    },
  }
}
