// Random lives of one room with history, whose engine loses sight of messages now and then: a
// member that joins at a position hears every offset after it once and in order, whatever is
// published, missed, read, forgotten or slow meanwhile.
import fc from 'fast-check'
import { test } from 'tap'
import type {
  Follower,
  MessageLog,
  Page,
  PageQuery,
  RoomSummary,
} from '../../src/engine/message-log.ts'
import type { Message } from '../../src/protocol/message.ts'
import type { Start } from '../../src/room/resume.ts'
import type { Room } from '../../src/room/room.ts'
import { Rooms } from '../../src/room/rooms.ts'
import { RULE_DEFAULTS } from '../../src/room/rule.ts'
import type { WireFormat } from '../../src/wire/wire-format.ts'
import { FakeMember } from '../support/fake-member.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { sharesWithin } from '../support/memory-shares.ts'
import { RECOVERING } from '../support/room-by-hand.ts'
import { UNCHANGING } from '../support/unchanging-log.ts'

const SEED = { seed: 20_261_123, numRuns: 2_000 }
const EPOCH = 'e1'
const KEPT = 12

type Step =
  | { do: 'publish'; count: number }
  | { do: 'miss'; count: number }
  | { do: 'whisper' }
  | { do: 'recover'; back: number }
  | { do: 'join'; back: number }
  | { do: 'listen' }
  | { do: 'replay'; count: number }
  | { do: 'leave'; who: number }
  | { do: 'answer a read' }
  | { do: 'fail a read' }
  | { do: 'slow'; who: number; slow: boolean }
  | { do: 'wait' }

const who = fc.nat({ max: 9 })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('publish'), count: fc.nat({ max: 4 }) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('join'), back: fc.nat({ max: 16 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('recover'), back: fc.nat({ max: 16 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('miss'), count: fc.nat({ max: 20 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('listen') }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('whisper') }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('replay'), count: fc.integer({ min: 1, max: 20 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('leave'), who }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('answer a read') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('fail a read') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('slow'), who, slow: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait') }) },
) as fc.Arbitrary<Step>

/** Offsets and resets in words, so that a test can read them back; what is not kept is `0`. */
const format: WireFormat = {
  ...{ name: 'words', ping: null, replies: null },
  encode: (event) => (event.type === 'message' ? Buffer.from(`${event.message.payload} `) : null),
  announce: (notice) =>
    'position' in notice ? Buffer.from(`${notice.type}=${notice.position.offset} `) : null,
  decode: () => [],
}

/** A log that keeps the newest KEPT, and whose reads wait until they are answered. */
class LogByHand {
  readonly #messages: Message[] = []
  readonly #reads: { query: PageQuery; settle: (page: Page | null) => void }[] = []
  #follower: Follower | null = null
  #told = 0
  hasMissed = false

  get offset(): number {
    return this.#messages.length
  }

  publish(): void {
    this.#told = this.offset + 1
    this.#follower?.onMessage(this.#keep())
  }

  /** Tells a message that is not kept. */
  whisper(): void {
    const payload = Buffer.from('0')
    const said = { kind: 'text', payload, user: null, name: null, origin: null } as const
    this.#follower?.onMessage({ ...said, epoch: null, offset: 0, time: 0 })
  }

  /** Keeps messages that the follower is not told of, but for the gap. */
  miss(count: number): void {
    this.hasMissed = true
    for (let i = 0; i < count; i += 1) this.#keep()
    this.#follower?.onGap({ epoch: EPOCH, offset: this.#told })
  }

  #keep(): Message {
    const offset = this.offset + 1
    const said = {
      kind: 'text',
      payload: Buffer.from(String(offset)),
      user: null,
      name: null,
    } as const
    const message = { ...said, origin: null, epoch: EPOCH, offset, time: 0 }
    this.#messages.push(message)
    return message
  }

  answer(fails: boolean): boolean {
    const read = this.#reads.shift()
    read?.settle(fails ? null : this.#page(read.query))
    return read !== undefined
  }

  get #summary(): RoomSummary {
    const head = { epoch: EPOCH, offset: this.offset }
    return { head, oldest: Math.max(1, this.offset - KEPT + 1), redactions: 0, userRedactions: 0 }
  }

  #page({ after, order, limit }: PageQuery): Page {
    const from = Math.max(after ?? 0, this.offset - KEPT)
    const found = this.#messages.slice(from)
    return {
      ...this.#summary,
      messages: order === 'asc' ? found.slice(0, limit) : found.reverse().slice(0, limit),
    }
  }

  readonly log: MessageLog = {
    append: () => Promise.reject(new Error('publish is called instead')),
    follow: async (_, follower) => {
      this.#follower = follower
      return { stop: () => undefined }
    },
    read: (_, query) =>
      new Promise((resolve, reject) => {
        const settle = (page: Page | null): void =>
          page === null ? reject(new Error('away')) : resolve(page)
        this.#reads.push({ query, settle })
      }),
    head: async () => ({ epoch: EPOCH, offset: this.offset }),
    summary: async () => this.#summary,
    ...UNCHANGING,
  }
}

interface Life {
  member: FakeMember
  /** The offset after which it wants everything; null where it names none. */
  after: number | null
  /** The latest position that it may be told first; a gap may make it earlier. */
  latest?: number
  left: boolean
}

class Simulation {
  readonly #clock = new ManualClock()
  readonly #log = new LogByHand()
  readonly lives: Life[] = []
  readonly #rooms: Rooms
  readonly #rule = { ...RULE_DEFAULTS, match: '*', history: { messages: KEPT, ageMs: null } }

  constructor() {
    const clock = this.#clock
    const shares = sharesWithin({}, clock)
    this.#rooms = new Rooms({ log: this.#log.log, clock, shares, rules: [this.#rule] })
  }

  async run(steps: readonly Step[]): Promise<void> {
    const { room } = await this.#rooms.open('chat:a', this.#rule)
    for (const one of steps) {
      await this.#take(one, room)
      await settled()
    }
    for (const { member } of this.lives) member.bufferedBytes = 0
    for (let calm = 0; calm < 4; calm += 1) {
      if (this.#log.answer(false)) calm = 0
      await this.#clock.advance(1_000)
      await settled()
    }
  }

  get offset(): number {
    return this.#log.offset
  }

  async #take(one: Step, room: Room): Promise<void> {
    const life = this.lives['who' in one ? one.who : -1]
    if (one.do === 'publish') for (let i = 0; i < one.count; i += 1) this.#log.publish()
    if (one.do === 'miss') this.#log.miss(one.count)
    if (one.do === 'whisper') this.#log.whisper()
    if (one.do === 'recover') void this.#recover(room, Math.max(0, this.offset - one.back))
    if (one.do === 'answer a read') this.#log.answer(false)
    if (one.do === 'fail a read') this.#log.answer(true)
    if (one.do === 'wait') await this.#clock.advance(25)
    if (one.do === 'slow' && life) life.member.bufferedBytes = one.slow ? 1_000_000 : 0
    if (one.do === 'listen') this.#join(room, { from: 'now' })
    if (one.do === 'replay') this.#join(room, { from: 'last', count: one.count })
    if (one.do === 'join') {
      const offset = Math.max(0, this.#log.offset - one.back)
      this.#join(room, { from: 'position', position: { epoch: EPOCH, offset } })
    }
    if (one.do === 'leave' && life) {
      life.left = true
      room.leave(life.member)
    }
  }

  async #recover(room: Room, offset: number): Promise<void> {
    const life = { member: new FakeMember({ format }), after: offset, left: false }
    this.lives.push(life)
    await joinWhole(room, life.member, offset)
  }

  #join(room: Room, start: Start): void {
    const position = start.from === 'position' ? start.position.offset : null
    const isNow = start.from === 'now' && !this.#log.hasMissed
    const life: Life = {
      ...{ member: new FakeMember({ format }), after: isNow ? this.offset : position },
      ...{ left: false, latest: this.offset },
    }
    this.lives.push(life)
    room.join(life.member, { start, mayJoin: () => true })
  }
}

/** Joins as a connection of many rooms does: all or nothing, in one step with the release. */
async function joinWhole(room: Room, member: FakeMember, offset: number): Promise<void> {
  const buffer = room.holdBack(member)
  try {
    const position = { epoch: EPOCH, offset }
    const recovered = await room.recover(buffer, { from: position, ...RECOVERING })
    const told = recovered.recovered ? '' : `reset=${recovered.position.offset} `
    member.deliver(Buffer.concat([Buffer.from(told), ...recovered.items]))
    room.release(member, recovered.position)
  } catch {
    room.leave(member)
    member.fail('unavailable')
  }
}

const settled = async (): Promise<void> => {
  for (let i = 0; i < 4; i += 1) await new Promise(setImmediate)
}

/** The fault in what a member heard, or null. */
function wrong({ member, after, left, latest = 0 }: Life, newest: number): string | null {
  const words = member.heard.split(' ').filter((word) => word !== '' && word !== '0')
  let at = after
  for (const word of words) {
    const [, told, number] = /^(?:(reset|position)=)?(\d+)$/.exec(word) ?? []
    const offset = Number(number)
    const expected = told === 'position' ? at : (at ?? 0) + 1
    if (told === 'position' && offset > latest) return `${word} is later than ${latest}`
    if (told !== 'reset' && at !== null && offset !== expected) return `${at} then ${word}`
    at = offset
  }
  // An engine that was away, or a leave, may end it anywhere; nothing else may.
  const ended = left || member.failures.includes('unavailable')
  return ended || at === newest || (at === null && newest === 0) ? null : `ends at ${at}`
}

test('[C173] a member that joins hears every offset after it once, in order', async (t) => {
  const property = fc.asyncProperty(
    fc.array(step, { maxLength: 60, size: 'max' }),
    async (steps) => {
      const simulation = new Simulation()
      await simulation.run(steps)
      const wrongs = simulation.lives.map((life) => wrong(life, simulation.offset))
      return wrongs.every((one) => one === null)
    },
  )
  await t.resolves(fc.assert(property, SEED))
})
