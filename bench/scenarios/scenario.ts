// A scenario, and its figures for one server in one round.
import type { Load, Measured } from '../load/load.ts'
import type { Credential, Opening } from '../load/orders.ts'
import type { SpeechName } from '../load/speech.ts'
import type { Running } from '../servers/contender.ts'

/** One line of the table, in one round. Null where a row has no such figure. */
export interface Figure {
  value: number
  /** CPU microseconds of the server for each delivery, connection or request. */
  cpuMicros: number | null
  p50: number | null
  p99: number | null
  /** How busy the busiest load process was, as a share of one core. */
  load: number | null
  wasLimit: boolean
  /** The share of the time that other processes kept the server from its core. */
  kept: number | null
  missing: number
  closed: number
  /** Further numbers by name, units included. */
  notes: Readonly<Record<string, number>>
}

/** A server in one of its ways of being used. */
export interface Row {
  name: string
  contender: string
  measure(context: Context): Promise<Figure>
}

export interface Scenario {
  name: string
  unit: string
  /** Whether a higher value is the better one. */
  more: boolean
  /** The row that all others are compared with. */
  subject: string
  /** Other checkouts are too old for it. */
  isNew?: boolean
  rows: readonly Row[]
}

/** The sizes of a run. */
export interface Scale {
  seconds: number
  warmSeconds: number
  /** Multiplies rooms, members and connections. */
  crowd: number
}

export interface Context {
  scale: Scale
  /** Started for this row and round alone, and ended after it. */
  running: Running
  load: Load
}

/** Members of rooms. */
export interface Crowd {
  rooms: number
  members: number
  /** In each room. */
  publishers: number
  /** One of so many members is timed, and reads at once as publishers do; 1 lets all do so. */
  timedEvery: number
  slow?: number
  /** The number of its first room, when other crowds have rooms too. */
  firstRoom?: number
  /** Whether the rooms keep their messages. */
  isStored?: boolean
  credential?: Credential
  /** What its members speak where a server takes more than one; raw frames if it is not said. */
  speech?: SpeechName
  /** How many of the rooms each connection is in; 1 if it is not said. */
  roomsEach?: number
  /** Within how many milliseconds all that read in turns have read once. */
  turnMs?: number
}

/** Spreads the rooms of a connection over all; it has no divisor in common with their number. */
const STRIDE = 13

/** Members of a room differ in number by the count of rooms, so timed ones are spread over it. */
export function openingsOf(crowd: Crowd, from = 0): Opening[] {
  const { rooms, members, publishers, timedEvery, slow = 0 } = crowd
  const { firstRoom = 0, isStored = false, roomsEach = 1, speech = 'raw' } = crowd
  const length = (rooms * members) / roomsEach
  return Array.from({ length }, (_, index) => {
    const place = Math.floor((index * roomsEach) / rooms)
    const number = from + index
    const isSlow = index >= length - slow
    const timed = !isSlow && (timedEvery === 1 || place % timedEvery === timedEvery - 1)
    const isPublisher = place < publishers
    const roomAt = (turn: number): number => firstRoom + ((index + turn * STRIDE) % rooms)
    return {
      ...{ number, path: '/', headers: {}, speech, token: null, names: [], isStored, timed },
      rooms: Array.from({ length: roomsEach }, (_, turn) => roomAt(turn)),
      publisher: isPublisher ? number % 10_000 : null,
      reads: isSlow ? 'slowly' : timed || isPublisher ? 'at once' : 'in turns',
    }
  })
}

/** Connects a crowd; resolves with connections per second. */
export async function gather({ running, load }: Context, crowd: Crowd, from = 0): Promise<number> {
  const { credential = 'ticket' } = crowd
  const openings = await running.credentials(openingsOf(crowd, from), credential)
  return load.connect(running.target, openings, crowd.turnMs)
}

/** A figure with the value that counts, and nothing else told yet. */
export function figureOf(value: number, more: Partial<Figure> = {}): Figure {
  return {
    ...{ value, cpuMicros: null, p50: null, p99: null, load: null, wasLimit: false, kept: null },
    ...{ missing: 0, closed: 0, notes: {} },
    ...more,
  }
}

/** What the server used for each of so many things since `before`. */
export function costOf({ running }: Context, before: Usage, count: number): Partial<Figure> {
  const { cpuSeconds, kept } = running.process.usedSince(before)
  return { cpuMicros: count === 0 ? null : (cpuSeconds / count) * 1e6, kept }
}

type Usage = ReturnType<Running['process']['usage']>

export function measuredFigure({ perSecond, ...measured }: Measured): Figure {
  const { p50, p99, load, wasLimit } = measured
  return figureOf(perSecond, { p50, p99, load, wasLimit })
}

/** The same for each of these servers. */
export function forEach(contenders: readonly string[], measure: Row['measure']): Row[] {
  return contenders.map((contender) => ({ name: contender, contender, measure }))
}
