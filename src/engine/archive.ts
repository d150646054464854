// The port for moving a service to another store: all that must survive, as entries that one engine
// gives and another takes. Secrets are in them only hashed.
import type { Kind, Position } from '../protocol/message.ts'
import type { AccountRecord, RefreshRecord, SessionRecord } from './identity-store.ts'
import type { Retention } from './message-log.ts'
import type { UserStatus } from './user-status-store.ts'

/**
 * What a store makes the epochs of its rooms from, where it has one thing for all: an engine of
 * another kind makes nothing of it.
 */
export interface ArchivedStore {
  is: 'store'
  incarnation: string
  generation: number
}

export type ArchivedAccount = { is: 'account' } & AccountRecord

export type ArchivedStatus = { is: 'status'; user: string } & UserStatus

/** The name of an account that was removed; see `AccountStore.remove`. */
export interface ArchivedName {
  is: 'name'
  usernameKey: string
  user: string
  keptUntil: number
}

export type ArchivedSession = { is: 'session' } & Omit<SessionRecord, 'username'>

/** The tokens of a session come in their order: one that is good comes last. */
export type ArchivedToken = { is: 'token'; usedAt: number | null } & RefreshRecord

/** A room, and the position of its newest message; its messages come after it, in their order. */
export interface ArchivedRoom extends Position {
  is: 'room'
  room: string
  redactions: number
  /** What it keeps by its rule; null where the store did not know. */
  retention: Retention | null
}

export interface ArchivedMessage {
  is: 'message'
  offset: number
  time: number
  kind: Kind
  user: string | null
  name: string | null
  payload: Buffer
  /** When it was taken back, 0 where that is not known; null for a message that stands. */
  redactedAt: number | null
}

/** Who belongs to a room that came before, with both pairs of offsets; see `ReceiptStore`. */
export interface ArchivedParticipant {
  is: 'participant'
  room: string
  user: string
  name: string | null
  joined: number
  delivered: number
  read: number
  ownDelivered: number
  ownRead: number
  /** 1 or 0. */
  readsPrivately: number
  seenAt: number
  cameAt: number
}

export type ArchiveEntry =
  | ArchivedStore
  | ArchivedAccount
  | ArchivedStatus
  | ArchivedName
  | ArchivedSession
  | ArchivedToken
  | ArchivedRoom
  | ArchivedMessage
  | ArchivedParticipant

export type EntryKind = ArchiveEntry['is']

/**
 * Kinds that come in one part, in the order of the parts: an engine may rely on it that what an
 * entry is about came before.
 */
export const ENTRY_PARTS: readonly (readonly EntryKind[])[] = [
  ...[['store'], ['account'], ['status'], ['name']],
  ...[['session', 'token'], ['room', 'message'], ['participant']],
] as const

export interface ArchiveSource {
  /** For operators. */
  readonly name: string
  /**
   * Whether nothing can be written to the store while this is open. Else what is written afterwards
   * is not in the entries, and rooms MUST get new epochs where they go: the offsets that come next
   * may belong to other messages here.
   */
  readonly isAtRest: boolean
  /** All at one moment, in parts, and not more in memory than some of them. */
  entries(): AsyncIterable<ArchiveEntry> | Iterable<ArchiveEntry>
  /**
   * The entries are safe elsewhere. Their epochs go with them: where the store is used again, its
   * rooms have new ones.
   */
  handOver(): Promise<void>
  close(): Promise<void>
}

/** What the entries come from. */
export interface ArchiveOrigin {
  /** The digest of all entries: an import that was cut off is begun again with the same ones. */
  digest: string
  /** False where rooms MUST get new epochs; see `ArchiveSource.isAtRest`. */
  keepsEpochs: boolean
}

export interface ArchiveTarget {
  /** For operators. */
  readonly name: string
  /**
   * Takes all entries into a store that has nothing of the kind yet. Resolves when they are as
   * durable as a message; `keptEpochs` says whether a member that comes back may go on from its
   * position. @throws EngineRefused with a sentence that says what to do, and EntryRefused
   */
  take(
    entries: AsyncIterable<ArchiveEntry>,
    origin: ArchiveOrigin,
  ): Promise<{ keptEpochs: boolean }>
  close(): Promise<void>
}

/** An entry does not go with those before it. */
export class EntryRefused extends Error {
  readonly entry: ArchiveEntry

  constructor(entry: ArchiveEntry, message: string) {
    super(message)
    this.name = 'EntryRefused'
    this.entry = entry
  }
}
