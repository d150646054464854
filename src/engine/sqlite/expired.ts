// Which messages of a room are too old, by their times and their order: clocks are set, so that a
// message may be from after the one that follows it.
import type { DatabaseSync } from 'node:sqlite'

/** Messages of a room from `from` on and before `before`, and how old they may be. */
export interface Span {
  id: number
  from: number
  before: number
  now: number
  /** Null where they may have any age. */
  ageMs: number | null
}

export interface Expired {
  /** Everything in the span before this offset is too old. */
  end: number
  /** The time of the first message that is not; null where it is to come, or there is none. */
  heldSince: number | null
}

/** Rows between two steps. */
const STEP = 128
/** A row that is looked at costs this part of one that is deleted. */
const LOOK_COST = 1 / 4

export type FindExpired = (span: Span) => Generator<number, Expired>

/**
 * Finds what is too old, oldest first, up to the first message that is not. A message whose time is
 * to come has another clock's time: it is as old as the next ones, since it was accepted before
 * them, so it keeps none of them, and without an old one after it it is kept. The steps are worth
 * what they yield, see `Trim.units`.
 */
export function expiredFinder(db: DatabaseSync): FindExpired {
  const rows = db.prepare(`
    SELECT "offset", time FROM messages
    WHERE room = :id AND "offset" >= :from AND "offset" < :before
    ORDER BY "offset" LIMIT ${STEP}`)

  return function* findExpired({ id, from, before, now, ageMs }) {
    let end = from
    let next = from
    for (let seen = STEP; ageMs !== null && seen === STEP; ) {
      seen = 0
      for (const row of rows.iterate({ id, from: next, before })) {
        const { offset, time } = row as { offset: number; time: number }
        seen += 1
        next = offset + 1
        if (time < now - ageMs) end = next
        else if (time <= now) return { end, heldSince: time }
      }
      yield seen * LOOK_COST
    }
    return { end, heldSince: null }
  }
}
