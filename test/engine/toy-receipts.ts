// The receipts that both nodes of the toy engine share: all that happened in each room, of which
// the model makes what is asked.
import type * as receipts from '../../src/engine/receipt-store.ts'
import { byTime, isBehind } from '../../src/engine/receipt-store.ts'
import { systemClock } from '../../src/time/system-clock.ts'
import { type Happened, type RoomNow, roomAfter, shownIn } from '../support/receipt-model.ts'
import type { ToyLog } from './toy-log.ts'
import { headOf } from './toy-pages.ts'

export type ToyReceipts = Omit<receipts.ReceiptStore, 'watch'>

/** What happened in rooms, and how users are called there. */
class Chronicle {
  readonly rooms = new Map<string, Happened[]>()
  readonly names = new Map<string, string | null>()
  readonly log: ToyLog
  readonly #tell: (room: string) => void

  constructor(log: ToyLog, tell: (room: string) => void) {
    this.log = log
    this.#tell = tell
    log.onKept = (room, author) => this.note(room, { what: 'message', author })
    log.onDeleted = (room) => {
      this.rooms.delete(room)
      tell(room)
    }
  }

  of(room: string): RoomNow {
    return roomAfter(this.rooms.get(room) ?? [])
  }

  shown(room: string) {
    return shownIn(this.of(room), systemClock.now())
  }

  note(room: string, what: Happening): void {
    const before = JSON.stringify(this.shown(room).sums)
    const happened = { ...what, at: systemClock.now() } as Happened
    this.rooms.set(room, [...(this.rooms.get(room) ?? []), happened])
    if (JSON.stringify(this.shown(room).sums) !== before) this.#tell(room)
  }

  name(room: string, { user, name }: receipts.Owner): void {
    const key = `${room} ${user}`
    const known = this.of(room).people.has(user) ? this.names.get(key) : null
    this.names.set(key, name ?? known ?? null)
  }
}

type Without<Each> = Each extends unknown ? Omit<Each, 'at'> : never
type Happening = Without<Happened>

/** `tell` is called where the sums of a room have changed. */
export function toyReceipts(log: ToyLog, tell: (room: string) => void): ToyReceipts {
  const chronicle = new Chronicle(log, tell)
  return { ...changesOf(chronicle), ...viewsOf(chronicle) }
}

function changesOf(chronicle: Chronicle) {
  const remove = (room: string, user: string): boolean => {
    const wasOne = chronicle.of(room).people.has(user)
    chronicle.note(room, { what: 'leave', user })
    return wasOne
  }
  return {
    async move(owner, moves) {
      const { user } = owner
      return moves.map(({ room, ...move }) => {
        chronicle.log.begin(room)
        chronicle.name(room, owner)
        chronicle.note(room, { what: 'move', user, move })
        return chronicle.of(room).people.get(user)?.own ?? new Error('A participant is lost.')
      })
    },
    async add(room, owner) {
      if (chronicle.of(room).people.has(owner.user)) return
      chronicle.log.begin(room)
      chronicle.name(room, owner)
      chronicle.note(room, { what: 'add', user: owner.user })
    },
    remove: async (room, user) => remove(room, user),
    async removeUser(user) {
      for (const room of chronicle.rooms.keys()) remove(room, user)
    },
    async seen(user, rooms) {
      for (const room of rooms) chronicle.note(room, { what: 'seen', user })
    },
  } satisfies Partial<ToyReceipts>
}

function viewsOf(chronicle: Chronicle) {
  return {
    own: async (room, user) => chronicle.of(room).people.get(user)?.own ?? null,
    async sums(room, most) {
      const { sums } = chronicle.shown(room)
      const none = { joined: null, delivered: null, read: null }
      const { epoch } = chronicle.log.of(room)
      return { epoch, ...sums, ...(sums.participants > most ? none : {}) }
    },
    async participants(room, most) {
      const { list } = chronicle.shown(room)
      if (list.length > most) return null
      const nameOf = (user: string) => chronicle.names.get(`${room} ${user}`) ?? null
      return list.map((one) => ({ ...one, name: nameOf(one.user) }))
    },
    async rooms({ user, before, limit }) {
      const found = [...chronicle.rooms].flatMap(([room, happened]) => {
        const person = chronicle.of(room).people.get(user)
        if (person === undefined) return []
        const time = happened.findLast(({ what }) => what === 'message')?.at ?? person.cameAt
        return [{ room, head: headOf(chronicle.log.of(room)), ...person.own, time }]
      })
      const wanted = found.filter((room) => isBehind(room, before))
      return wanted.sort(byTime).slice(0, limit)
    },
  } satisfies Partial<ToyReceipts>
}
