// The operations of the reader thread for periodic work: they find what the writer is to do.
import type { DatabaseSync } from 'node:sqlite'
import { deletedRoomReads } from './deleted-rooms.ts'
import { releasedNameReads } from './released-names.ts'
import { userRedactionReads } from './user-redactions.ts'

export type JobReads = ReturnType<typeof releasedNameReads> &
  ReturnType<typeof deletedRoomReads> &
  ReturnType<typeof userRedactionReads>

export function jobReads(db: DatabaseSync): JobReads {
  return { ...releasedNameReads(db), ...deletedRoomReads(db), ...userRedactionReads(db) }
}
