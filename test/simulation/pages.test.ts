// Random lives of one room with history, whose pages are asked for again and again: an answer of
// "as before" never hides a change, whatever is published, redacted, expired, deleted or kept for
// less, also when the clock is set back.
import fc from 'fast-check'
import { test } from 'tap'
import { openEngine } from '../../src/engine/open-engine.ts'
import { NO_HOLDER } from '../../src/engine/shares.ts'
import { type PageRequest, readPage } from '../../src/room/read-page.ts'
import { ReadRate } from '../../src/room/read-rate.ts'
import { draft } from '../contract/support/samples.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { sharesWithin } from '../support/memory-shares.ts'

/** Within this time old messages are deleted once. */
const TRIM_MS = 250
const RUNS = { seed: 20_261_125, numRuns: 600 }

type Step =
  | { do: 'publish'; count: number; keyed: boolean }
  | { do: 'redact'; back: number }
  | { do: 'wait'; ms: number }
  | { do: 'set the clock'; ms: number }
  | { do: 'keep'; messages: number; ageMs: number | null }
  | { do: 'delete what is not kept' }
  | { do: 'ask' }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      ...{ do: fc.constant('publish'), count: fc.nat({ max: 3 }) },
      keyed: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('redact'), back: fc.nat({ max: 6 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait'), ms: fc.nat({ max: 400 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('set the clock'),
      ms: fc.integer({ min: -900, max: 900 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      ...{ do: fc.constant('keep'), messages: fc.integer({ min: 1, max: 8 }) },
      ageMs: fc.option(fc.integer({ min: 1, max: 1_000 })),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('delete what is not kept') }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('ask') }) },
) as fc.Arbitrary<Step>

const query: fc.Arbitrary<PageRequest> = fc.record({
  after: fc.option(fc.nat({ max: 8 })),
  before: fc.option(fc.nat({ max: 12 })),
  limit: fc.integer({ min: 1, max: 5 }),
  order: fc.constantFrom('asc', 'desc'),
  epoch: fc.constant(null),
  holder: fc.constant(NO_HOLDER),
  ifNoneMatch: fc.constant(undefined),
})

class Life {
  asBefore = 0
  readonly #clock = new ManualClock()
  readonly #engine = openEngine({ kind: 'memory' }, this.#clock)
  readonly #readRate = new ReadRate(sharesWithin())
  /** The answer of each tag, as a client keeps it. */
  readonly #answers = new Map<string, string>()
  #retention = { messages: 8, ageMs: 500 as number | null }
  #newest = 0

  /** Runs all steps; resolves with what an answer has hidden, or null. */
  async run(room: string, steps: readonly Step[], queries: readonly PageRequest[]) {
    this.#newest = 0
    this.#answers.clear()
    this.#retention = { messages: 8, ageMs: 500 }
    for (const one of steps) {
      await this.#take(room, one)
      const hidden = one.do === 'ask' ? await this.#askAll(room, queries) : null
      if (hidden !== null) return hidden
    }
    return null
  }

  async close(): Promise<void> {
    await (await this.#engine).close()
  }

  async #take(room: string, one: Step): Promise<void> {
    const { log } = await this.#engine
    if (one.do === 'publish') {
      for (let i = 0; i < one.count; i += 1) {
        this.#newest += 1
        const key = one.keyed ? { value: String(this.#newest), sender: 'user u_ada' } : null
        const options = { retention: this.#retention, key, holder: NO_HOLDER }
        await log.append(room, draft('x'), options)
      }
    }
    if (one.do === 'redact') await log.redact(room, Math.max(1, this.#newest - one.back))
    if (one.do === 'wait') this.#clock.jump(one.ms)
    if (one.do === 'set the clock') this.#clock.jump(one.ms)
    // The thread answers what comes next when it has done this.
    if (one.do === 'delete what is not kept') await this.#clock.advance(TRIM_MS)
    if (one.do === 'keep') this.#retention = { messages: one.messages, ageMs: one.ageMs }
  }

  async #askAll(room: string, queries: readonly PageRequest[]): Promise<string | null> {
    for (const asked of queries) {
      const hidden = await this.#ask(room, asked)
      if (hidden !== null) return hidden
    }
    return null
  }

  async #ask(room: string, asked: PageRequest): Promise<string | null> {
    const { log } = await this.#engine
    const parts = { log, readRate: this.#readRate }
    const fresh = await readPage(parts, room, this.#retention, asked)
    const ifNoneMatch = [...this.#answers.keys()].join(', ')
    const { tag, body } = await readPage(parts, room, this.#retention, { ...asked, ifNoneMatch })
    const now = String(fresh.body)
    if (body === null) this.asBefore += 1
    const shown = body === null ? this.#answers.get(tag) : String(body)
    this.#answers.set(fresh.tag, now)
    return shown === now ? null : `${JSON.stringify(asked)}: ${shown} instead of ${now}`
  }
}

test('[C112] an answer of "as before" never hides a change of the page', async (t) => {
  const life = new Life()
  t.teardown(() => life.close())
  let rooms = 0
  const steps = fc.array(step, { maxLength: 40, size: 'max' })
  const property = fc.asyncProperty(
    steps,
    fc.array(query, { minLength: 1, maxLength: 3 }),
    async (...lives) => {
      rooms += 1
      const hidden = await life.run(`chat:${rooms}`, ...lives)
      if (hidden !== null) throw new Error(hidden)
    },
  )
  await t.resolves(fc.assert(property, RUNS))
  t.ok(life.asBefore > 100, `${life.asBefore} pages were as before`)
})
