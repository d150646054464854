// Who is behind a connection or a request. Made in src/identity, read by rules everywhere.

/** How an identity was proved at the door. */
export type Proof = 'none' | 'cookie' | 'host' | 'token' | 'ticket' | 'key'

export interface Identity {
  readonly proof: Proof
  /** User id; null for the anonymous and for server keys. */
  readonly user: string | null
  /** Name of the server key, null for everybody else. */
  readonly server: string | null
  /** The session behind it: when that ends, so do its connections. */
  readonly session: string | null
  /** Rooms that a ticket names; null when nothing narrows it. */
  readonly rooms: readonly string[] | null
  /** JSON text that travels with the user, or null. */
  readonly info: string | null
  /** Milliseconds since 1970 when it runs out; null never. */
  readonly expiresAt: number | null
}

/** Who must lose their connections, on every node; with a room, only those in that room. */
export type Revocation = { session: string } | { user: string; room?: string }

/** Somebody who showed no credential. */
export const ANONYMOUS: Identity = Object.freeze({
  proof: 'none',
  user: null,
  server: null,
  session: null,
  rooms: null,
  info: null,
  expiresAt: null,
})
