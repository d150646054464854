// A client of the rich protocol without a port, over a fake socket. It keeps what it heard of each
// room as an application would, comes back with its positions, and notes what no client may see.
import { Connection } from '../../src/connection/connection.ts'
import type { ConnectionRegistry } from '../../src/connection/registry.ts'
import { RichHandler, type RichHandlerParts } from '../../src/connection/rich-handler.ts'
import { FakeSocket } from './fake-socket.ts'
import type { Answer } from './rich-client.ts'

/** What a device knows of one room. */
export interface Place {
  state: 'out' | 'asking' | 'in' | 'leaving'
  /** Null before it was first told one; `offset` of what it heard last. */
  at: { epoch: string; offset: number } | null
  /** What the last reply to a join said. */
  redactions: number
  /** Offsets of messages that it shows, without tombstones. */
  shown: Set<number>
}

/** The truth about stored messages. */
export interface Truth {
  /** The number in the message at a position; null for a tombstone or none. */
  numberAt(room: string, epoch: string, offset: number): number | null
  /** What a client shows that loads a room up to an offset. */
  shownUpTo(room: string, epoch: string, offset: number): Set<number>
  /** Whether the message at a position is not for the connection that sent it. */
  isUnechoed(room: string, epoch: string, offset: number, connection: string): boolean
}

export interface DeviceParts extends Omit<RichHandlerParts, 'shown' | 'source'> {
  connections: ConnectionRegistry
  truth: Truth
  /** Rooms that the server joins it to. */
  own: string
}

type Body = Record<string, unknown>
// biome-ignore lint/suspicious/noExplicitAny: what the server says is looked into as it should be
type Heard = Record<string, any>

export class RichDevice {
  readonly user: string
  readonly faults: string[] = []
  readonly places = new Map<string, Place>()
  /** How often it came back and was given all that it missed. */
  recoveries = 0
  socket: FakeSocket | null = null
  connection: Connection | null = null
  readonly #parts: DeviceParts
  readonly #asked = new Map<number, { command: string; room: string; body: Body }>()
  /** Numbers of messages that are not kept, heard over this connection. */
  readonly #passing = new Set<number>()
  #lastId = 0
  #read = 0

  constructor(user: string, parts: DeviceParts) {
    this.user = user
    this.#parts = parts
  }

  get isConnected(): boolean {
    return this.connection !== null
  }

  place(room: string): Place {
    const known = this.places.get(room)
    if (known !== undefined) return known
    const place: Place = { state: 'out', at: null, redactions: 0, shown: new Set() }
    this.places.set(room, place)
    return place
  }

  connect(): void {
    const { connections, own, truth: _, ...parts } = this.#parts
    const { clock, connectionLimits } = connections
    const socket = new FakeSocket()
    const seat = connectionLimits.take(null, clock.elapsed())
    const connection = new Connection({ connections, socket, seat })
    const shown = { claim: null, isInUrl: false, uplink: null }
    connection.open(new RichHandler(connection, { ...parts, shown, source: {} }))
    this.socket = socket
    this.connection = connection
    this.#read = 0
    this.#asked.clear()
    this.#passing.clear()
    const { at } = this.place(own)
    this.place(own).state = 'asking'
    const subs = at === null ? {} : { subs: { [own]: { recover: true, ...at } } }
    this.ask('connect', own, { token: this.user, ...subs })
  }

  ask(command: string, room: string, body: Body): void {
    this.#lastId += 1
    this.#asked.set(this.#lastId, { command, room, body })
    const line = JSON.stringify({ id: this.#lastId, [command]: body })
    this.connection?.receive(Buffer.from(line), false)
  }

  /** Joins with the position that it has; without one with `fresh`. */
  join(room: string, isStrict: boolean, fresh: Body): void {
    const place = this.place(room)
    if (place.state !== 'out') return
    place.state = 'asking'
    const from = place.at === null ? fresh : { recover: true, ...place.at }
    this.ask('subscribe', room, { channel: room, ...from, ...(isStrict && { flag: 2 }) })
  }

  leave(room: string): void {
    const place = this.place(room)
    if (place.state !== 'in') return
    place.state = 'leaving'
    this.ask('unsubscribe', room, { channel: room })
  }

  /** The network is gone: nothing more is heard. */
  cut(): void {
    this.connection?.ended(1_006)
    this.#away()
  }

  /** Hears what was written since. */
  hear(): void {
    const { socket } = this
    if (socket === null) return
    const bytes = Buffer.concat(socket.written)
    for (const text of framesAfter(bytes, this.#read)) this.#arrive(JSON.parse(text))
    this.#read = bytes.length
    if (socket.closedWith === null) return
    this.connection?.ended(socket.closedWith.code)
    this.#away()
  }

  #away(): void {
    this.socket = null
    this.connection = null
    for (const place of this.places.values()) place.state = 'out'
  }

  /** Every command of an open connection was answered once, when nothing is under way. */
  unanswered(): string[] {
    return this.isConnected ? [...this.#asked.values()].map(({ command }) => command) : []
  }

  #arrive({ id, push, ...reply }: Answer): void {
    if (push !== undefined) return this.#hearPush(push)
    if (id === undefined) return
    const asked = this.#asked.get(id)
    if (asked === undefined) return this.#fault(`a reply to ${id}, which was not asked`)
    this.#asked.delete(id)
    const { command, room, body } = asked
    const place = this.place(room)
    if (command === 'subscribe') this.#joined(room, reply, body)
    if (command === 'connect') {
      const joined = reply.connect?.subs?.[room]
      const { subs = {} } = body as { subs?: Record<string, Body> }
      this.#joined(room, joined ? { subscribe: joined } : { error: reply }, subs[room] ?? {})
    }
    if (command === 'unsubscribe') place.state = 'out'
  }

  #joined(room: string, { subscribe, error }: Heard, asked: Body): void {
    const place = this.place(room)
    if (place.state !== 'asking') {
      if (error === undefined) this.#fault(`${room}: joined, after the membership was ended`)
      return
    }
    place.state = error === undefined ? 'in' : 'out'
    if (error?.code === 112) this.#forget(place)
    if (subscribe?.epoch === undefined) return
    const { epoch, offset = 0, recovered = false, publications = [], data } = subscribe
    if (recovered) this.recoveries += 1
    const isSame = place.at === null || (place.at.epoch === epoch && place.at.offset === offset)
    if (recovered && !(asked.recover && isSame)) this.#fault(`${room}: recovered from elsewhere`)
    if (!recovered && publications.length > 0) this.#fault(`${room}: messages without recovery`)
    const mustLoad = !recovered || place.redactions !== data.redactions
    place.at = { epoch, offset }
    place.redactions = data.redactions
    if (mustLoad) place.shown = this.#parts.truth.shownUpTo(room, epoch, offset)
    for (const pub of publications) this.#hearStored(room, pub, true)
  }

  #forget(place: Place): void {
    place.at = null
    place.shown = new Set()
  }

  #hearPush({ channel, pub, unsubscribe }: Heard): void {
    const room = String(channel)
    const place = this.place(room)
    if (unsubscribe !== undefined) {
      if (place.state === 'out') this.#fault(`${room}: ended, and it is not there`)
      place.state = 'out'
    } else if (pub !== undefined) {
      if (!isThere(place)) this.#fault(`${room}: a message, and it is ${place.state}`)
      else if (pub.offset) this.#hearStored(room, pub, false)
      else if (pub.tags?.redacted) place.shown.delete(Number(pub.tags.redacted))
      else this.#hearPassing(room, pub)
    }
  }

  #hearPassing(room: string, { data }: Answer): void {
    if (this.#passing.has(data.n)) this.#fault(`${room}: ${data.n} twice, which is not kept`)
    this.#passing.add(data.n)
  }

  #hearStored(room: string, { data, offset }: Answer, isRecovered: boolean): void {
    const place = this.place(room)
    const { truth } = this.#parts
    const { at } = place
    if (at === null) return this.#fault(`${room}: ${offset} before a position`)
    const connection = this.connection?.id ?? ''
    let before = at.offset
    if (!isRecovered) {
      while (truth.isUnechoed(room, at.epoch, before + 1, connection) && before + 1 < offset) {
        before += 1
      }
    }
    if (offset !== before + 1) this.#fault(`${room}: ${offset} after ${at.offset} of ${at.epoch}`)
    const number = truth.numberAt(room, at.epoch, offset)
    if (data !== null && number !== null && data.n !== number) {
      this.#fault(`${room}: ${data.n} at ${offset} of ${at.epoch}, where ${number} is`)
    }
    at.offset = offset
    if (data !== null) place.shown.add(offset)
  }

  #fault(what: string): void {
    this.faults.push(`${this.user} ${what}`)
  }
}

function isThere({ state }: Place): boolean {
  return state === 'in' || state === 'leaving'
}

/** The texts of the frames of a server after so many bytes. */
function* framesAfter(bytes: Buffer, from: number): Iterable<string> {
  for (let at = from; at < bytes.length; ) {
    const short = bytes.readUInt8(at + 1)
    const start = at + (short < 126 ? 2 : short === 126 ? 4 : 10)
    const length =
      short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : bytes.readUInt32BE(at + 6)
    yield bytes.toString('utf8', start, start + length)
    at = start + length
  }
}
