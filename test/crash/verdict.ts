// Compares what clients saw of a room with its history, when all is over.

import { nameOf } from './payload.ts'
import type { Call, Loss, RoomRecord } from './record.ts'

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
  return [
    ...whole(history, names, room),
    ...acknowledgedIsKept(room, names),
    ...toldIsKept(room, history.epoch, names),
    ...lostIsTold(room),
    ...heardIsInPlace(room, history.epoch, names),
  ]
}

function whole({ epoch, offset, kept }: History, names: string[], room: RoomRecord): string[] {
  const wrongs = kept.flatMap((one, index) =>
    one.offset === index + 1 ? [] : [`offset ${one.offset} stands at place ${index + 1}`],
  )
  if (offset !== kept.length)
    wrongs.push(`the newest is ${offset}, of ${kept.length} that are kept`)
  const { epochs } = room
  if (epochs.size > 0 && !epochs.has(epoch)) wrongs.push(`the epoch became ${epoch}`)
  const seen = new Set<string>()
  for (const name of names) {
    if (seen.has(name)) wrongs.push(`${name} is kept twice`)
    if (!room.said.has(name)) wrongs.push(`${name} is kept, and no client said it`)
    seen.add(name)
  }
  return wrongs
}

/** What was acknowledged before its place was lost is excused. */
function acknowledgedIsKept({ acknowledged, losses }: RoomRecord, names: string[]): string[] {
  const isLost = ({ began }: Call, offset: number) =>
    losses.some(({ ended, kept }) => began <= ended && offset > kept)
  return [...acknowledged].flatMap(([name, answers]) =>
    answers
      .filter(({ at, ...call }) => names[at.offset - 1] !== name && !isLost(call, at.offset))
      .map(({ at }) => `${name} was acknowledged at ${at.offset} and is not there`),
  )
}

/** What stood in the last epoch is in the history. */
function toldIsKept({ epochs }: RoomRecord, epoch: string, names: string[]): string[] {
  return [...(epochs.get(epoch) ?? [])].flatMap(([offset, name]) =>
    names[offset - 1] === name ? [] : [`${name} was told at ${offset} and is not there`],
  )
}

/** An epoch ends with a loss: nothing is accepted in it any more. */
function lostIsTold({ losses, operations }: RoomRecord): string[] {
  const appends = operations.filter(({ what }) => what === 'append')
  return losses.flatMap(({ began, ended, kept }) => {
    const before = appends.filter((one) => one.ended < began && one.at.offset > kept)
    const lost = new Set(before.map(({ at }) => at.epoch))
    return appends
      .filter((one) => one.began > ended && lost.has(one.at.epoch))
      .map(({ at }) => `the epoch ${at.epoch} lost all after ${kept}, and went on to ${at.offset}`)
  })
}

/** What one connection heard is a piece of one epoch, without a hole. */
function heardIsInPlace(room: RoomRecord, epoch: string, names: readonly string[]): string[] {
  const last = new Map(names.map((name, index) => [name, index + 1]))
  const epochs = [...room.epochs].map(([name, places]) =>
    name === epoch ? last : placesOf(places, names, { room, begin: beginOf(name, room) }),
  )
  if (!room.epochs.has(epoch)) epochs.push(last)
  const isKnown = (name: string) => epochs.some((places) => places.has(name))
  const isExcused = (name: string) =>
    room.losses.length > 0 && (!isKnown(name) || isSaidOver(room, name))
  return room.sequences.flatMap((sequence) => {
    const readings = epochs.map((places) => outOfPlace(sequence, places, isExcused))
    return readings.reduce(
      (best, one) => (one.length < best.length ? one : best),
      readings[0] ?? [],
    )
  })
}

/** The first offset of an epoch: what was kept when the one before it ended is not of it. */
function beginOf(epoch: string, { losses, operations }: RoomRecord): number {
  const ended = operations.filter(({ at }) => at.epoch === epoch).map((one) => one.ended)
  const first = Math.min(...ended)
  return (losses.findLast(({ began }) => began < first)?.kept ?? 0) + 1
}

/**
 * Where each message of an epoch stood. Some were heard by members alone, who are told no offsets:
 * those of them that later epochs kept stand in the history at the same place.
 */
function placesOf(
  places: ReadonlyMap<number, string>,
  names: readonly string[],
  { room, begin }: { room: RoomRecord; begin: number },
): Map<string, number> {
  const newest = Math.max(0, ...places.keys())
  const isOfAny = (name: string, at: number) =>
    [...room.epochs.values()].some((other) => other.get(at) === name)
  const known = new Map([...places].map(([offset, name]) => [name, offset]))
  for (let at = begin; at < newest; at += 1) {
    const name = names[at - 1]
    if (name !== undefined && !places.has(at) && !isOfAny(name, at)) known.set(name, at)
  }
  return known
}

function outOfPlace(
  sequence: readonly string[],
  places: ReadonlyMap<string, number>,
  isExcused: (name: string) => boolean,
): string[] {
  const wrongs: string[] = []
  let before: number | null = null
  for (const [index, name] of sequence.entries()) {
    const place = places.get(name)
    if (place === undefined) {
      if (!isExcused(name)) wrongs.push(`${name} was heard and is not kept`)
      continue
    }
    const start = place - index
    if (before !== null && start !== before) wrongs.push(`${name} was heard out of its place`)
    before = start
  }
  return wrongs
}

/** It may have been accepted, lost, and accepted once more while its sender waited. */
function isSaidOver({ acknowledged, losses }: RoomRecord, name: string): boolean {
  const spans = ({ began, ended }: Call, loss: Loss) => began <= loss.ended && ended >= loss.began
  return (acknowledged.get(name) ?? []).some((call) => losses.some((loss) => spans(call, loss)))
}
