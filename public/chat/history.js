// Pages of a room's history over REST, which has the time and the sender of each message.
import { ask } from '../shared/http.js'
import { roomPath } from '../shared/room-name.js'

/** @typedef {{ offset: number, time: number, user: string | null, name: string | null,
 *   kind: string, data: any, redacted?: boolean }} Kept */

const PAGE = 50

/**
 * The newest messages before an offset, or of all; oldest first.
 * @param {string} room
 * @param {object} [which]
 * @param {number} [which.before]
 * @param {number} [which.limit]
 * @returns {Promise<{ epoch: string, offset: number, messages: Kept[] }>}
 */
export async function pageOf(room, { before, limit = PAGE } = {}) {
  const where = before === undefined ? '' : `&before=${before}`
  const path = `${roomPath(room)}/messages?order=desc&limit=${limit}${where}`
  const page = await ask('GET', path)
  return { ...page, messages: page.messages.reverse() }
}

/** Takes one's own message back. */
export function takeBack(/** @type {string} */ room, /** @type {number} */ offset) {
  return ask('DELETE', `${roomPath(room)}/messages/${offset}`)
}
