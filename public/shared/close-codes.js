// What a close code means for the page: whether to reconnect, and which sentence to show.
// The ranges are those of `mayReconnect` in src/protocol/errors.ts.

const TOO_BIG = 1009
const FORCED = 3503
const INVALID_CREDENTIALS = 3500

const SENTENCES = new Map([
  [1000, 'The server closed the connection.'],
  [1001, 'The server went away.'],
  [1005, 'The server closed the connection.'],
  [1006, 'The connection was lost.'],
  [TOO_BIG, 'That was too big for this room. Send something smaller.'],
  [1012, 'The server is restarting.'],
  [3001, 'The server is restarting.'],
  [3004, 'The server had a problem of its own.'],
  [3005, 'Your session has expired.'],
  [3008, 'This page read too slowly and was cut off.'],
  [3010, 'Some messages may have been missed.'],
  [3012, 'The server did not hear from this page.'],
  [3013, 'That was too much at once. Send more slowly.'],
  [INVALID_CREDENTIALS, 'Your log-in was not accepted. Log in again.'],
  [3501, 'The server did not understand this page. Reload it.'],
  [FORCED, 'The server ended this connection.'],
  [3504, 'You have too many connections. Close another window, then press Open.'],
  [3507, 'You may not do that in this room.'],
  [4500, 'You have used up what you may store today. Come back tomorrow.'],
])

/** @param {number} code */
export function mayReconnect(code) {
  if (code < 3000) return code !== TOO_BIG
  return code % 1000 < 500
}

/** Whether the session itself may be over, so that the page asks the server for it. */
export function questionsSession(/** @type {number} */ code) {
  return code === FORCED || code === INVALID_CREDENTIALS
}

/**
 * @param {number} code
 * @param {string} reason as the server gave it; shown for codes without a sentence here
 */
export function closeSentence(code, reason) {
  return SENTENCES.get(code) ?? `The connection was closed (${reason || code}).`
}
