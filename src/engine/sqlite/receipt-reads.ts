// The operations of the reader thread on receipts.
import type { DatabaseSync } from 'node:sqlite'
import {
  AWAY_AFTER_MS,
  byTime,
  isBehind,
  type Participant,
  type ParticipantRoom,
  type Receipt,
  type ReceiptSums,
  type RoomPlace,
} from '../receipt-store.ts'
import { epochOf, ROOM_COLUMNS, type RoomRow } from './rooms.ts'

interface RoomArgs {
  room: string
  most: number
  now: number
}

/** Rooms of a user, a slice at a time: those with a row after this id. */
interface SliceArgs {
  user: string
  after: number
  before: RoomPlace | null
  limit: number
}

/** The newest rooms of a slice, and where the next one begins; null at the end. */
export interface Slice {
  rooms: ParticipantRoom[]
  next: number | null
}

export type ReceiptReads = {
  ownReceipt(args: { room: string; user: string }): Receipt | null
  receiptSums(args: RoomArgs): ReceiptSums
  /** Null where there are more than `most`. */
  participantsIn(args: RoomArgs): Participant[] | null
  roomsOfUser(args: SliceArgs): Slice
}

/** Rooms that are looked at in one call: some milliseconds of the reading thread. */
const SLICE = 1_000

export function receiptReads(db: DatabaseSync): ReceiptReads {
  const sql = statements(db)
  const metaOf = (name: string): string => String(sql.meta.get({ name })?.value)

  /** A room that is not there has no participants, and the epoch of its first message. */
  const stand = (room: string) => {
    const found = sql.room.get({ room }) as typeof NO_ROOM | undefined
    const generation = found?.generation ?? Number(metaOf('generation'))
    return { ...(found ?? NO_ROOM), epoch: epochOf(metaOf('incarnation'), generation) }
  }

  return {
    ownReceipt(args) {
      const row = sql.own.get(args) as Receipt | undefined
      return row === undefined ? null : { ...row }
    },
    receiptSums({ room, most, now }) {
      const { id, participants, epoch } = stand(room)
      const least = (of: keyof typeof sql.least) => {
        if (participants > most) return null
        const rows = sql.least[of].all({ id, away: now - AWAY_AFTER_MS })
        return rows.map(({ value }) => Number(value))
      }
      const offsets = { joined: least('joined'), delivered: least('delivered') }
      return { epoch, participants, ...offsets, read: least('read') }
    },
    participantsIn({ room, most, now }) {
      const { id, participants } = stand(room)
      if (participants > most) return null
      const rows = sql.participants.all({ id, away: now - AWAY_AFTER_MS })
      return rows.map((row) => {
        const { readsPrivately, isAway, ...rest } = row as unknown as Participant
        return { ...rest, readsPrivately: Boolean(readsPrivately), isAway: Boolean(isAway) }
      })
    },
    roomsOfUser({ user, after, before, limit }) {
      const incarnation = metaOf('incarnation')
      const rows = sql.rooms.all({ user, after }) as unknown as RoomOfUser[]
      const rooms = rows
        .map(({ name: room, ...row }) => ({ room, ...row }))
        .filter((row) => row.room > '%' && isBehind(row, before))
        .sort(byTime)
        .slice(0, limit)
        .map(({ room, generation, newest: offset, delivered, read, time }) => {
          const head = { epoch: epochOf(incarnation, generation), offset }
          return { room, head, delivered, read, time }
        })
      return { rooms, next: rows.length < SLICE ? null : (rows.at(-1)?.id ?? null) }
    },
  }
}

const NO_ROOM = { id: 0, generation: 0, participants: 0 }

type RoomOfUser = RoomRow & Receipt & Pick<ParticipantRoom, 'time'>

function statements(db: DatabaseSync) {
  const least = (column: 'joined' | 'delivered' | 'read', more = '') =>
    db.prepare(`
      SELECT ${column} AS value FROM participants
      WHERE room = :id AND seen_at > :away ${more} ORDER BY ${column} LIMIT 2`)
  return {
    meta: db.prepare('SELECT value FROM meta WHERE name = :name'),
    room: db.prepare('SELECT id, generation, participants FROM rooms WHERE name = :room'),
    own: db.prepare(`
      SELECT own_delivered AS delivered, own_read AS read FROM participants
      WHERE room = (SELECT id FROM rooms WHERE name = :room) AND user = :user`),
    least: {
      joined: least('joined'),
      delivered: least('delivered'),
      read: least('read', 'AND reads_privately = 0'),
    },
    participants: db.prepare(`
      SELECT user, name, joined, delivered, read, reads_privately AS readsPrivately,
             seen_at <= :away AS isAway
      FROM participants WHERE room = :id ORDER BY user`),
    // The order is that of the index, so that a slice reads no more than its rows.
    rooms: db.prepare(`
      SELECT ${ROOM_COLUMNS.replace('name', 'rooms.name AS name')},
             own_delivered AS delivered, own_read AS read,
             coalesce((SELECT time FROM messages WHERE room = rooms.id
                       ORDER BY "offset" DESC LIMIT 1), came_at) AS time
      FROM participants JOIN rooms ON rooms.id = participants.room
      WHERE participants.user = :user AND participants.room > :after
      ORDER BY participants.room LIMIT ${SLICE}`),
  }
}
