// Compares what clients saw of a room with its history, when all is over.

import { nameOf } from './payload.ts'
import type { RoomRecord } from './record.ts'

export interface Kept {
  offset: number
  text: string
}

export interface History {
  epoch: string
  /** The newest, as the room says. */
  offset: number
  /** All of it, oldest first. */
  kept: readonly Kept[]
}

/** One sentence for each promise that was broken. */
export function verdict(room: RoomRecord, history: History): string[] {
  const names = history.kept.map(({ text }) => nameOf(text) ?? `half of ${text.slice(0, 40)}`)
  const places = new Map(names.map((name, index) => [name, index + 1]))
  return [
    ...whole(history, names, room),
    ...acknowledgedIsKept(room, names),
    ...followedIsKept(room, names),
    ...room.sequences.flatMap((sequence) => heardIsKept(sequence, places)),
  ]
}

function whole({ epoch, offset, kept }: History, names: string[], room: RoomRecord): string[] {
  const wrongs = kept.flatMap((one, index) =>
    one.offset === index + 1 ? [] : [`offset ${one.offset} stands at place ${index + 1}`],
  )
  if (offset !== kept.length)
    wrongs.push(`the newest is ${offset}, of ${kept.length} that are kept`)
  if (room.epoch !== null && room.epoch !== epoch) wrongs.push(`the epoch became ${epoch}`)
  const seen = new Set<string>()
  for (const name of names) {
    if (seen.has(name)) wrongs.push(`${name} is kept twice`)
    if (!room.said.has(name)) wrongs.push(`${name} is kept, and nobody said it`)
    seen.add(name)
  }
  return wrongs
}

function acknowledgedIsKept({ acknowledged }: RoomRecord, names: string[]): string[] {
  return [...acknowledged].flatMap(([name, { offset }]) =>
    names[offset - 1] === name ? [] : [`${name} was acknowledged at ${offset} and is not there`],
  )
}

function followedIsKept({ followed }: RoomRecord, names: string[]): string[] {
  return [...followed].flatMap(([offset, name]) =>
    names[offset - 1] === name ? [] : [`${name} was told at ${offset} and is not there`],
  )
}

/** What one connection heard is a piece of the history, without a hole. */
function heardIsKept(sequence: readonly string[], places: Map<string, number>): string[] {
  const wrongs: string[] = []
  let last: number | null = null
  for (const name of sequence) {
    const place = places.get(name)
    if (place === undefined) wrongs.push(`${name} was heard and is not kept`)
    else if (last !== null && place !== last + 1) wrongs.push(`${place} was heard after ${last}`)
    last = place ?? null
  }
  return wrongs
}
