// Names that clients may choose, and the one place that says which characters they may have.

/**
 * As patterns, for schemas. A room has 1–128 characters of `A–Z a–z 0–9 : . _ ~ @ -`, or is `user:`
 * and any user id; `$` is kept for Usher itself. A user id may have `%`, which percent-encoded
 * subjects of third-party tokens need. A username is compared without regard
 * to letter case. An idempotency key is visible ASCII.
 */
export const ROOM_NAME_PATTERN = '^(?:[A-Za-z0-9:._~@-]{1,128}|user:[A-Za-z0-9:._~@%-]{1,128})$'
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

/** The room that only this user and server keys may join. */
export function personalRoomOf(user: string): string {
  return PERSONAL_ROOM + user
}

const COMPANION = '$receipts'

/** The room beside a room in which the receipts of the room are told. */
export function companionOf(room: string): string {
  return room + COMPANION
}

/** The room that this one stands beside, or null for every other name. */
export function companionedBy(name: unknown): string | null {
  if (typeof name !== 'string' || !name.endsWith(COMPANION)) return null
  const room = name.slice(0, -COMPANION.length)
  return isRoomName(room) ? room : null
}

/** The longest name that a message carries, in characters as people count code points. */
export const NAME_CHARACTERS_MAX = 64
/**
 * What can hide in a name or change how the text around it reads (S54): controls, formats (bidi
 * controls, zero-width characters), line and paragraph separators, halves of surrogate pairs,
 * characters that show nothing (variation selectors, fillers), and the empty Braille pattern.
 */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/gu

/** How people call a sender, as other people may see it; null where nothing is left of it. */
export function cleanName(name: string): string | null {
  const shown = name.replace(HIDDEN, '').normalize('NFC').trim()
  if (shown.length <= NAME_CHARACTERS_MAX) return shown === '' ? null : shown
  return [...shown].slice(0, NAME_CHARACTERS_MAX).join('').trimEnd()
}

/** The name in what travels with a user: its `name`, else its `username`. */
export function nameIn(info: Readonly<Record<string, unknown>> | null): string | null {
  return cleanedText(info?.name) ?? cleanedText(info?.username)
}

function cleanedText(value: unknown): string | null {
  return typeof value === 'string' ? cleanName(value) : null
}
