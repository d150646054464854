// The keys of the receipts of a room, in the orders in which scripts take them.
import type { Keys } from './keys.ts'

/** Told where the sums may have changed. */
export function receiptChannel(keys: Keys, room: string): string {
  return keys.room(room, 'rc')
}

/** The participants, a hash by user; see `receipt-row.ts`. */
export function participantsKey(keys: Keys, room: string): string {
  return keys.room(room, 'rp')
}

/** What is kept of the receipts of a room: what `participantsKey` names, and who counts by what. */
export function keptReceipts(keys: Keys, room: string): [string, ...string[]] {
  const by = ['rj', 'rd', 'rr', 'rs'].map((part) => keys.room(room, part))
  return [participantsKey(keys, room), ...by]
}

/** The room's hash before these. */
export function receiptKeys(keys: Keys, room: string): [string, ...string[]] {
  return [keys.room(room, 'm'), ...keptReceipts(keys, room)]
}

/** The same with the channel, for what tells of it. */
export function changeKeys(keys: Keys, room: string): [string, ...string[]] {
  const [people, ...by] = keptReceipts(keys, room)
  return [keys.room(room, 'm'), people, receiptChannel(keys, room), ...by]
}

/** What a message of a participant changes. */
export function authorKeys(keys: Keys, room: string): string[] {
  const channel = receiptChannel(keys, room)
  const by = ['rd', 'rr', 'rs'].map((part) => keys.room(room, part))
  return [participantsKey(keys, room), channel, ...by]
}
