// How connections get what rooms give them: one room, a write per room, and gathered.
import type { Socket as TcpSocket } from 'node:net'
import { Outbox } from '../../src/connection/outbox.ts'
import type { Socket } from '../../src/connection/socket.ts'
import { DEFAULT_LIMITS } from '../../src/protocol/limits.ts'
import type { Member } from '../../src/room/member.ts'
import type { Rooms } from '../../src/room/rooms.ts'
import { RULE_DEFAULTS, type Rule } from '../../src/room/rule.ts'
import { raw } from '../../src/wire/raw.ts'

export const RULE: Rule = { ...RULE_DEFAULTS, match: '*' }

const ROOMS = 100
const ROOMS_EACH = 10
const BYTES = 100
/** Spreads the ten rooms of each connection over all; it has no divisor in common with them. */
const STRIDE = 13

export interface Way {
  name: string
  /** For the table. */
  title: string
  /** The rooms that say something in each turn. */
  rooms: readonly string[]
  /** Of each message, in bytes. */
  size: number
  /** What a connection gets in a turn, in bytes, frames included. */
  bytesEach: number
}

function tenRooms(name: string, how: string): Way {
  const rooms = Array.from({ length: ROOMS }, (_, number) => `${name}:${number}`)
  const title = `${ROOMS_EACH} of ${ROOMS} rooms, ${BYTES} B each, ${how}`
  return { name, title, rooms, size: BYTES, bytesEach: ROOMS_EACH * (2 + BYTES) }
}

const SIZE = ROOMS_EACH * BYTES
/** RFC 6455 section 5.2: more than 125 bytes have a header of four. */
const ONE_ROOM: Way = {
  ...{ name: 'one', title: `one room of all, ${SIZE} B`, rooms: ['one:0'] },
  ...{ size: SIZE, bytesEach: 4 + SIZE },
}
const PLAIN = tenRooms('plain', 'a write per room')
const GATHERED = tenRooms('gathered', 'gathered')

/** Puts every connection into the rooms of every way; returns the ways that there are. */
export async function joinAll(rooms: Rooms, sockets: readonly CountingSocket[]): Promise<Way[]> {
  const ways = [ONE_ROOM, PLAIN]
  for (const [number, socket] of sockets.entries()) {
    const outbox = new Outbox(socket)
    const id = `c${number}`
    await join(rooms, ONE_ROOM.rooms, () => new PlainMember(id, outbox))
    await join(rooms, roomsOf(PLAIN, number), () => new PlainMember(id, outbox))
    if (await joinGathered(rooms, roomsOf(GATHERED, number), socket)) ways[2] = GATHERED
  }
  return ways
}

function roomsOf({ rooms }: Way, connection: number): string[] {
  return Array.from(
    { length: ROOMS_EACH },
    (_, place) => rooms[(connection + place * STRIDE) % ROOMS] ?? '',
  )
}

async function join(rooms: Rooms, names: readonly string[], make: () => Member): Promise<void> {
  for (const name of names) {
    const { room } = await rooms.open(name, RULE)
    room.join(make())
  }
}

/**
 * THE GATHERED PATH: makes one connection with a membership in each of these rooms, so that it
 * writes once per turn. False while the tree has no memberships.
 */
async function joinGathered(
  _rooms: Rooms,
  _names: readonly string[],
  _socket: CountingSocket,
): Promise<boolean> {
  return false
}

/** A member that writes whatever its room gives it. */
class PlainMember implements Member {
  readonly id: string
  readonly user = null
  readonly format = raw
  readonly echo = true
  readonly #outbox: Outbox

  constructor(id: string, outbox: Outbox) {
    this.id = id
    this.#outbox = outbox
  }

  get bufferedBytes(): number {
    return this.#outbox.bufferedBytes
  }

  deliver(frames: Buffer): void {
    this.#outbox.write(frames, DEFAULT_LIMITS.outboxBytes)
  }

  fail(): void {}
}

/** The port over a bare TCP socket, which counts what is written to all of them. */
export class CountingSocket implements Socket {
  static written = 0
  readonly #tcp: TcpSocket

  constructor(tcp: TcpSocket) {
    this.#tcp = tcp
  }

  get bufferedBytes(): number {
    return this.#tcp.writableLength
  }

  get bytesRead(): number {
    return this.#tcp.bytesRead
  }

  write(frames: Buffer): void {
    CountingSocket.written += frames.length
    this.#tcp.write(frames)
  }

  ping(): boolean {
    return false
  }

  close(): void {
    this.#tcp.destroy()
  }

  terminate(): void {
    this.#tcp.destroy()
  }
}
