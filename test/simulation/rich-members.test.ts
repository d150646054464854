// Random lives of clients in many rooms, over connections without a port and a store that answers
// late, fails and loses sight of messages: each client hears every stored message once and in
// order, or is told that it did not.
import fc from 'fast-check'
import { test } from 'tap'
import { ConnectionRegistry } from '../../src/connection/registry.ts'
import { ANONYMOUS, type Identity } from '../../src/protocol/identity.ts'
import { DEFAULT_LIMITS } from '../../src/protocol/limits.ts'
import type { Draft } from '../../src/protocol/message.ts'
import { Rooms } from '../../src/room/rooms.ts'
import { RULE_DEFAULTS } from '../../src/room/rule.ts'
import { richFormatOf } from '../../src/wire/formats.ts'
import { LogInSteps } from '../support/log-in-steps.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { sharesWithin } from '../support/memory-shares.ts'
import { type Place, RichDevice, type Truth } from '../support/rich-device.ts'

const RUNS = { seed: 20_261_127, numRuns: 300 }
const KEPT = 12
const USERS = ['u0', 'u1', 'u2']
/** One that keeps nothing is among them. */
const ROOMS = ['chat:a', 'chat:b', 'plain:a']
const EVERY_ROOM = [...ROOMS, ...USERS.map((user) => `user:${user}`)]
const UNBOUND = { messagesPerSecond: null, commandsPerSecond: null, messagesPerSecondPerUser: null }
const LIMITS = { ...DEFAULT_LIMITS, ...UNBOUND, outboxBytes: 2_500, roomsPerConnection: 2 }

const who = fc.nat({ max: USERS.length - 1 })
const room = fc.constantFrom(...ROOMS)
const any = fc.constantFrom(...EVERY_ROOM)
const how = fc.constantFrom('kept', 'passing', 'unechoed')
const small = fc.nat({ max: 4 })

const STEPS = {
  connect: { weight: 5, with: { who } },
  cut: { weight: 2, with: { who } },
  join: { weight: 8, with: { who, room, isStrict: fc.boolean(), fromStart: fc.boolean() } },
  leave: { weight: 2, with: { who, room } },
  say: { weight: 6, with: { who, room, how, bytes: fc.nat({ max: 600 }) } },
  tell: { weight: 5, with: { any, how, count: small } },
  miss: { weight: 2, with: { any, count: fc.nat({ max: 16 }) } },
  redact: { weight: 2, with: { any, back: fc.nat({ max: 8 }) } },
  'delete a room': { weight: 1, with: { any } },
  'send out': { weight: 1, with: { who, room } },
  'end the session': { weight: 1, with: { who } },
  slow: { weight: 2, with: { who, reads: fc.boolean(), isFull: fc.boolean() } },
  answer: { weight: 12, with: { which: small, fails: fc.integer({ min: 0, max: 9 }) } },
  look: { weight: 4, with: { which: small } },
  'answer all': { weight: 6, with: {} },
  wait: { weight: 2, with: { ms: fc.constantFrom(25, 1_000, 4_000) } },
} as const

type Numbers = Record<'who' | 'bytes' | 'count' | 'back' | 'which' | 'fails' | 'ms', number>
type Names = Record<'room' | 'any' | 'how', string>
type Flags = Record<'isStrict' | 'fromStart' | 'reads' | 'isFull', boolean>

interface Step extends Numbers, Names, Flags {
  do: keyof typeof STEPS
  /** The next step comes before the turn ends. */
  isSoon: boolean
}

const step = fc.oneof(
  ...Object.entries(STEPS).map(([name, { weight, with: parts }]) => ({
    weight,
    arbitrary: fc.record({ do: fc.constant(name), isSoon: fc.boolean(), ...(parts as object) }),
  })),
) as unknown as fc.Arbitrary<Step>

class Simulation implements Truth {
  readonly devices: RichDevice[]
  readonly faults: string[] = []
  readonly #clock = new ManualClock()
  readonly #log = new LogInSteps(KEPT)
  readonly #rooms: Rooms
  readonly #connections: ConnectionRegistry
  #said = 0

  constructor() {
    const clock = this.#clock
    const shares = sharesWithin(LIMITS, clock)
    const history = { messages: KEPT, ageMs: null }
    const rules = [
      { ...RULE_DEFAULTS, match: 'plain:*' },
      { ...RULE_DEFAULTS, match: '*', history },
      { ...RULE_DEFAULTS, match: 'user:*', history },
    ]
    this.#rooms = new Rooms({ log: this.#log, clock, shares, rules })
    this.#connections = new ConnectionRegistry({
      ...{ clock, limits: LIMITS, heartbeat: { pingSeconds: 3_600, pongSeconds: 60 }, shares },
      ...{ scheduler: this.#rooms.scheduler, node: () => 'node' },
      onFault: (_, error) => this.faults.push(String(error)),
    })
    this.devices = USERS.map((user) => this.#device(user))
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const one of steps) {
      this.#take(one)
      if (!one.isSoon || one.do === 'wait' || one.do === 'answer all') await this.#goOn(one)
    }
    for (const { socket } of this.devices) socket?.readAll()
    for (let calm = 0; calm < 4; calm += 1) {
      if (this.#log.answer(0)) calm = 0
      await this.#clock.advance(1_100)
      await this.#settled()
    }
    for (const device of this.devices) this.#check(device)
    for (const name of ROOMS) this.#checkMembers(name)
    for (const device of this.devices) device.cut()
    if (this.#rooms.size > 0) this.faults.push(`${this.#rooms.size} rooms stay open`)
    this.#rooms.stop()
    this.#connections.stop()
  }

  numberAt(room: string, epoch: string, offset: number): number | null {
    const message = this.#log.at(room, epoch, offset)
    return message === undefined || message.redacted
      ? null
      : JSON.parse(message.payload.toString()).n
  }

  shownUpTo(room: string, epoch: string, offset: number): Set<number> {
    const all = Array.from({ length: offset }, (_, index) => index + 1)
    return new Set(all.filter((one) => this.numberAt(room, epoch, one) !== null))
  }

  isUnechoed(room: string, epoch: string, offset: number, connection: string): boolean {
    const message = this.#log.at(room, epoch, offset)
    return message?.unechoed === true && message.origin === connection
  }

  #device(user: string): RichDevice {
    const session = `s_${user}`
    const identity: Identity = { ...ANONYMOUS, proof: 'token', user, session }
    return new RichDevice(user, {
      ...{ connections: this.#connections, rooms: this.#rooms, truth: this, own: `user:${user}` },
      format: richFormatOf('json', 'websocket'),
      log: { opened: () => undefined, commandRefused: () => undefined },
      proofs: {
        prove: async () => ({ identity, settle: async () => undefined }),
        ticketFor: async () => identity,
      },
    })
  }

  #take(one: Step): void {
    const device = this.devices[one.who]
    if (device === undefined) this.#world(one)
    else if (device.isConnected) this.#client(device, one)
    else if (one.do === 'connect') device.connect()
  }

  async #goOn(one: Step): Promise<void> {
    if (one.do === 'wait') await this.#clock.advance(one.ms)
    await this.#settled()
    for (let more = 0; one.do === 'answer all' && more < 20; more += 1) {
      if (!this.#log.answer(0)) break
      await this.#settled()
    }
  }

  #client(device: RichDevice, one: Step): void {
    const { room, user } = { ...one, user: device.user }
    if (one.do === 'cut') device.cut()
    if (one.do === 'join') device.join(room, one.isStrict, one.fromStart ? { recover: true } : {})
    if (one.do === 'leave') device.leave(room)
    if (one.do === 'say') this.#say(device, one)
    if (one.do === 'send out') this.#connections.revoke({ user, room })
    if (one.do === 'end the session') this.#connections.revoke({ session: `s_${user}` })
    if (one.do === 'slow' && one.reads) device.socket?.readAll()
    else if (one.do === 'slow') device.socket?.stall(one.isFull ? LIMITS.outboxBytes : 0)
  }

  #say(device: RichDevice, { room, how, bytes }: Step): void {
    const data = this.#words(bytes)
    if (how === 'kept') return device.ask('publish', room, { channel: room, data })
    const wish = how === 'passing' ? { ephemeral: true } : { echo: false }
    device.ask('rpc', room, { method: 'publish', data: { room, data, ...wish } })
  }

  #world({ do: what, any, how, count, back, which, fails }: Step): void {
    if (what === 'tell') for (let i = 0; i < count; i += 1) this.#tell(any, how === 'passing')
    if (what === 'miss' && any !== 'plain:a') {
      this.#log.miss(
        any,
        Array.from({ length: count }, () => this.#draft()),
      )
    }
    if (what === 'redact') void this.#log.redact(any, this.#log.headOf(any).offset - back)
    if (what === 'delete a room') void this.#log.deleteRoom(any)
    if (what === 'look') this.#log.look(which)
    if (what === 'answer') this.#log.answer(which, fails === 0)
  }

  #tell(room: string, isPassing: boolean): void {
    const draft = this.#draft()
    if (isPassing) draft.ephemeral = true
    const application = { identity: null, address: null }
    const told = this.#rooms.publish(room, application, draft)
    if (told instanceof Promise) told.catch(() => undefined)
  }

  #draft(): Draft {
    const payload = Buffer.from(JSON.stringify(this.#words(1)))
    return { kind: 'json', payload, user: null, name: null, origin: null }
  }

  #words(bytes: number): { n: number; text: string } {
    this.#said += 1
    return { n: this.#said, text: 'x'.repeat(bytes) }
  }

  async #settled(): Promise<void> {
    for (let i = 0; i < 3; i += 1) await new Promise(setImmediate)
    for (const device of this.devices) device.hear()
  }

  /** When nothing is under way any more. */
  #check(device: RichDevice): void {
    const wrong = (what: string) => this.faults.push(`${device.user} ${what}`)
    this.faults.push(...device.faults)
    for (const command of device.unanswered()) wrong(`has no reply to ${command}`)
    for (const [room, place] of device.places) {
      if (place.state !== 'in' || place.at === null) continue
      const head = this.#log.headOf(room)
      const { offset } = place.at
      const connection = device.connection?.id ?? ''
      const rest = Array.from({ length: head.offset - offset }, (_, i) => offset + 1 + i)
      const isWhole = rest.every((one) => this.isUnechoed(room, head.epoch, one, connection))
      if (place.at.epoch !== head.epoch || !isWhole) {
        wrong(`is at ${JSON.stringify(place.at)} in ${room}, which is at ${JSON.stringify(head)}`)
      }
      this.#checkShown(room, place, wrong)
    }
  }

  #checkShown(room: string, { at, shown }: Place, wrong: (what: string) => void): void {
    const gone = [...shown].filter((one) => this.numberAt(room, at?.epoch ?? '', one) === null)
    if (gone.length > 0) wrong(`shows ${gone.join()} of ${room}, which were taken back`)
  }

  #checkMembers(room: string): void {
    const { members } = this.#rooms.counts(room)
    const inside = this.devices.filter((device) => device.place(room).state === 'in').length
    if (members !== inside) this.faults.push(`${members} members in ${room}, not ${inside}`)
  }
}

/** Steps that failed once: each ends as all others have to. */
const FORMER: [string, Partial<Step>[]][] = [
  [
    'a client that its own reply cuts as slow is no member',
    [
      ...([{ do: 'connect', who: 0 }, { do: 'connect', who: 1 }, { do: 'answer all' }] as const),
      { do: 'join', who: 1, room: 'plain:a' },
      { do: 'slow', who: 0, reads: false, isFull: true },
      { do: 'join', who: 0, room: 'plain:a' },
    ],
  ],
  [
    'a join that being sent out meets has one answer, and another join its own',
    [
      ...([{ do: 'connect', who: 0 }, { do: 'answer all' }] as const),
      { do: 'join', who: 0, room: 'chat:a' },
      { do: 'send out', who: 0, room: 'chat:a' },
      { do: 'join', who: 0, room: 'chat:a' },
    ],
  ],
]

for (const [title, steps] of FORMER) {
  test(`[C345] ${title}`, async (t) => {
    const simulation = new Simulation()
    await simulation.run(steps as Step[])
    t.same(simulation.faults, [])
  })
}

test('[C345] a client in many rooms hears each stored message once, or is told', async (t) => {
  let recoveries = 0
  const property = fc.asyncProperty(
    fc.array(step, { maxLength: 80, size: 'max' }),
    async (steps) => {
      const simulation = new Simulation()
      await simulation.run(steps)
      for (const device of simulation.devices) recoveries += device.recoveries
      if (simulation.faults.length > 0) throw new Error(simulation.faults.join('\n'))
    },
  )
  await t.resolves(fc.assert(property, RUNS))
  t.ok(recoveries > RUNS.numRuns / 4, `${recoveries} recoveries`)
})
