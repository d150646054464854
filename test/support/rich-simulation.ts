// A life of clients in many rooms, step by step, over connections without a port and a store that
// answers late, fails and loses sight of messages. What no client may see is a fault.
import { ConnectionRegistry } from '../../src/connection/registry.ts'
import { ANONYMOUS, type Identity } from '../../src/protocol/identity.ts'
import { DEFAULT_LIMITS } from '../../src/protocol/limits.ts'
import type { Draft } from '../../src/protocol/message.ts'
import { Rooms } from '../../src/room/rooms.ts'
import { RULE_DEFAULTS } from '../../src/room/rule.ts'
import { richFormatOf } from '../../src/wire/formats.ts'
import { LogInSteps } from './log-in-steps.ts'
import { ManualClock } from './manual-clock.ts'
import { sharesWithin } from './memory-shares.ts'
import { type Place, RichDevice, type Truth } from './rich-device.ts'

const KEPT = 12
export const USERS = ['u0', 'u1', 'u2']
/** One that keeps nothing is among them. */
export const ROOMS = ['chat:a', 'chat:b', 'plain:a']
export const EVERY_ROOM = [...ROOMS, ...USERS.map((user) => `user:${user}`)]
const UNBOUND = { messagesPerSecond: null, commandsPerSecond: null, messagesPerSecondPerUser: null }
const LIMITS = { ...DEFAULT_LIMITS, ...UNBOUND, outboxBytes: 2_500, roomsPerConnection: 2 }

export type Action =
  | 'connect'
  | 'cut'
  | 'join'
  | 'leave'
  | 'say'
  | 'tell'
  | 'miss'
  | 'redact'
  | 'delete a room'
  | 'send out'
  | 'end the session'
  | 'slow'
  | 'answer'
  | 'look'
  | 'answer all'
  | 'wait'

type Numbers = Record<'who' | 'bytes' | 'count' | 'back' | 'which' | 'fails' | 'ms', number>
type Names = Record<'room' | 'any' | 'how', string>
type Flags = Record<'isStrict' | 'fromStart' | 'reads' | 'isFull', boolean>

export interface Step extends Numbers, Names, Flags {
  do: Action
  /** The next step comes before the turn ends. */
  isSoon: boolean
  /** So many microtasks later, if it is soon. */
  ticks: number
}

export class RichSimulation implements Truth {
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
      else for (let tick = 0; tick < one.ticks; tick += 1) await null
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
