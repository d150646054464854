// Whether each member got what was sent to its room: from what all load processes counted.
import type { Counted } from './orders.ts'

export interface Verdict {
  /** Messages sent, by room. */
  sentIn: Record<number, number>
  /** Messages that came since the connections were made, those of slow readers included. */
  delivered: number
  missing: number
  surplus: number
  closed: number
  slowClosed: number
}

export function judge(counts: readonly Counted[]): Verdict {
  const sentIn: Record<number, number> = {}
  for (const [room, messages] of counts.flatMap(({ sent }) => Object.entries(sent))) {
    sentIn[Number(room)] = (sentIn[Number(room)] ?? 0) + messages
  }
  let [missing, surplus] = [0, 0]
  for (const [rooms, gots] of counts.flatMap(({ got }) => Object.entries(got))) {
    const expected = sum(rooms.split(',').map((room) => sentIn[Number(room)] ?? 0))
    for (const [got, members] of Object.entries(gots)) {
      missing += Math.max(0, expected - Number(got)) * members
      surplus += Math.max(0, Number(got) - expected) * members
    }
  }
  return {
    ...{ sentIn, missing, surplus },
    delivered: sum(counts.map(({ delivered }) => delivered)),
    closed: sum(counts.map(({ closed }) => closed)),
    slowClosed: sum(counts.map(({ slowClosed }) => slowClosed)),
  }
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
