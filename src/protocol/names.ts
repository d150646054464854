// Names that clients may choose, and the one place that says which characters they may have.

const ROOM_NAME = /^[A-Za-z0-9:._~@-]{1,128}$/
const USER_ID = /^[A-Za-z0-9:._~@%-]{1,128}$/
const PERSONAL_ROOM = 'user:'

/** 1–128 characters of `A–Z a–z 0–9 : . _ ~ @ -`. `$` is ours, so a client can never name it. */
export function isRoomName(text: string): boolean {
  return ROOM_NAME.test(text)
}

/** Like a room's name, and `%`, which percent-encoded outside subjects need. */
export function isUserId(text: string): boolean {
  return USER_ID.test(text)
}

/** The user whose personal room `user:<id>` this is, or null for every other room. */
export function ownerOf(room: string): string | null {
  return room.startsWith(PERSONAL_ROOM) ? room.slice(PERSONAL_ROOM.length) : null
}
