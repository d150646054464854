// The server's API for a room: its WebSocket, and the REST requests that explain a refused upgrade.
import { ask, isAlive, Refused, SERVER } from '../shared/http.js'
import { roomPath, roomSocketUrl } from '../shared/room-name.js'

/**
 * @typedef {object} Refusal
 * @property {'come-back' | 'stay-away' | 'logged-out'} verdict
 * @property {string} sentence
 * @property {number} afterMs never sooner than this
 */

/**
 * A browser reports every refused upgrade as 1006, so the same path is requested as JSON.
 * @param {string} room
 * @returns {Promise<Refusal>}
 */
async function whyRefused(room) {
  try {
    await ask('GET', roomPath(room))
  } catch (error) {
    if (error instanceof Refused) return refusalOf(error)
  }
  return { verdict: 'come-back', sentence: 'The connection could not be opened.', afterMs: 0 }
}

/** @returns {Refusal} */
function refusalOf(/** @type {Refused} */ { status, message, retryAfterMs }) {
  if (status === 401) return { verdict: 'logged-out', sentence: message, afterMs: 0 }
  const passing = status === 0 || status === 429 || status >= 500
  return { verdict: passing ? 'come-back' : 'stay-away', sentence: message, afterMs: retryAfterMs }
}

/** The state of the room, or null: only marks and the number of users depend on it. */
export function describeRoom(/** @type {string} */ room) {
  return answerOf(roomPath(room))
}

/** Who is in the room, or null. */
export function describeMembers(/** @type {string} */ room) {
  return answerOf(`${roomPath(room)}/members`)
}

async function answerOf(/** @type {string} */ path) {
  try {
    return await ask('GET', path)
  } catch {
    return null
  }
}

export const roomApi = {
  openSocket: (/** @type {string} */ room) => new WebSocket(roomSocketUrl(room, SERVER)),
  whyRefused,
  isAlive,
}
