// The operations of the writer thread on refresh tokens and on the status of users.
import type { DatabaseSync } from 'node:sqlite'
import type { RefreshRecord, Rotated, Rotation, SessionRecord } from '../identity-store.ts'
import { SESSION_COLUMNS } from './identity-reads.ts'

/** Used tokens are remembered, so that their theft shows: this many for each session. */
const REMEMBERED_MAX = 100

/** Earlier than any grace: a token that was used up at this time is never answered again. */
const LONG_AGO = Number.MIN_SAFE_INTEGER

interface TokenRow {
  session: string
  usedAt: number | null
}

export function refreshWrites(db: DatabaseSync) {
  const add = db.prepare(`
    INSERT INTO refresh_tokens (hash, session, issued_at)
    SELECT :hash, :session, :issuedAt WHERE EXISTS (SELECT 1 FROM sessions WHERE id = :session)`)
  const find = db.prepare(`
    SELECT session, used_at AS usedAt FROM refresh_tokens WHERE hash = :hash`)
  const use = db.prepare('UPDATE refresh_tokens SET used_at = :now WHERE hash = :hash')
  const useUp = db.prepare(`
    UPDATE refresh_tokens SET used_at = ${LONG_AGO} WHERE session = :session AND used_at IS NULL`)
  const forget = db.prepare(`
    DELETE FROM refresh_tokens WHERE session = :session AND hash NOT IN
      (SELECT hash FROM refresh_tokens WHERE session = :session
       ORDER BY issued_at DESC LIMIT ${REMEMBERED_MAX})
    AND used_at IS NOT NULL`)
  const session = db.prepare(`
    SELECT ${SESSION_COLUMNS} FROM sessions JOIN accounts USING (user) WHERE id = :id`)

  /** One token of a family is good at a time: with two, the theft of one would never be noticed. */
  function putInPlace(session: string, hash: string, issuedAt: number): void {
    useUp.run({ session })
    add.run({ hash, session, issuedAt })
    forget.run({ session })
  }

  return {
    addRefreshToken(token: RefreshRecord): boolean {
      return add.run({ ...token }).changes === 1
    },
    rotateRefreshToken({ hash, session: named, next, now, graceMs }: Rotation): Rotated {
      const token = find.get({ hash }) as TokenRow | undefined
      if (token?.session !== named) return null
      const { usedAt } = token
      if (usedAt !== null && now - usedAt > graceMs) return { reused: token.session }
      use.run({ hash, now: usedAt ?? now })
      // A token that is shown again for the same next one changes nothing more.
      if (find.get({ hash: next }) === undefined) putInPlace(token.session, next, now)
      return { session: session.get({ id: token.session }) as unknown as SessionRecord }
    },
  }
}

export function tokenAndBanWrites(db: DatabaseSync) {
  const ban = db.prepare(`
    INSERT INTO standings (user, banned_at) VALUES (:user, :now)
    ON CONFLICT (user) DO UPDATE SET banned_at = coalesce(banned_at, :now)`)
  const unban = db.prepare('UPDATE standings SET banned_at = NULL WHERE user = :user')
  const revoke = db.prepare(`
    INSERT INTO standings (user, revoked_before) VALUES (:user, :now)
    ON CONFLICT (user) DO UPDATE SET revoked_before = max(coalesce(revoked_before, 0), :now)`)
  const endSessions = db.prepare('DELETE FROM sessions WHERE user = :user')

  return {
    banUser(args: { user: string; now: number }): void {
      ban.run(args)
      endSessions.run({ user: args.user })
    },
    unbanUser(args: { user: string }): void {
      unban.run(args)
    },
    revokeUser(args: { user: string; now: number }): void {
      revoke.run(args)
      endSessions.run({ user: args.user })
    },
  }
}
