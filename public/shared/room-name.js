// Room names as src/protocol/names.ts allows them, and how they travel in URLs.

const ROOM_NAME = /^(?:[A-Za-z0-9:._~@-]{1,128}|user:[A-Za-z0-9:._~@%-]{1,128})$/

/** The server allows `.` and `..` too, but a browser cannot request them: URLs drop such parts. */
export function isRoomName(/** @type {string} */ text) {
  return ROOM_NAME.test(text) && text !== '.' && text !== '..'
}

/** Relative to the server. */
export function roomPath(/** @type {string} */ room) {
  return `rooms/${encodeURIComponent(room)}`
}

/** The raw WebSocket of a room, `wss:` for a server under https. */
export function roomSocketUrl(/** @type {string} */ room, /** @type {string | URL} */ server) {
  return new URL(roomPath(room), server).href.replace(/^http/, 'ws')
}

/** The room that a link like `#room=chat:lobby` or `#chat:lobby` names, or an empty string. */
export function roomOfHash(/** @type {string} */ hash) {
  const text = hash
    .replace(/^#(room=)?/, '')
    .replaceAll('%3A', ':')
    .replaceAll('%40', '@')
  return isRoomName(text) ? text : ''
}
