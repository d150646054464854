// Which rooms the person belongs to, and how far they have read. The server knows; what this
// browser kept stands in until the server was asked.
import { ask } from '../shared/http.js'

/** @typedef {import('./history.js').Kept} Kept */
/** @typedef {{ room: string, offset: number, read: number | null, last: Kept | null }} MyRoom */

/** Before a first room is joined there is one to look into. */
const FIRST_ROOM = 'chat:lobby'
const ROOMS_MAX = 100

/**
 * Rejects where the server cannot be asked now.
 * @param {readonly MyRoom[]} kept
 * @returns {Promise<MyRoom[]>}
 */
export async function myRooms(kept) {
  const known = await fromServer()
  const names = new Set(known.map(({ room }) => room))
  const all = [...known, ...kept.filter(({ room }) => !names.has(room))]
  if (all.length === 0) return [{ room: FIRST_ROOM, offset: 0, read: null, last: null }]
  return all.slice(0, ROOMS_MAX)
}

/** @returns {Promise<MyRoom[]>} */
async function fromServer() {
  const { rooms } = await ask('GET', `rooms?participant=me&limit=${ROOMS_MAX}`)
  return rooms.filter((/** @type {MyRoom} */ { room }) => !room.startsWith('user:'))
}
