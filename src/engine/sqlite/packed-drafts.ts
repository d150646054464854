// Drafts on their way to the thread that keeps them: columns and one block of bytes, because a
// structured clone of many small objects, and of every Buffer's pool, costs more than the commit.
import type { Kind } from '../../protocol/message.ts'
import type { Retention } from '../message-log.ts'

/** A draft to keep, with the time that its message will have. */
export interface DraftToKeep {
  room: string
  kind: Kind
  payload: Buffer
  user: string | null
  name: string | null
  time: number
  retention: Retention
  /** Names the key in its scope; null without one. */
  key: string | null
  /** Whose quotas of the day it counts for; null for none. */
  holder: string | null
  /** The address whose share of the keys it takes; null for none, as without a key. */
  keyAddress: string | null
  /** The user whose receipts move on to it; null for none. */
  author?: string | null
}

/** The same in columns: entry `i` of each belongs to draft `i`. */
export interface PackedDrafts {
  rooms: string[]
  retentions: Retention[]
  /** Which of `rooms` and `retentions`. */
  room: number[]
  kind: Kind[]
  /** A few senders have most of the drafts, and a text that is cloned costs more than a number. */
  users: (string | null)[]
  names: (string | null)[]
  holders: (string | null)[]
  keyAddresses: (string | null)[]
  authors: (string | null)[]
  /** Which of `users` and the four after it. */
  sender: number[]
  time: number[]
  key: (string | null)[]
  /** Where each payload ends in `bytes`; it begins where the one before ends. */
  end: number[]
  bytes: Uint8Array
}

/** Stands in place of an offset: why a draft was not kept. */
export const NOT_KEPT = {
  otherBody: 0,
  tooManyKeys: -1,
  storedBytes: -2,
  newRooms: -3,
  keysOfDay: -4,
} as const

/** What became of each draft. */
export interface PackedAnswers {
  /** Empty for a room that does not exist, since nothing was kept in it. */
  epochs: string[]
  /** The offset of each draft, or a value of NOT_KEPT. */
  offset: number[]
  /** The rest of the first answer to a key, by the number of the draft that repeats it. */
  repeats: Map<number, { epoch: string; time: number }>
  /** Rooms, by their number, in which a receipt of an author moved. */
  moved: number[]
}

/** Packs drafts; the block of bytes holds nothing else, so it can be handed over. */
export function pack(drafts: readonly DraftToKeep[]): PackedDrafts {
  const columns = {
    room: [] as number[],
    kind: drafts.map(({ kind }) => kind),
    ...packSenders(drafts),
    time: drafts.map(({ time }) => time),
    key: drafts.map(({ key }) => key),
    end: [] as number[],
  }
  const rooms = new Map<string, { index: number; retention: Retention }>()
  let end = 0
  for (const { room, retention, payload } of drafts) {
    let known = rooms.get(room)
    if (known === undefined) {
      known = { index: rooms.size, retention }
      rooms.set(room, known)
    }
    columns.room.push(known.index)
    end += payload.length
    columns.end.push(end)
  }
  const bytes = new Uint8Array(end)
  for (const [index, { payload }] of drafts.entries()) {
    bytes.set(payload, (columns.end[index] ?? 0) - payload.length)
  }
  const retentions = [...rooms.values()].map(({ retention }) => retention)
  return { ...columns, rooms: [...rooms.keys()], retentions, bytes }
}

/** Equal senders may be packed twice, where what else there is of one user takes turns. */
function packSenders(drafts: readonly DraftToKeep[]) {
  const users: (string | null)[] = []
  const names: (string | null)[] = []
  const holders: (string | null)[] = []
  const keyAddresses: (string | null)[] = []
  const authors: (string | null)[] = []
  const latest = new Map<string | null, number>()
  const sender = drafts.map(({ user, name, holder, keyAddress, author = null }) => {
    const known = latest.get(user) ?? -1
    const isSame = names[known] === name && holders[known] === holder
    const isSameAuthor = authors[known] === author
    if (isSame && isSameAuthor && keyAddresses[known] === keyAddress) return known
    latest.set(user, users.length)
    names.push(name)
    holders.push(holder)
    keyAddresses.push(keyAddress)
    authors.push(author)
    return users.push(user) - 1
  })
  return { users, names, holders, keyAddresses, authors, sender }
}

/** The payload of draft `index`, not copied. */
export function payloadAt({ end, bytes }: PackedDrafts, index: number): Uint8Array {
  return bytes.subarray(end[index - 1] ?? 0, end[index])
}
