// Writes accounts, names, bans and sessions of another store.
import type { Clock } from '../../time/clock.ts'
import {
  type ArchivedAccount,
  type ArchivedName,
  type ArchivedSession,
  type ArchivedStatus,
  type ArchivedToken,
  type ArchiveEntry,
  EntryRefused,
} from '../archive.ts'
import { AccountRecords } from './account-records.ts'
import type { Keys } from './keys.ts'
import type { RedisLink } from './link.ts'
import { Names } from './names.ts'
import { script } from './scripts.ts'
import { SessionRecords } from './session-records.ts'
import { usersKey } from './user-status-feed.ts'

const IMPORT_TOKENS = script('import-tokens')

export interface IdentityImportParts {
  link: RedisLink
  keys: Keys
  clock: Clock
}

/** Each resolves when it is written. Rejects with EntryRefused too. */
export class IdentityImport {
  readonly #parts: IdentityImportParts
  readonly #accounts: AccountRecords
  readonly #names: Names
  readonly #sessions: SessionRecords

  constructor(parts: IdentityImportParts) {
    this.#parts = parts
    this.#accounts = new AccountRecords(parts)
    this.#names = new Names({ ...parts, messagesKeptMs: null })
    this.#sessions = new SessionRecords(parts)
  }

  async account(entry: ArchivedAccount): Promise<void> {
    await this.#bring(entry, null)
    await this.#accounts.store(entry)
  }

  async name(entry: ArchivedName): Promise<void> {
    await this.#bring(entry, entry.keptUntil)
  }

  /** Without a generation: the sessions that come are those that have not ended. */
  async status({ user, bannedAt, revokedBefore }: ArchivedStatus): Promise<void> {
    const { link, keys } = this.#parts
    const key = usersKey(keys)
    const status = {
      ...(bannedAt !== null && { bannedAt }),
      ...(revokedBefore !== null && { revokedBefore }),
    }
    if (Object.keys(status).length === 0) return
    await link.send(key, ['HSET', key, user, JSON.stringify(status)])
  }

  /** Accounts MUST be there. */
  async session(entry: ArchivedSession, tokens: readonly ArchivedToken[]): Promise<void> {
    const { link, clock } = this.#parts
    const lifeMs = entry.expiresAt - clock.now()
    if (lifeMs <= 0) return
    if (!(await this.#sessions.store(entry, '', lifeMs))) refuse(entry, 'its user has no account')
    if (tokens.length === 0) return
    const args = tokens.flatMap(({ hash, usedAt }) => [hash, usedAt === null ? '' : `${usedAt}`])
    await link.run(IMPORT_TOKENS, this.#sessions.keysOf(entry.id), args)
  }

  async #bring(entry: ArchivedAccount | ArchivedName, keptUntil: number | null): Promise<void> {
    const isBrought = await this.#names.bring(entry.usernameKey, entry.user, keptUntil)
    if (!isBrought) refuse(entry, 'another user has its name')
  }
}

function refuse(entry: ArchiveEntry, message: string): never {
  throw new EntryRefused(entry, message)
}
