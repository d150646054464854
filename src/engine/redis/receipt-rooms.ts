// The rooms that each user belongs to, in a set of the user's own. A room and this set may be on
// different servers: the room is entered before the user is a participant, so that it is never
// missing after a crash, and once more afterwards, lest another node took it out meanwhile.
import { byTime, isBehind, type ParticipantQuery, type ParticipantRoom } from '../receipt-store.ts'
import type { Keys } from './keys.ts'
import type { RedisLink, Reply } from './link.ts'
import type { LogReads } from './log-reads.ts'
import { stateIn } from './log-state.ts'
import { participantsKey } from './receipt-keys.ts'
import { rowIn } from './receipt-row.ts'
import { textsOf } from './replies.ts'
import { script } from './scripts.ts'

const ROOM_OF_USER = script('room-of-user')
/** Rooms that are looked at together. */
const AT_ONCE = 500

export interface ReceiptRoomsParts {
  link: RedisLink
  keys: Keys
  reads: LogReads
}

export class ReceiptRooms {
  readonly #parts: ReceiptRoomsParts

  constructor(parts: ReceiptRoomsParts) {
    this.#parts = parts
  }

  async enter(user: string, room: string): Promise<void> {
    const key = this.#keyOf(user)
    await this.#parts.link.send(key, ['ZADD', key, '0', room])
  }

  /** Takes rooms out that the user does not belong to; one that they came to meanwhile stays. */
  async drop(user: string, rooms: readonly string[]): Promise<void> {
    if (rooms.length === 0) return
    const key = this.#keyOf(user)
    await this.#parts.link.send(key, ['ZREM', key, ...rooms])
    const isThere = await Promise.all(rooms.map((room) => this.#isParticipant(user, room)))
    const again = rooms.filter((_, at) => isThere[at])
    await Promise.all(again.map((room) => this.enter(user, room)))
  }

  /** All of them, some at a time, and perhaps some that the user does not belong to any more. */
  async *names(user: string): AsyncGenerator<string[]> {
    const key = this.#keyOf(user)
    for (let from = '-'; ; ) {
      const range = ['ZRANGE', key, from, '+', 'BYLEX', 'LIMIT', '0', String(AT_ONCE)] as const
      const some = textsOf(await this.#parts.link.send(key, range)) as string[]
      if (some.length > 0) yield some
      if (some.length < AT_ONCE) return
      from = `(${some.at(-1)}`
    }
  }

  async list({ user, before, limit }: Omit<ParticipantQuery, 'holder'>) {
    let found: ParticipantRoom[] = []
    for await (const names of this.names(user)) {
      const rooms = await Promise.all(names.map((room) => this.#look(user, room)))
      const isWanted = (room: ParticipantRoom | null): room is ParticipantRoom =>
        room !== null && isBehind(room, before)
      found = [...found, ...rooms.filter(isWanted)].sort(byTime).slice(0, limit)
      const gone = names.filter((_, at) => rooms[at] === null)
      await this.drop(user, gone)
    }
    return found
  }

  async #look(user: string, room: string): Promise<ParticipantRoom | null> {
    const { link, keys, reads } = this.#parts
    const run = reads.runOf(room)
    const names: [string, ...string[]] = [keys.room(room, 'm'), participantsKey(keys, room)]
    const [at, row] = (await link.run(ROOM_OF_USER, names, [user])) as (Buffer | null)[]
    if (!row) return null
    const { epoch, offset } = stateIn([at ?? null], reads.unbornEpoch(run), run)
    const { ownDelivered: delivered, ownRead: read, cameAt } = rowIn(row)
    const newest = Number(at?.toString('latin1').split(' ')[3] ?? 0)
    const time = offset > 0 ? newest : cameAt
    return { room, head: { epoch, offset }, delivered, read, time }
  }

  async #isParticipant(user: string, room: string): Promise<boolean> {
    const key = participantsKey(this.#parts.keys, room)
    const reply: Reply = await this.#parts.link.send(key, ['HEXISTS', key, user])
    return reply === 1
  }

  #keyOf(user: string): string {
    return this.#parts.keys.user(user, 'rooms')
  }
}
