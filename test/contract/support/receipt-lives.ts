// Random lives of a few rooms and users on two nodes, beside the model: moves come late, again or
// never, from any device; users come and leave, read privately and write; rooms are deleted.
import fc from 'fast-check'
import type { Test } from 'tap'
import type { Engine } from '../../../src/engine/engine.ts'
import { NO_HOLDER } from '../../../src/engine/shares.ts'
import {
  type Happened,
  type MoveSaid,
  roomAfter,
  shownIn,
  withoutPrivate,
} from '../../support/receipt-model.ts'
import { MOST, publish, receiptsOf, write } from './receipts.ts'

const USERS = ['u_ann', 'u_bob', 'u_eve', 'u_ü']
const ROOMS = ['a', 'b']
const SEED = 15

interface Said {
  user: string
  room: string
  move: MoveSaid
}

type Step =
  | { do: 'publish'; room: string; author: string | null; count: number }
  /** A device makes moves of one call; without `isSent` they wait there, or are lost. */
  | { do: 'move'; user: string; moves: Omit<Said, 'user'>[]; isSent: boolean }
  /** A move of before comes, again or for the first time. */
  | { do: 'late'; index: number }
  | { do: 'add' | 'leave' | 'seen'; user: string; room: string }
  | { do: 'end'; user: string }
  | { do: 'delete'; room: string }
  | { do: 'days'; days: number }

export interface LifeParts {
  nodes: readonly [Engine, Engine]
  now: () => number
  /** Whether the model knows the times of messages to the millisecond. */
  exactTimes: boolean
  /** Lets days pass. */
  pass?: (days: number) => void
}

interface Lives {
  numRuns: number
  days: boolean
}

/** Each life has rooms and users of its own. */
export async function livesAgree(t: Test, parts: LifeParts, { numRuns, days }: Lives) {
  let lives = 0
  const life = fc.asyncProperty(
    fc.array(stepOf(days), { minLength: 20, maxLength: 60 }),
    async (steps) => {
      lives += 1
      await new Life(parts, lives).live(steps)
    },
  )
  await t.resolves(fc.assert(life, { seed: SEED, numRuns, endOnFailure: numRuns < 50 }))
}

function stepOf(days: boolean) {
  const [user, room] = [fc.constantFrom(...USERS), fc.constantFrom(...ROOMS)]
  const offset = fc.option(fc.nat(9))
  const move = fc
    .record({ delivered: offset, read: offset, isPrivate: fc.boolean() })
    .filter(({ delivered, read }) => delivered !== null || read !== null)
  const moves = fc.array(fc.record({ room, move }), { minLength: 1, maxLength: 3 })
  const isSent = fc.boolean()
  const step = <Name extends Step['do'], Rest>(name: Name, rest: fc.Arbitrary<Rest>) =>
    rest.map((more) => ({ do: name, ...more }))
  const often = [
    step('publish', fc.record({ room, author: fc.option(user), count: fc.constantFrom(1, 1, 4) })),
    step('move', fc.record({ user, moves, isSent })),
    step('move', fc.record({ user, moves, isSent: fc.constant(true) })),
    step('late', fc.record({ index: fc.nat(50) })),
  ]
  const seldom = [
    ...(['add', 'leave', 'seen'] as const).map((name) => step(name, fc.record({ user, room }))),
    step('end', fc.record({ user })),
    step('delete', fc.record({ room })),
    ...(days ? [step('days', fc.record({ days: fc.constantFrom(1, 7, 14, 29, 30) }))] : []),
  ]
  return fc.oneof(
    ...often.map((arbitrary) => ({ arbitrary, weight: 8 })),
    ...seldom.map((arbitrary) => ({ arbitrary, weight: 1 })),
  ) as fc.Arbitrary<Step>
}

/** Steps between two looks at everything. */
const LOOK_EVERY = 4

class Life {
  readonly #parts: LifeParts
  readonly #number: number
  readonly #happened = new Map<string, Happened[]>()
  readonly #said: Said[] = []
  #calls = 0

  constructor(parts: LifeParts, number: number) {
    this.#parts = parts
    this.#number = number
  }

  async live(steps: readonly Step[]): Promise<void> {
    for (const [index, step] of steps.entries()) {
      await this.#take(step)
      if (index % LOOK_EVERY === 0) await this.#look()
    }
    await this.#look()
  }

  /** Each call goes to the other node than the last. */
  get #node(): Engine {
    this.#calls += 1
    return this.#parts.nodes[this.#calls % 2] as Engine
  }

  #own(name: string): string {
    return `${name}_${this.#number}`
  }

  #note(room: string, happened: Happened): void {
    this.#happened.set(room, [...(this.#happened.get(room) ?? []), happened])
  }

  #now(room: string) {
    return roomAfter(this.#happened.get(room) ?? [])
  }

  async #take(step: Step): Promise<void> {
    const at = this.#parts.now()
    switch (step.do) {
      case 'publish':
        return this.#publish(step, at)
      case 'move': {
        const said = step.moves.map((move) => ({ ...move, user: step.user }))
        this.#said.push(...said)
        return step.isSent ? this.#move(step.user, said, at) : undefined
      }
      case 'late': {
        const said = this.#said[step.index % Math.max(this.#said.length, 1)]
        return said && this.#move(said.user, [said], at)
      }
      case 'end':
        for (const room of ROOMS) this.#note(room, { what: 'leave', user: step.user, at })
        return receiptsOf(this.#node).removeUser(this.#own(step.user))
      case 'delete':
        this.#happened.delete(step.room)
        return void (await this.#node.log.deleteRoom(this.#own(step.room)))
      case 'days':
        return this.#parts.pass?.(step.days)
      default:
        return this.#comeOrLeave(step, at)
    }
  }

  async #publish(step: Extract<Step, { do: 'publish' }>, at: number): Promise<void> {
    const { room, author, count } = step
    for (let done = 0; done < count; done += 1) {
      this.#note(room, { what: 'message', author, at })
      if (author === null) await publish(this.#node, this.#own(room), 1)
      else await write(this.#node, this.#own(room), this.#own(author))
    }
  }

  async #comeOrLeave(
    { do: what, user, room }: Extract<Step, { do: 'add' | 'leave' | 'seen' }>,
    at: number,
  ): Promise<void> {
    const [own, inRoom, receipts] = [this.#own(user), this.#own(room), receiptsOf(this.#node)]
    const wasThere = this.#now(room).people.has(user)
    this.#note(room, { what, user, at })
    if (what === 'seen') return receipts.seen(own, [inRoom])
    if (what === 'add') return receipts.add(inRoom, { user: own, name: null }, NO_HOLDER)
    same(await receipts.remove(inRoom, own), wasThere, 'whether one was there who left')
  }

  async #move(user: string, said: readonly Said[], at: number): Promise<void> {
    const expected = said.map(({ room, move }) => {
      this.#note(room, { what: 'move', user, move, at })
      return this.#now(room).people.get(user)?.own
    })
    const moves = said.map(({ room, move }) => ({ room: this.#own(room), ...move }))
    const owner = { user: this.#own(user), name: null }
    const answers = await receiptsOf(this.#node).move(owner, moves, NO_HOLDER)
    same(answers, expected, 'the own pairs after moves')
  }

  async #look(): Promise<void> {
    for (const room of ROOMS) await this.#lookAtRoom(room)
    for (const user of USERS) await this.#lookAtUser(user)
  }

  async #lookAtRoom(room: string): Promise<void> {
    const happened = this.#happened.get(room) ?? []
    const at = this.#parts.now()
    const { list, sums } = shownIn(roomAfter(happened), at)
    same(shownIn(roomAfter(withoutPrivate(happened)), at), { list, sums }, 'what is private')
    const { epoch: _, ...found } = await receiptsOf(this.#node).sums(this.#own(room), MOST)
    same(found, sums, `the sums of ${room}`)
    const participants = await receiptsOf(this.#node).participants(this.#own(room), MOST)
    const named = list.map(({ user, ...rest }) => ({ ...rest, user: this.#own(user), name: null }))
    same(participants, named, `the list of ${room}`)
  }

  async #lookAtUser(user: string): Promise<void> {
    const query = { user: this.#own(user), before: null, limit: 9, holder: NO_HOLDER }
    const rooms = await receiptsOf(this.#node).rooms(query)
    const times = rooms.map(({ time }) => time)
    same(
      times.toSorted((a, b) => b - a),
      times,
      'the order of rooms',
    )
    const expected = ROOMS.flatMap((room) => {
      const { head, people } = this.#now(room)
      const person = people.get(user)
      return person ? [{ room: this.#own(room), offset: head, ...person.own }] : []
    })
    const found = rooms.map(({ head, time: _, ...rest }) => ({ ...rest, offset: head.offset }))
    const byRoom = found.toSorted((a, b) => (a.room < b.room ? -1 : 1))
    same(byRoom, expected, `the rooms of ${user}`)
    for (const { offset, read } of found) same(offset >= read, true, 'unread is never negative')
    if (this.#parts.exactTimes) this.#sameTimes(user, rooms)
    for (const room of ROOMS) {
      const own = await receiptsOf(this.#node).own(this.#own(room), this.#own(user))
      same(own, this.#now(room).people.get(user)?.own ?? null, `the own pair of ${user} in ${room}`)
    }
  }

  #sameTimes(user: string, rooms: readonly { room: string; time: number }[]): void {
    for (const { room, time } of rooms) {
      const name = ROOMS.find((each) => this.#own(each) === room) ?? ''
      const said = (this.#happened.get(name) ?? []).findLast(({ what }) => what === 'message')
      same(time, said?.at ?? this.#now(name).people.get(user)?.cameAt, `the time of ${name}`)
    }
  }
}

/** Whatever the order of the fields is. */
function same(found: unknown, expected: unknown, what: string): void {
  const [one, other] = [found, expected].map((value) => JSON.stringify(canonical(value)))
  if (one !== other) throw new Error(`${what}: ${one}, and the model says ${other}`)
}

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, each]) => [key, canonical(each)]))
}
