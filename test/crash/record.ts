// What happened in a run, as its clients saw it: what they said, what was acknowledged, what they
// heard and in which order. `verdict.ts` compares it with the history.
import { nameOf } from './payload.ts'

export interface Position {
  epoch: string
  offset: number
}

/** One call, as who made it saw it: when it began and was answered, and the position it got. */
export interface Operation {
  what: 'append' | 'read'
  began: number
  ended: number
  at: Position
}

/** A time in which a store lost what a room had after an offset. */
export interface Loss extends Call {
  kept: number
}

export interface Acknowledgement extends Call {
  at: Position
}

export interface RoomRecord {
  /** The names of all that clients tried to say. */
  said: Set<string>
  /** By names: one for each position that a message was answered to have. */
  acknowledged: Map<string, Acknowledgement[]>
  /** What stands at which offset of an epoch, as all clients agree. */
  epochs: Map<string, Map<number, string>>
  /** What each raw connection heard, from its first message to its last. */
  sequences: string[][]
  operations: Operation[]
  losses: Loss[]
}

export class Record {
  readonly rooms = new Map<string, RoomRecord>()
  /** What was wrong at once, whatever the history says. */
  readonly wrongs: string[] = []
  /** What happened how often, for the summary. */
  readonly counts: { [what: string]: number } = {}
  /** Whether a room may get another epoch: not where the store keeps every write. */
  readonly mayEpochsEnd: boolean

  constructor({ mayEpochsEnd = false } = {}) {
    this.mayEpochsEnd = mayEpochsEnd
  }

  room(name: string): RoomRecord {
    let room = this.rooms.get(name)
    if (room === undefined) {
      room = {
        ...{ said: new Set(), acknowledged: new Map(), epochs: new Map(), sequences: [] },
        ...{ operations: [], losses: [] },
      }
      this.rooms.set(name, room)
    }
    return room
  }

  count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1
  }

  wrong(sentence: string): void {
    this.wrongs.push(sentence)
  }

  said(room: string, name: string): void {
    this.room(room).said.add(name)
  }

  /** `call` is from when it was said first until it was acknowledged. */
  acknowledged(room: string, name: string, at: Position, call: Call = NOW): void {
    this.count('acknowledged')
    const { acknowledged, operations } = this.room(room)
    const before = acknowledged.get(name) ?? []
    if (before.some((one) => isSame(one.at, at))) return
    // Where its key is lost with it, a message that is said again is another one.
    if (before.some((one) => one.at.epoch === at.epoch)) {
      this.wrong(`${room}: ${name} was acknowledged at two places, ${textOf(at)} is the last`)
    }
    this.#place(room, name, at)
    acknowledged.set(name, [...before, { at, ...call }])
    operations.push({ what: 'append', ...call, at })
  }

  /** The newest position, as a reader was answered. */
  read(room: string, at: Position, call: Call): void {
    this.count('read')
    this.#epochOf(room, at.epoch)
    this.room(room).operations.push({ what: 'read', ...call, at })
  }

  /** A follower heard this, after `last`. Returns what it heard last now. */
  followed(who: string, room: string, { last, at, text }: Followed): Position {
    this.count('followed')
    if (at.epoch !== last.epoch || at.offset !== last.offset + 1) {
      this.wrong(`${room}: ${who} heard ${textOf(at)} after ${textOf(last)}`)
    }
    this.#place(room, this.#nameOf(who, room, text), at)
    return at
  }

  /** A follower was told that it cannot go on after `last`. Returns where it goes on. */
  reset(who: string, room: string, { last, at }: Omit<Followed, 'text'>): Position {
    this.count('told of a loss')
    this.#epochOf(room, at.epoch)
    const isReason = at.epoch !== last.epoch || this.room(room).losses.length > 0
    if (!isReason) this.wrong(`${room}: ${who} was reset from ${textOf(last)} to ${textOf(at)}`)
    return at
  }

  heard(who: string, room: string, sequence: string[], text: string): void {
    this.count('heard')
    sequence.push(this.#nameOf(who, room, text))
  }

  #nameOf(who: string, room: string, text: string): string {
    const name = nameOf(text)
    if (name === null) this.wrong(`${room}: ${who} heard what is no message: ${text.slice(0, 40)}`)
    return name ?? ''
  }

  #place(room: string, name: string, at: Position): void {
    const places = this.#epochOf(room, at.epoch)
    const known = places.get(at.offset)
    if (known === undefined) places.set(at.offset, name)
    else if (known !== name) this.wrong(`${room}: at ${textOf(at)} are ${known} and ${name}`)
  }

  #epochOf(room: string, epoch: string): Map<number, string> {
    const { epochs } = this.room(room)
    let places = epochs.get(epoch)
    if (places === undefined) {
      const [first] = epochs.keys()
      if (first !== undefined && !this.mayEpochsEnd) {
        this.wrong(`${room}: the epoch was ${first}, now ${epoch}`)
      }
      places = new Map()
      epochs.set(epoch, places)
    }
    return places
  }
}

export type Call = Pick<Operation, 'began' | 'ended'>

const NOW: Call = { began: 0, ended: Infinity }

function isSame(one: Position, other: Position): boolean {
  return one.epoch === other.epoch && one.offset === other.offset
}

function textOf({ epoch, offset }: Position): string {
  return `${epoch}:${offset}`
}

export interface Followed {
  last: Position
  at: Position
  text: string
}
