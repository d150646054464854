// What is kept of a participant, as the scripts read and write it: one string for each, since all
// of it changes together. `<joined> <delivered> <read> <own delivered> <own read> <1 where they
// read privately> <when they were seen> <when they came> <= and their name, or ->`.
import type { ArchivedParticipant } from '../archive.ts'

export type ParticipantRow = Omit<ArchivedParticipant, 'is' | 'room' | 'user'>

export function rowIn(bytes: Buffer): ParticipantRow {
  const text = bytes.toString()
  const words = text.split(' ', NUMBERS)
  const [joined, delivered, read, ownDelivered, ownRead, ...rest] = words.map(Number)
  const [readsPrivately, seenAt, cameAt] = rest
  const name = text.slice(words.join(' ').length + 1)
  return {
    ...{ joined, delivered, read, ownDelivered, ownRead, readsPrivately, seenAt, cameAt },
    name: name.startsWith('=') ? name.slice(1) : null,
  } as ParticipantRow
}

const NUMBERS = 8

export function packedRow(row: ParticipantRow): string {
  const { joined, delivered, read, ownDelivered, ownRead } = row
  const pairs = [joined, delivered, read, ownDelivered, ownRead].join(' ')
  return `${pairs} ${row.readsPrivately} ${row.seenAt} ${row.cameAt} ${packedName(row.name)}`
}

export function packedName(name: string | null): string {
  return name === null ? '-' : `=${name}`
}
