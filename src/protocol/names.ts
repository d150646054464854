// Names that clients may choose, and the one place that says which characters they may have.

/**
 * As patterns, for schemas. A room has 1–128 characters of `A–Z a–z 0–9 : . _ ~ @ -`; `$` is ours,
 * so no client can name it. A user id may have `%`, which percent-encoded outside subjects need.
 * A username is compared without regard to letter case.
 */
export const ROOM_NAME_PATTERN = '^[A-Za-z0-9:._~@-]{1,128}$'
export const USER_ID_PATTERN = '^[A-Za-z0-9:._~@%-]{1,128}$'
export const USERNAME_PATTERN = '^[A-Za-z0-9._@-]{1,64}$'

const PERSONAL_ROOM = 'user:'
/** Stands before the sessions of an application that we live in: only it knows when they end. */
export const HOST_SESSION = 'host:'

/** The user whose personal room `user:<id>` this is, or null for every other room. */
export function ownerOf(room: string): string | null {
  return room.startsWith(PERSONAL_ROOM) ? room.slice(PERSONAL_ROOM.length) : null
}
