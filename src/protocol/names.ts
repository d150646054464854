// Names that clients may choose, and the one place that says which characters they may have.

/**
 * As patterns, for schemas. A room has 1–128 characters of `A–Z a–z 0–9 : . _ ~ @ -`; `$` is kept
 * for Usher itself, so no client can name it. A user id may have `%`, which percent-encoded
 * subjects of third-party tokens need. A username is compared without regard to letter case. An
 * idempotency key is visible ASCII.
 */
export const ROOM_NAME_PATTERN = '^[A-Za-z0-9:._~@-]{1,128}$'
export const USER_ID_PATTERN = '^[A-Za-z0-9:._~@%-]{1,128}$'
export const USERNAME_PATTERN = '^[A-Za-z0-9._@-]{1,64}$'
export const IDEMPOTENCY_KEY_PATTERN = '^[!-~]{1,128}$'

const ROOM_NAME = new RegExp(ROOM_NAME_PATTERN)
const USER_ID = new RegExp(USER_ID_PATTERN)
const IDEMPOTENCY_KEY = new RegExp(IDEMPOTENCY_KEY_PATTERN)

export function isRoomName(name: unknown): name is string {
  return typeof name === 'string' && ROOM_NAME.test(name)
}

export function isUserId(id: unknown): id is string {
  return typeof id === 'string' && USER_ID.test(id)
}

export function isIdempotencyKey(key: unknown): key is string {
  return typeof key === 'string' && IDEMPOTENCY_KEY.test(key)
}

const PERSONAL_ROOM = 'user:'
/** Prefix of the sessions of a host application, which alone knows when they end. */
export const HOST_SESSION = 'host:'

/** The user whose personal room `user:<id>` this is, or null for every other room. */
export function ownerOf(room: string): string | null {
  return room.startsWith(PERSONAL_ROOM) ? room.slice(PERSONAL_ROOM.length) : null
}
