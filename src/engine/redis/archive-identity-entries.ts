// Accounts, names, bans and sessions on Redis as entries for another store.
import type { ArchivedSession, ArchivedToken, ArchiveEntry } from '../archive.ts'
import { AccountRecords } from './account-records.ts'
import type { ArchiveLists } from './archive-lists.ts'
import type { Keys } from './keys.ts'
import type { RedisLink, Reply } from './link.ts'
import { Names } from './names.ts'
import { textsOf } from './replies.ts'
import { isOver, SessionRecords, type StoredSession } from './session-records.ts'
import { type FullStatus, GOOD, statusFrom, usersKey } from './user-status-feed.ts'

const AT_ONCE = 200

export interface IdentityEntriesParts {
  link: RedisLink
  keys: Keys
  lists: ArchiveLists
}

/** In the order of the parts of an archive. */
export async function* identityEntries(parts: IdentityEntriesParts): AsyncGenerator<ArchiveEntry> {
  yield* accounts(parts)
  yield* statuses(parts)
  yield* names(parts)
  yield* sessions(parts)
}

/** Not those whose name leads elsewhere: one that is being made, or removed. */
async function* accounts(parts: IdentityEntriesParts): AsyncGenerator<ArchiveEntry> {
  const records = new AccountRecords(parts)
  const names = new Names({ ...parts, messagesKeptMs: null })
  for await (const some of parts.lists.accounts(AT_ONCE)) {
    const found = some.map(async ({ user, usernameKey }) => {
      const held = await names.read(usernameKey)
      const isItsOwn = held?.user === user && held.keptUntil === null
      return isItsOwn ? records.find(user) : null
    })
    for (const account of await Promise.all(found)) {
      if (account !== null) yield { is: 'account', ...account }
    }
  }
}

async function* statuses(parts: IdentityEntriesParts): AsyncGenerator<ArchiveEntry> {
  for await (const users of parts.lists.passing('users', AT_ONCE)) {
    const all = await statusesOf(parts, users)
    for (const [at, user] of users.entries()) {
      const { bannedAt, revokedBefore } = all[at] ?? GOOD
      if (bannedAt === null && revokedBefore === null) continue
      yield { is: 'status', user, bannedAt, revokedBefore }
    }
  }
}

async function* names(parts: IdentityEntriesParts): AsyncGenerator<ArchiveEntry> {
  const names = new Names({ ...parts, messagesKeptMs: null })
  for await (const some of parts.lists.passing('names', AT_ONCE)) {
    const found = await Promise.all(some.map((usernameKey) => names.read(usernameKey)))
    for (const [at, usernameKey] of some.entries()) {
      const { user, keptUntil } = found[at] ?? { user: '', keptUntil: null }
      if (keptUntil !== null) yield { is: 'name', usernameKey, user, keptUntil }
    }
  }
}

async function* sessions(parts: IdentityEntriesParts): AsyncGenerator<ArchiveEntry> {
  const records = new SessionRecords(parts)
  for await (const some of parts.lists.accounts(AT_ONCE)) {
    const users = some.map(({ user }) => user)
    const all = await statusesOf(parts, users)
    const found = await Promise.all(
      users.map(async (user, at) => {
        const ids = await records.idsOf(user)
        const each = await Promise.all(ids.map((id) => records.find(id)))
        return each.filter((session) => isOpen(session, all[at] ?? GOOD)) as StoredSession[]
      }),
    )
    for (const { record } of found.flat()) {
      const { username: _, ...session } = record
      yield { is: 'session', ...session }
      yield* await tokensOf(parts, records, session)
    }
  }
}

function isOpen(session: StoredSession | null, status: FullStatus): boolean {
  return session !== null && !isOver(session, status)
}

/** Redis does not keep when one was issued: the first with the session, each other at a use. */
async function tokensOf(
  { link }: IdentityEntriesParts,
  records: SessionRecords,
  { id, createdAt }: Omit<ArchivedSession, 'is'>,
): Promise<ArchivedToken[]> {
  const [key, tokens, order] = records.keysOf(id)
  const all = textsOf(await link.send(key, ['LRANGE', order, '0', '-1'])) as string[]
  if (all.length === 0) return []
  const used = textsOf(await link.send(key, ['HMGET', tokens, ...all]))
  let issuedAt = createdAt
  return all.map((hash, at) => {
    const usedAt = used[at] ? Number(used[at]) : null
    const token: ArchivedToken = { is: 'token', hash, session: id, issuedAt, usedAt }
    issuedAt = Math.max(issuedAt, usedAt ?? 0)
    return token
  })
}

async function statusesOf(
  { link, keys }: IdentityEntriesParts,
  users: readonly string[],
): Promise<FullStatus[]> {
  const key = usersKey(keys)
  const reply: Reply = await link.send(key, ['HMGET', key, ...users])
  return textsOf(reply).map(statusFrom)
}
