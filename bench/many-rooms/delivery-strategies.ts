// The ways to write the messages of a turn: one room, a write per room, and gathered.
import type { Socket as TcpSocket } from 'node:net'
import type { Connection } from '../../src/connection/connection.ts'
import { Membership } from '../../src/connection/membership.ts'
import type { Socket } from '../../src/connection/socket.ts'
import { NO_HOLDER } from '../../src/engine/shares.ts'
import { ANONYMOUS } from '../../src/protocol/identity.ts'
import type { Member } from '../../src/room/member.ts'
import type { RoomHold } from '../../src/room/open-rooms.ts'
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
  /** For the table. */
  title: string
  /** The rooms that have a message in each turn. */
  rooms: readonly string[]
  /** Size of each message, in bytes. */
  size: number
  /** Bytes that a connection gets in a turn, frame headers included. */
  bytesEach: number
}

function tenRooms(how: string): Way {
  const rooms = Array.from({ length: ROOMS }, (_, number) => `${how}:${number}`)
  const title = `${ROOMS_EACH} of ${ROOMS} rooms, ${BYTES} B each, ${how}`
  return { title, rooms, size: BYTES, bytesEach: ROOMS_EACH * (2 + BYTES) }
}

const SIZE = ROOMS_EACH * BYTES
/** RFC 6455 section 5.2: more than 125 bytes have a header of four. */
const ONE_ROOM: Way = {
  ...{ title: `one room of all, ${SIZE} B`, rooms: ['one:0'] },
  ...{ size: SIZE, bytesEach: 4 + SIZE },
}
const PLAIN = tenRooms('a write per room')
const GATHERED = tenRooms('gathered')

export const WAYS: readonly Way[] = [ONE_ROOM, PLAIN, GATHERED]

/** Puts every connection into the rooms of every way. */
export async function joinAll(rooms: Rooms, connections: readonly Connection[]): Promise<void> {
  for (const [number, connection] of connections.entries()) {
    const plain = (): Member => new PlainMember(connection)
    await join(rooms, ONE_ROOM.rooms, plain)
    await join(rooms, roomsOf(PLAIN, number), plain)
    const parts = { connection, format: raw, echo: true, owner: { membershipFailed() {} } }
    await join(rooms, roomsOf(GATHERED, number), (hold) => new Membership({ ...parts, hold }))
  }
}

function roomsOf({ rooms }: Way, connection: number): string[] {
  return Array.from(
    { length: ROOMS_EACH },
    (_, place) => rooms[(connection + place * STRIDE) % ROOMS] ?? '',
  )
}

async function join(
  rooms: Rooms,
  names: readonly string[],
  member: (hold: RoomHold) => Member,
): Promise<void> {
  for (const name of names) {
    const hold = await rooms.open(name, RULE)
    hold.room.join(member(hold))
  }
}

/** A member that writes each buffer at once, as the connection of a single room does. */
class PlainMember implements Member {
  readonly user = null
  readonly identity = ANONYMOUS
  readonly holder = NO_HOLDER
  readonly format = raw
  readonly echo = true
  readonly unreadPieces = 0
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  get id(): string {
    return this.#connection.id
  }

  get bufferedBytes(): number {
    return this.#connection.bufferedBytes
  }

  deliver(frames: Buffer): void {
    this.#connection.write(frames)
  }

  endPiece(): void {}

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

  get takenBytes(): number {
    return this.#tcp.bytesWritten - this.#tcp.writableLength
  }

  write(frames: Buffer): void {
    CountingSocket.written += frames.length
    this.#tcp.write(frames)
  }

  ping(): boolean {
    return false
  }

  ask(): boolean {
    return false
  }

  close(): void {
    this.#tcp.destroy()
  }

  terminate(): void {
    this.#tcp.destroy()
  }
}
