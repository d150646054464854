// What a scenario is, and what it finds out about one server in one round.
import type { Load, Talk, Verdict } from '../load/load.ts'
import type { Opening } from '../load/orders.ts'
import type { Contender, Credential, Running } from '../servers/contender.ts'

/** One line of the table, in one round. */
export interface Figure {
  value: number
  /** CPU microseconds of the server for each delivery, connection or request; null if not told. */
  cpuMicros: number | null
  p50: number | null
  p99: number | null
  /** How busy the busiest load process was, as a share of one core; null if not told. */
  load: number | null
  wasLimit: boolean
  /** The share of the time that the server was kept from its core by others; null if not told. */
  kept: number | null
  missing: number
  closed: number
  /** Further numbers by what they say, units included. */
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
  /** Fresh for each row and round, and ended after it. */
  running: Running
  load: Load
  /** The independent generator and what pins it; null when none was named. */
  wsload: { path: string; pin: readonly string[] } | null
}

export type Contenders = ReadonlyMap<string, Contender>

/** People in rooms. */
export interface Crowd {
  rooms: number
  members: number
  /** In each room. */
  publishers: number
  /** One of so many members is timed, and reads at once as publishers do; 1 lets all do so. */
  timedEvery: number
  slow?: number
  /** The number of its first room, when others have rooms too. */
  firstRoom?: number
  /** Whether the rooms keep what is said. */
  isStored?: boolean
  credential?: Credential
  turnMs?: number
}

const SETTLE_MS = 30_000

/** Members of a room differ in number by the count of rooms, so timed ones are spread over it. */
export function openingsOf(crowd: Crowd, from = 0): Opening[] {
  const { rooms, members, publishers, timedEvery, slow = 0 } = crowd
  const { firstRoom = 0, isStored = false } = crowd
  return Array.from({ length: rooms * members }, (_, index) => {
    const place = Math.floor(index / rooms)
    const number = from + index
    const isSlow = index >= rooms * members - slow
    const isTimed = !isSlow && (timedEvery === 1 || place % timedEvery === timedEvery - 1)
    const isPublisher = place < publishers
    return {
      number,
      path: '/',
      headers: {},
      room: firstRoom + (index % rooms),
      isStored,
      publisher: isPublisher ? number % 10_000 : null,
      timed: isTimed,
      reads: isSlow ? 'slowly' : isTimed || isPublisher ? 'at once' : 'in turns',
    }
  })
}

/** Connects a crowd; resolves with connections per second. */
export async function gather({ running, load }: Context, crowd: Crowd, from = 0): Promise<number> {
  const { credential = 'ticket' } = crowd
  const openings = await running.credentials(openingsOf(crowd, from), credential)
  return load.connect(running.target, openings, crowd.turnMs)
}

export type Speaking = Pick<Talk, 'size' | 'pace'>

/** Lets a gathered crowd talk, and checks that everybody got everything. */
export async function talk(context: Context, speaking: Speaking): Promise<Figure> {
  return (await talkOf(context, speaking)).figure
}

export interface Talked {
  figure: Figure
  verdict: Verdict
}

/** The same for who wants to know in which rooms it was. */
export async function talkOf(context: Context, speaking: Speaking): Promise<Talked> {
  const { running, load, scale } = context
  const { seconds, warmSeconds } = scale
  const before = running.process.usage()
  const measured = await load.talk({ ...speaking, seconds, warmSeconds })
  const verdict = await load.verdict(SETTLE_MS)
  const { cpuSeconds, kept } = running.process.usedSince(before)
  const deliveries = verdict.delivered
  const figure = {
    value: measured.perSecond,
    cpuMicros: deliveries === 0 ? null : (cpuSeconds / deliveries) * 1e6,
    p50: measured.latencies.quantile(0.5),
    p99: measured.latencies.quantile(0.99),
    load: measured.load,
    wasLimit: measured.wasLimit,
    kept,
    missing: verdict.missing,
    closed: verdict.closed,
    notes: {
      'too many': verdict.surplus,
      'slow readers cut': verdict.slowClosed,
      'sent late by ms (p99)': measured.lateMs,
    },
  }
  return { figure, verdict }
}

/** The same for each of these servers. */
export function forEach(
  contenders: readonly string[],
  measure: (context: Context) => Promise<Figure>,
): Row[] {
  return contenders.map((contender) => ({ name: contender, contender, measure }))
}
