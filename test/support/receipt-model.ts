// A model of receipts so plain that it must be right: it remembers all that happened in a room, and
// goes through it from the beginning for each question.
import { AWAY_AFTER_MS, type Receipt } from '../../src/engine/receipt-store.ts'

export interface MoveSaid {
  delivered: number | null
  read: number | null
  isPrivate: boolean
}

/** What happened in a room, and when. */
export type Happened =
  | { what: 'message'; author: string | null; at: number }
  | { what: 'move'; user: string; move: MoveSaid; at: number }
  | { what: 'add'; user: string; at: number }
  | { what: 'leave'; user: string; at: number }
  | { what: 'seen'; user: string; at: number }

interface Person {
  joined: number
  shown: Receipt
  own: Receipt
  readsPrivately: boolean
  /** When they moved or were connected. */
  seenAt: number
  cameAt: number
}

/** As others see a participant. */
export interface Shown extends Receipt {
  user: string
  joined: number
  readsPrivately: boolean
  isAway: boolean
}

export interface RoomNow {
  head: number
  people: ReadonlyMap<string, Person>
}

/** What became of a room by all that happened in it. */
export function roomAfter(happened: readonly Happened[]): RoomNow {
  const people = new Map<string, Person>()
  let head = 0
  for (const one of happened) {
    if (one.what === 'message') {
      head += 1
      writeOwn(people.get(one.author ?? ''), head)
      continue
    }
    const person = people.get(one.user)
    if (one.what === 'leave') people.delete(one.user)
    else if (one.what === 'seen') beSeen(person, one.at)
    else if (one.what === 'add') {
      if (person === undefined) people.set(one.user, newcomer(head, one.at))
    } else {
      const joined = reachesNewest(one.move, head) ? head - 1 : head
      const known = person ?? newcomer(joined, one.at)
      people.set(one.user, after(known, one.move, head, one.at))
    }
  }
  return { head, people }
}

function newcomer(joined: number, at: number): Person {
  const pair = { delivered: joined, read: joined }
  return { joined, shown: pair, own: pair, readsPrivately: false, seenAt: at, cameAt: at }
}

/** Whether one who comes by this move belongs to the room from its newest message on. */
function reachesNewest({ delivered, read, isPrivate }: MoveSaid, head: number): boolean {
  if (isPrivate || head === 0) return false
  return (delivered ?? 0) >= head || (read ?? 0) >= head
}

function after(person: Person, move: MoveSaid, head: number, at: number): Person {
  const forward = (pair: Receipt): Receipt => {
    const read = Math.max(pair.read, Math.min(move.read ?? 0, head))
    const delivered = Math.max(pair.delivered, Math.min(move.delivered ?? 0, head), read)
    return { delivered, read }
  }
  const shown = move.isPrivate ? person.shown : forward(person.shown)
  const readsPrivately = move.read === null ? person.readsPrivately : move.isPrivate
  return { ...person, shown, own: forward(person.own), readsPrivately, seenAt: at }
}

function writeOwn(person: Person | undefined, written: number): void {
  if (person === undefined) return
  const on = (offset: number) => (offset === written - 1 ? written : offset)
  const forward = ({ delivered, read }: Receipt) => ({ delivered: on(delivered), read: on(read) })
  person.shown = forward(person.shown)
  person.own = forward(person.own)
}

function beSeen(person: Person | undefined, at: number): void {
  if (person !== undefined && !isAway(person, at)) person.seenAt = at
}

function isAway({ seenAt }: Person, now: number): boolean {
  return now - seenAt >= AWAY_AFTER_MS
}

/** What others see at that time: the participants by user, and the two smallest of each kind. */
export function shownIn({ people }: RoomNow, now: number) {
  const list: Shown[] = [...people]
    .map(([user, person]) => {
      const { joined, shown, readsPrivately } = person
      return { user, joined, ...shown, readsPrivately, isAway: isAway(person, now) }
    })
    .sort((one, other) => Buffer.compare(Buffer.from(one.user), Buffer.from(other.user)))
  const present = list.filter((one) => !one.isAway)
  const two = (offsets: number[]) => offsets.toSorted((a, b) => a - b).slice(0, 2)
  const sums = {
    participants: list.length,
    joined: two(present.map(({ joined }) => joined)),
    delivered: two(present.map(({ delivered }) => delivered)),
    read: two(present.filter((one) => !one.readsPrivately).map(({ read }) => read)),
  }
  return { list, sums }
}

/** The same without what is private: that someone reads privately is all that may show of it. */
export function withoutPrivate(happened: readonly Happened[]): Happened[] {
  return happened.map((one) => {
    if (one.what !== 'move' || !one.move.isPrivate) return one
    const read = one.move.read === null ? null : 0
    return { ...one, move: { delivered: 0, read, isPrivate: true } }
  })
}
