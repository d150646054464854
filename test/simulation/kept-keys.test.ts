// Random lives of a store with idempotency keys, whose transactions are kept or taken back, whose
// process ends in the middle of one, whose rooms are deleted, and whose keys are written as runs:
// each key has one effect for as long as it holds, and what was taken back has used no quota.
import fc from 'fast-check'
import { test } from 'tap'
import { openStore } from '../../src/engine/sqlite/file.ts'
import { messageWrites } from '../../src/engine/sqlite/message-writes.ts'
import { NOT_KEPT, pack } from '../../src/engine/sqlite/packed-drafts.ts'

const SEED = 20_261_126
const RUNS = 100
const HOUR_MS = 3_600_000
/** As long as a key holds at least. */
const HOLDS_MS = 24 * HOUR_MS
const NOW = 1_700_000_000_000
const RETENTION = { messages: 3, ageMs: null }
const USER = 'u'

interface Draft {
  room: string
  key: string
  body: string
}

type Step =
  | { do: 'publish'; drafts: Draft[] }
  | { do: 'delete'; room: string }
  | { do: 'tend'; ms: number }
  | { do: 'trim'; units: number }
  | { do: 'keep use' }

/** What becomes of a transaction: the process may end before it is kept. */
type End = 'kept' | 'taken back' | 'killed'

const room = fc.constantFrom('a', 'b')
const drafts = fc.array(
  fc.record({
    room,
    key: fc.nat({ max: 12 }).map(String),
    body: fc.constantFrom('x', 'x', 'x', 'yy'),
  }),
  { maxLength: 8 },
)
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('publish'), drafts }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete'), room }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('tend'),
      ms: fc.constantFrom(1_000, 60_000, HOUR_MS, 7 * HOUR_MS),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('trim'), units: fc.constantFrom(1, 10, 100) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('keep use') }) },
) as fc.Arbitrary<Step>
const transaction = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 3 }),
  end: fc.constantFrom<End[]>('kept', 'kept', 'kept', 'taken back', 'killed'),
})
const transactions = fc.array(transaction, { maxLength: 50, size: 'max' })

/** What a key was first answered, and when, in the time for which the store was open. */
interface First {
  body: string
  offset: number
  epoch: string
  at: number
}

/** What is to be true; it is copied before each transaction. */
interface Model {
  firsts: Map<string, First>
  newest: Map<string, number>
  bytes: number
  keys: number
}

class Store {
  readonly #db = openStore(':memory:')
  #model: Model = { firsts: new Map(), newest: new Map(), bytes: 0, keys: 0 }
  /** How long the store was open, and how long this process has had it open. */
  #time = 0
  #openMs = 0
  #writing = this.#open()

  close(): void {
    this.#db.close()
  }

  run(steps: readonly Step[], end: End): string | null {
    const before = structuredClone(this.#model)
    this.#db.exec('BEGIN')
    for (const one of steps) {
      const fault = this.#take(one)
      if (fault !== null) return `${fault} in ${JSON.stringify(one)}`
    }
    this.#db.exec(end === 'kept' ? 'COMMIT' : 'ROLLBACK')
    if (end !== 'kept') this.#model = before
    if (end === 'kept') this.#writing.onKept()
    if (end === 'taken back') this.#writing.onTakenBack()
    if (end === 'killed') this.#reopen()
    return end === 'killed' ? null : this.#useFault()
  }

  #open() {
    const quotas = { storedBytes: 1e9, newRooms: 1e9, keys: 1e9, keysOfAddress: 1e9 }
    const keyBounds = { most: null, reserve: 0, runKeys: 10 }
    return messageWrites(this.#db, { quotas, keyBounds, elapsed: () => 0 })
  }

  #reopen(): void {
    this.#writing = this.#open()
    this.#openMs = 0
    const { bytes = 0, keys = 0 } = this.#use()
    // A kill forgets the use of some seconds.
    Object.assign(this.#model, { bytes, keys })
  }

  #take(one: Step): string | null {
    const { writes } = this.#writing
    if (one.do === 'publish') return this.#publish(one.drafts)
    if (one.do === 'delete') this.#delete(one.room)
    if (one.do === 'trim') writes.trimMessages({ now: NOW, units: one.units })
    if (one.do === 'keep use') writes.keepDailyUse({ limit: 10 })
    if (one.do === 'tend') {
      this.#time += one.ms
      this.#openMs += one.ms
      writes.tendKeys({ openMs: this.#openMs })
    }
    return null
  }

  #delete(room: string): void {
    this.#writing.writes.deleteRoom({ room })
    const { firsts, newest } = this.#model
    newest.delete(room)
    for (const name of firsts.keys()) if (name.startsWith(room)) firsts.delete(name)
  }

  #publish(drafts: readonly Draft[]): string | null {
    if (drafts.length === 0) return null
    const packed = pack(
      drafts.map(({ room, key, body }) => ({
        ...{ room, kind: 'text', payload: Buffer.from(body), user: USER, name: null },
        ...{ time: NOW, retention: RETENTION, holder: USER, keyAddress: null },
        key: JSON.stringify([room, key]),
      })),
    )
    const rooms = [...packed.rooms]
    const { offset, epochs, repeats } = this.#writing.writes.keepMessages(packed)
    for (const [index, draft] of drafts.entries()) {
      const at = offset[index] ?? Number.NaN
      const own = epochs[rooms.indexOf(draft.room)] ?? ''
      const first = repeats.get(index)
      const fault = this.#faultOf(draft, at, first === undefined ? null : first.epoch, own)
      if (fault !== null) return fault
    }
    return null
  }

  /** What is wrong with an answer; `repeated` is the epoch of the first one, or null. */
  #faultOf(draft: Draft, at: number, repeated: string | null, own: string): string | null {
    const { firsts, newest } = this.#model
    const name = `${draft.room} ${draft.key}`
    const first = firsts.get(name)
    const isAnswered = first !== undefined && (repeated !== null || at === NOT_KEPT.otherBody)
    if (first !== undefined && (isAnswered || this.#time - first.at < HOLDS_MS)) {
      if (first.body !== draft.body) return at === NOT_KEPT.otherBody ? null : `${name}: no 409`
      const isSame = at === first.offset && repeated === first.epoch
      return isSame ? null : `${name} was ${JSON.stringify(first)}, and now ${at} ${repeated}`
    }
    const next = (newest.get(draft.room) ?? 0) + 1
    if (at !== next || repeated !== null) return `${name} is ${at} ${repeated}, and not ${next}`
    newest.set(draft.room, next)
    firsts.set(name, { body: draft.body, offset: at, epoch: own, at: this.#time })
    this.#model.bytes += draft.body.length
    this.#model.keys += 1
    return null
  }

  /** Whether what was used of quotas, once it is written, is what the model says. */
  #useFault(): string | null {
    this.#db.exec('BEGIN')
    this.#writing.writes.keepDailyUse({ limit: 10 })
    this.#db.exec('COMMIT')
    this.#writing.onKept()
    const { bytes = 0, keys = 0 } = this.#use()
    const { model } = { model: this.#model }
    const isSame = bytes === model.bytes && keys === model.keys
    return isSame ? null : `used ${bytes} ${keys}, and not ${model.bytes} ${model.keys}`
  }

  #use(): { bytes?: number; keys?: number } {
    return this.#db.prepare('SELECT bytes, keys FROM daily_use WHERE holder = ?').get(USER) ?? {}
  }
}

test('[C221] each key has one effect, whatever becomes of transactions and rooms', async (t) => {
  const property = fc.property(transactions, (life) => {
    const store = new Store()
    try {
      for (const { steps, end } of life) {
        const fault = store.run(steps, end)
        if (fault !== null) throw new Error(fault)
      }
    } finally {
      store.close()
    }
  })
  t.doesNotThrow(() => fc.assert(property, { seed: SEED, numRuns: RUNS }))
})
