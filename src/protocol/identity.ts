// The identity behind a connection or a request. Made in src/identity, read by rules everywhere.
import type { Scoped } from './scope.ts'

/** How an identity was proved when the connection or the request came. */
export type Proof = 'none' | 'cookie' | 'host' | 'token' | 'ticket' | 'key'

export interface Identity extends Scoped {
  readonly proof: Proof
  /** User id; null without a credential and for server keys. */
  readonly user: string | null
  /** The session behind the identity: when it ends, its connections end. */
  readonly session: string | null
  /** The rooms that a ticket names; null when no ticket narrows the identity. */
  readonly rooms: readonly string[] | null
  /** How people call the user, as `cleanName` leaves it; null for none. */
  readonly name: string | null
  /** JSON text about the user, from its ticket or token, or null. It stays on the server (S54). */
  readonly info: string | null
  /** Milliseconds since 1970 when the identity expires; null means never. */
  readonly expiresAt: number | null
}

/** A session or user whose connections end on every node; with `room`, only those in that room. */
export type Revocation = { session: string } | { user: string; room?: string }

/** Whether a revocation of a connection's session or user ends what it has in this room. */
export function endsIn(revocation: Revocation, room: string | null): boolean {
  return !('room' in revocation) || revocation.room === undefined || revocation.room === room
}

/** The identity of a connection or request without a credential. */
export const ANONYMOUS: Identity = Object.freeze({
  proof: 'none',
  user: null,
  server: null,
  scopes: null,
  session: null,
  rooms: null,
  name: null,
  info: null,
  expiresAt: null,
})
