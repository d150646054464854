// Random lives of rooms with history whose clock is set back and forward: offsets that are shown go
// on without holes up to the newest, what was hidden stays hidden, members hear every offset or are
// told to load again, and in the end everything is deleted.
import fc from 'fast-check'
import { test } from 'tap'
import type { Engine } from '../../src/engine/engine.ts'
import type { Retention } from '../../src/engine/message-log.ts'
import { openEngine } from '../../src/engine/open-engine.ts'
import { NO_HOLDER } from '../../src/engine/shares.ts'
import { openStore } from '../../src/engine/sqlite/file.ts'
import { messageReads } from '../../src/engine/sqlite/message-reads.ts'
import { messageWrites } from '../../src/engine/sqlite/message-writes.ts'
import { pack } from '../../src/engine/sqlite/packed-drafts.ts'
import type { Start } from '../../src/room/resume.ts'
import type { Room } from '../../src/room/room.ts'
import { Rooms } from '../../src/room/rooms.ts'
import { RULE_DEFAULTS } from '../../src/room/rule.ts'
import { sse } from '../../src/wire/sse.ts'
import { draft } from '../contract/support/samples.ts'
import { FakeMember } from '../support/fake-member.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { sharesWithin } from '../support/memory-shares.ts'
import { pageQuery } from '../support/page-query.ts'
import { turns } from '../support/room-by-hand.ts'

const SEED = 20_261_126
const AGE_MS = 500
const KEPT: Retention = { messages: 12, ageMs: AGE_MS }
/** Within this time old messages are deleted once. */
const TRIM_MS = 250

type Step =
  | { do: 'publish'; count: number; keyed: boolean }
  | { do: 'set the clock'; ms: number }
  | { do: 'trim' }
  | { do: 'keep'; messages: number; ageMs: number | null }
  | { do: 'join'; back: number }
  | { do: 'listen' }
  | { do: 'replay'; count: number }

const count = fc.nat({ max: 4 })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('publish'), count, keyed: fc.boolean() }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('set the clock'),
      ms: fc.oneof(
        fc.integer({ min: -900, max: 900 }),
        fc.constantFrom(-3_600_000, 3_600_000, 86_400_000, 40 * 86_400_000),
      ),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('trim') }) },
  {
    weight: 1,
    arbitrary: fc.record({
      ...{ do: fc.constant('keep'), messages: fc.nat({ max: 12 }) },
      ageMs: fc.option(fc.constant(AGE_MS)),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('join'), back: fc.nat({ max: 16 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('listen') }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('replay'), count: fc.integer({ min: 1, max: 20 }) }),
  },
) as fc.Arbitrary<Step>

const steps = fc.array(step, { maxLength: 50, size: 'max' })

/** A store without threads, which is looked into after every step. */
class Store {
  readonly #db = openStore(':memory:')
  readonly #writes = messageWrites(this.#db, { elapsed: () => 0 }).writes
  readonly #reads = messageReads(this.#db)
  readonly #room = 'chat:a'
  #now = 1_700_000_000_000
  #latest = this.#now
  #retention = KEPT
  #head = this.#reads.headOf({ room: this.#room })
  /** What was shown at least is deleted or hidden for good. */
  #shownFrom = 1
  #keys = 0

  /** Returns what was wrong, or null. */
  run(steps: readonly Step[]): string | null {
    for (const one of steps) {
      this.#take(one)
      const fault = this.#fault(one.do === 'trim')
      if (fault !== null) return `${fault} after ${JSON.stringify(one)}`
    }
    return this.#rest()
  }

  close(): void {
    this.#db.close()
  }

  #take(one: Step): void {
    if (one.do === 'publish') for (let i = 0; i < one.count; i += 1) this.#publish(one.keyed)
    if (one.do === 'set the clock') this.#now += one.ms
    if (one.do === 'trim') this.#trim()
    if (one.do === 'keep') this.#keep(one)
    this.#latest = Math.max(this.#latest, this.#now)
  }

  #keep(retention: Retention): void {
    this.#retention = { messages: retention.messages, ageMs: retention.ageMs }
    this.#writes.changeRetentions([{ room: this.#room, retention: this.#retention }])
  }

  #publish(keyed: boolean): void {
    this.#keys += 1
    const said = { kind: 'text', payload: Buffer.from('x'), user: null, name: null } as const
    const key = keyed ? String(this.#keys) : null
    const rest = {
      time: this.#now,
      retention: this.#retention,
      holder: null,
      keyAddress: null,
      key,
    }
    const answer = this.#writes.keepMessages(pack([{ room: this.#room, ...said, ...rest }]))
    this.#head = { epoch: answer.epochs[0] ?? '', offset: answer.offset[0] ?? 0 }
  }

  #trim(): void {
    for (let slices = 0; this.#writes.trimMessages({ now: this.#now, units: 200 }).more; ) {
      slices += 1
      if (slices > 1_000) throw new Error('trimming never ends')
    }
    const head = this.#reads.headOf({ room: this.#room })
    // Nothing was left of it for a month.
    if (head.epoch !== this.#head.epoch) [this.#head, this.#shownFrom] = [head, 1]
  }

  #fault(isTrimmed: boolean): string | null {
    const asked = { room: this.#room, now: this.#now, retention: this.#retention }
    const query = { after: null, before: null, limit: 100, bytes: 10_000, order: 'asc' } as const
    const { head, oldest, messages } = this.#reads.readMessages({ ...asked, ...query })
    const given = messages.map(({ offset }) => offset)
    const expected = Array.from({ length: head.offset - oldest + 1 }, (_, i) => oldest + i)
    if (head.offset !== this.#head.offset) return `the head is ${JSON.stringify(head)}`
    if (String(given) !== String(expected)) return `${given} instead of ${expected}`
    const ever = { messages: 100, ageMs: null }
    const { oldest: first } = this.#reads.summaryOf({ ...asked, retention: ever })
    if (first < this.#shownFrom) return `${first} is shown, and ${this.#shownFrom} was the first`
    if (isTrimmed) this.#shownFrom = first
    return null
  }

  /** When every message is too old, and a day later, none is left. */
  #rest(): string | null {
    this.#keep(KEPT)
    this.#trim()
    this.#now = this.#latest + AGE_MS + 2 * 86_400_000
    this.#trim()
    const { n } = this.#db.prepare('SELECT count(*) AS n FROM messages').get() ?? {}
    return n === 0 ? null : `${n} messages are left`
  }
}

test('[C190] what is shown has no holes, and what was hidden stays so', async (t) => {
  const property = fc.property(steps, (life) => {
    const store = new Store()
    try {
      const fault = store.run(life)
      if (fault !== null) throw new Error(fault)
    } finally {
      store.close()
    }
  })
  t.doesNotThrow(() => fc.assert(property, { seed: SEED, numRuns: 100 }))
})

interface Life {
  readonly member: FakeMember
  /** The offset after which it wants everything; null where it names none. */
  readonly after: number | null
}

/** Members of rooms of a real engine. */
class Lives {
  readonly #clock = new ManualClock()
  readonly #rooms: Rooms
  readonly #engine: Engine
  readonly #rule = { ...RULE_DEFAULTS, match: '*', history: KEPT }
  #lives: Life[] = []
  #head = { epoch: '', offset: 0 }

  constructor(engine: Engine, clock: ManualClock) {
    this.#engine = engine
    this.#clock = clock
    const shares = sharesWithin({}, clock)
    this.#rooms = new Rooms({ log: engine.log, clock, shares, rules: [this.#rule] })
    this.#rooms.stop()
  }

  /** Resolves with what was wrong, or null. */
  async run(name: string, steps: readonly Step[]): Promise<string | null> {
    const { log } = this.#engine
    this.#lives = []
    this.#head = await log.head(name)
    const hold = await this.#rooms.open(name, this.#rule)
    for (const one of steps) {
      await this.#take(hold.room, one)
      const { head, oldest, messages } = await log.read(name, pageQuery({ retention: KEPT }))
      const whole = messages.every(({ offset }, index) => offset === oldest + index)
      if (!whole || messages.length !== head.offset - oldest + 1) return `a hole after ${one.do}`
    }
    // Each look at the log comes after all reads that were asked for before.
    for (let looks = 0; looks < 8; looks += 1) await log.head(name).then(turns)
    hold.release()
    const { offset } = await log.head(name)
    return this.#lives.map((life) => wrong(life, offset)).find(Boolean) ?? null
  }

  async #take(room: Room, one: Step): Promise<void> {
    // A room that was forgotten begins again at 0.
    this.#head = await this.#engine.log.head(room.name)
    const { offset } = this.#head
    if (one.do === 'publish') await this.#publish(room, one)
    if (one.do === 'set the clock') this.#clock.jump(one.ms)
    if (one.do === 'trim') await this.#clock.advance(TRIM_MS)
    if (one.do === 'listen') this.#join(room, { from: 'now' }, offset)
    if (one.do === 'replay') this.#join(room, { from: 'last', count: one.count }, null)
    if (one.do !== 'join') return
    const after = Math.max(0, offset - one.back)
    this.#join(room, { from: 'position', position: { ...this.#head, offset: after } }, after)
  }

  async #publish(room: Room, { count, keyed }: { count: number; keyed: boolean }): Promise<void> {
    for (let i = 0; i < count; i += 1) {
      const key = keyed ? { value: String(this.#head.offset), sender: 'user u_ada' } : null
      const options = { retention: KEPT, key, holder: NO_HOLDER }
      const { position } = await this.#engine.log.append(room.name, draft('x'), options)
      this.#head = position ?? this.#head
    }
  }

  #join(room: Room, start: Start, after: number | null): void {
    const member = new FakeMember({ format: sse })
    this.#lives.push({ member, after })
    room.join(member, { start, mayJoin: () => true })
  }
}

const TOLD = /id: ([^:\n]+):(\d+)\n(?:event: (position|reset))?/g

/** The fault in what a member heard, or null. */
function wrong({ member, after }: Life, newest: number): string | null {
  let at = after
  let former: string | null = null
  for (const [, epoch = '', number, type] of member.heard.matchAll(TOLD)) {
    const offset = Number(number)
    // Where nothing was left of the room for a month its first message begins a new epoch.
    const isReborn = former !== null && former !== epoch && offset === 1
    const expected = type === 'position' ? at : (at ?? 0) + 1
    const follows = type === 'reset' || at === null || isReborn || offset === expected
    if (!follows) return `${at} then ${offset}`
    at = offset
    former = epoch
  }
  if (member.failures.length > 0) return String(member.failures)
  return newest === 0 || at === null || at === newest ? null : `it ends at ${at}, not ${newest}`
}

test('[C93] whatever the clock does, a member hears each offset once or is told', async (t) => {
  const clock = new ManualClock()
  const engine = await openEngine({ kind: 'memory' }, clock)
  t.teardown(() => engine.close())
  const lives = new Lives(engine, clock)
  let rooms = 0
  const property = fc.asyncProperty(steps, async (life) => {
    rooms += 1
    const fault = await lives.run(`chat:${rooms}`, life)
    if (fault !== null) throw new Error(fault)
  })
  await t.resolves(fc.assert(property, { seed: SEED, numRuns: 50 }))
})
