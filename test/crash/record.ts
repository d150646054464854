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

export interface RoomRecord {
  /** The names of all that anybody tried to say. */
  said: Set<string>
  /** Where those stand that were acknowledged. */
  acknowledged: Map<string, Position>
  /** What the followers heard, by offset: the same for all of them. */
  followed: Map<number, string>
  /** What each raw connection heard, from its first message to its last. */
  sequences: string[][]
  operations: Operation[]
  epoch: string | null
}

export class Record {
  readonly rooms = new Map<string, RoomRecord>()
  /** What was wrong at once, whatever the history says. */
  readonly wrongs: string[] = []
  /** What happened how often, for the summary. */
  readonly counts: { [what: string]: number } = {}

  room(name: string): RoomRecord {
    let room = this.rooms.get(name)
    if (room === undefined) {
      room = {
        ...{ said: new Set(), acknowledged: new Map(), followed: new Map() },
        ...{ sequences: [], operations: [], epoch: null },
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
  acknowledged(room: string, name: string, position: Position, call?: Call): void {
    this.count('acknowledged')
    const known = this.room(room).acknowledged.get(name)
    this.#sameEpoch(room, position.epoch)
    if (known === undefined) {
      this.room(room).acknowledged.set(name, position)
      if (call) this.room(room).operations.push({ what: 'append', ...call, at: position })
    } else if (known.offset !== position.offset) {
      this.wrong(`${room}: ${name} was acknowledged at ${known.offset} and at ${position.offset}`)
    }
  }

  /** The newest position, as a reader was answered. */
  read(room: string, at: Position, call: Call): void {
    this.count('read')
    this.#sameEpoch(room, at.epoch)
    this.room(room).operations.push({ what: 'read', ...call, at })
  }

  /** A follower heard this, after `last`. Returns what it heard last now. */
  followed(who: string, room: string, { last, at, text }: Followed): Position {
    this.count('followed')
    this.#sameEpoch(room, at.epoch)
    if (at.offset !== last.offset + 1) {
      this.wrong(`${room}: ${who} heard ${at.offset} after ${last.offset}`)
    }
    const name = this.#nameOf(who, room, text)
    const known = this.room(room).followed.get(at.offset)
    if (known === undefined) this.room(room).followed.set(at.offset, name)
    else if (known !== name) {
      this.wrong(`${room}: at ${at.offset} one heard ${known} and ${who} ${name}`)
    }
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

  #sameEpoch(room: string, epoch: string): void {
    const record = this.room(room)
    record.epoch ??= epoch
    if (record.epoch !== epoch) this.wrong(`${room}: the epoch was ${record.epoch}, now ${epoch}`)
  }
}

type Call = Pick<Operation, 'began' | 'ended'>

export interface Followed {
  last: Position
  at: Position
  text: string
}
