// Random lives of one room's fan-out: every member sees exactly its messages, in order.
import fc from 'fast-check'
import { test } from 'tap'
import type { FlushBounds } from '../../src/room/fan-out/flush-scheduler.ts'
import { CountingFormat } from '../support/counting-format.ts'
import { FakeMember } from '../support/fake-member.ts'
import { eventOf, type FanOutByHand, fanOutByHand } from '../support/fan-out-by-hand.ts'

const SEED = { seed: 20_261_123, numRuns: 1_500 }
const FORMATS = 2

type Step =
  | { do: 'join'; format: number; echo: boolean }
  /** `who` picks among those that are there. */
  | { do: 'leave'; who: number }
  | { do: 'publish'; who: number; bytes: number }
  /** From no member: over REST, or from another node. */
  | { do: 'publish without member' }
  | { do: 'end turn' }
  /** That member leaves at its next delivery, as a slow reader would. */
  | { do: 'leave when delivered to'; who: number }

const who = fc.nat({ max: 30 })
const echo = fc.boolean()
const format = fc.nat({ max: FORMATS - 1 })
/** Some are so large that a turn needs several buffers. */
const bytes = fc.oneof(fc.constant(0), fc.constant(1), fc.nat({ max: 300 }), fc.constant(90_000))

const record = <Name extends string, Rest extends object>(name: Name, rest: RecordOf<Rest>) =>
  fc.record({ do: fc.constant(name), ...rest } as RecordOf<{ do: Name } & Rest>)
type RecordOf<Shape> = { [Key in keyof Shape]: fc.Arbitrary<Shape[Key]> }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: record('join', { format, echo }) },
  { weight: 2, arbitrary: record('leave', { who }) },
  { weight: 8, arbitrary: record('publish', { who, bytes }) },
  { weight: 1, arbitrary: record('publish without member', {}) },
  { weight: 3, arbitrary: record('end turn', {}) },
  { weight: 1, arbitrary: record('leave when delivered to', { who }) },
)

/** The model: a member hears the messages while it is there; without echo, not its own. */
interface Life {
  member: FakeMember
  hears: string[]
  /** Its number of buffers when it left in the middle of a delivery; null otherwise. */
  buffersAtLeave: number | null
}

class Simulation {
  readonly #byHand: FanOutByHand
  readonly #formats = Array.from({ length: FORMATS }, (_, i) => new CountingFormat(`f${i}`))
  readonly lives: Life[] = []
  #present: Life[] = []
  #said = 0

  constructor(bounds?: FlushBounds) {
    this.#byHand = fanOutByHand(bounds)
  }

  take(step: Step): void {
    switch (step.do) {
      case 'join':
        return this.#join(step.format, step.echo)
      case 'leave':
        return this.#leave(this.#pick(step.who))
      case 'publish':
        return this.#publish(this.#pick(step.who), step.bytes)
      case 'publish without member':
        return this.#publish(undefined, 1)
      case 'end turn':
        return this.#byHand.end()
      case 'leave when delivered to':
        return this.#leaveLater(this.#pick(step.who))
    }
  }

  /** Delivers everything that is still on its way. */
  end(): void {
    for (let asked = -1; asked !== this.#byHand.asked(); ) {
      asked = this.#byHand.asked()
      this.#byHand.end()
    }
  }

  get size(): { real: number; model: number } {
    return { real: this.#byHand.fan.size, model: this.#present.length }
  }

  #pick(index: number): Life | undefined {
    return this.#present[index % Math.max(1, this.#present.length)]
  }

  #join(index: number, echo: boolean): void {
    const format = this.#formats[index]
    if (!format) throw new Error('no such format')
    const life: Life = { member: new FakeMember({ format, echo }), hears: [], buffersAtLeave: null }
    this.lives.push(life)
    this.#present.push(life)
    this.#byHand.fan.add(life.member)
  }

  #leave(life: Life | undefined): void {
    if (!life) return
    this.#byHand.fan.remove(life.member)
    this.#present = this.#present.filter((other) => other !== life)
  }

  #leaveLater(life: Life | undefined): void {
    if (!life) return
    life.member.onDeliver = () => {
      life.buffersAtLeave ??= life.member.buffers.length
      this.#leave(life)
    }
  }

  #publish(sender: Life | undefined, bytes: number): void {
    this.#said += 1
    const text = `${this.#said}:${'.'.repeat(bytes)}`
    const origin = sender?.member.id ?? null
    for (const life of this.#present) {
      if (life !== sender || life.member.echo) life.hears.push(`[${text}]`)
    }
    this.#byHand.fan.push(eventOf(text, origin))
  }
}

function property(bounds?: FlushBounds) {
  return fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
    const simulation = new Simulation(bounds)
    for (const step of steps) simulation.take(step)
    simulation.end()
    const { real, model } = simulation.size
    return real === model && simulation.lives.every(agrees)
  })
}

/** A member that left in a delivery may miss the message that caused it, and gets nothing after. */
function agrees({ member, hears, buffersAtLeave }: Life): boolean {
  const { heard, buffers } = member
  if (heard === hears.join('')) return true
  return buffers.length === buffersAtLeave && heard === hears.slice(0, -1).join('')
}

test('[C42] [C43] [C44] as members join and leave, all hear their messages in order', async (t) => {
  t.doesNotThrow(() => fc.assert(property(), SEED))
})

test('[C42] [C44] and the same where every room is huge, and written in slices', async (t) => {
  t.doesNotThrow(() => fc.assert(property({ perTurn: 3, perRoom: 2, ms: Infinity }), SEED))
})
