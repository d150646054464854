// The port that every engine implements: what is kept, what is shared, and how durable it is.
import { REPLY, Refusal } from '../protocol/errors.ts'
import type { Revocation } from '../protocol/identity.ts'
import type { AttemptStore } from './attempt-store.ts'
import type { AccountStore, RefreshStore, SessionStore, TicketStore } from './identity-store.ts'
import type { MessageLog, Retention } from './message-log.ts'
import type { PresenceStore } from './presence-store.ts'
import type { ReceiptStore } from './receipt-store.ts'
import type { Reached, Shares } from './shares.ts'
import type { Uplinks } from './uplinks.ts'
import type { UserStatusStore } from './user-status-store.ts'

/**
 * Tells every node which connections must end. A revocation changes no store: the session or the
 * user status behind the connections MUST have been changed before.
 */
export interface Revocations {
  /**
   * Resolves when the revocation is stored: from then on every node gets it, even if this one dies.
   */
  revoke(revocation: Revocation): Promise<void>
  /**
   * Calls `onRevoked` for each revocation within 2 s, on this node too, in the order in which they
   * were stored. A node that was away goes on after the last one that it was told. Calls `onGap`
   * where revocations may have been lost: which of the node's sessions and users were revoked is
   * then only to be found in the stores. Neither may throw. Returns how to stop.
   */
  follow(onRevoked: (revocation: Revocation) => void, onGap?: () => void): () => void
}

/** Called with the former id of this node, which is void, and with its present id. */
export type OnRenewed = (former: string, node: string) => void

/** What an acknowledgement survives: nothing, all but the last second of a crash, or all of it. */
export type Durability = 'memory' | 'second' | 'disk'

/** In bytes, as last measured; null where an engine does not know. */
export interface StorageUse {
  /** What the store has on disk, without what is free inside. */
  readonly bytes: number | null
  /** What is free on the store's volume. */
  readonly free: number | null
}

/** `reason` is a sentence for operators when the engine cannot serve. */
export type EngineHealth = { ready: true } | { ready: false; reason: string }

/**
 * An engine is one transaction boundary: a call makes its whole change or none. Every promise
 * rejects with EngineUnavailable when the engine cannot serve now.
 */
export interface Engine {
  readonly name: string
  /**
   * This node's id, of 8 to 32 letters and digits, that no other node has or had: ids that begin
   * with it are unique over nodes. It changes when the lease of this node lapsed, so it MUST be
   * read each time and not be kept.
   */
  readonly node: string
  /** How many other nodes had a lease when that was looked up last. */
  readonly otherNodes: number
  readonly durability: Durability
  readonly accounts: AccountStore
  readonly sessions: SessionStore
  readonly refreshTokens: RefreshStore
  readonly userStatus: UserStatusStore
  readonly attempts: AttemptStore
  readonly tickets: TicketStore
  readonly log: MessageLog
  readonly presence: PresenceStore
  readonly receipts: ReceiptStore
  readonly revocations: Revocations
  readonly uplinks: Uplinks
  readonly shares: Shares
  /** Not ready also while the store is full. */
  health(): EngineHealth
  readonly storage: StorageUse
  /**
   * Calls `onRenewed` after this node took another id because its lease had lapsed. The other nodes
   * have counted its connections as gone meanwhile; the engine itself enters them in `presence`
   * again. MUST NOT throw. Returns how to stop.
   */
  onRenewed(onRenewed: OnRenewed): () => void
  /** Calls that wait for an answer now. */
  readonly waiting: number
  /** Finishes accepted calls, then closes files and threads. May be called twice. */
  close(): Promise<void>
}

/** What the rules keep, so that they reach rooms in which nothing is said any more. */
export interface RoomRules {
  /** Rules with the same digest keep the same. */
  readonly digest: string
  /** How long any room keeps a message at most, in milliseconds; null without an end. */
  readonly keptMs: number | null
  /** What a room keeps, null for nothing; undefined where no rule is for it: it stays as it is. */
  retentionOf(room: string): Retention | null | undefined
}

/** Which engine to open, and where. */
export type EngineSettings =
  | { kind: 'sqlite'; folder: string; lockWaitMs: number }
  | { kind: 'redis'; url: string; prefix: string }
  | { kind: 'memory' }

/** What can be said of a store that this process does not serve. */
export interface StoreFacts {
  /** The version of its tables, and the one that this Usher brings it to. */
  readonly version: number
  readonly latest: number
  /** On disk, with its write-ahead log. */
  readonly bytes: number
  readonly rooms: number
  readonly accounts: number
}

/** Told once, with a sentence for operators, when an engine waits before it can open. */
export type OnWaiting = (sentence: string) => void

/** Whether a call changed something although it was refused. */
export type Outcome = 'nothing' | 'unknown'

const AWAY: Readonly<Record<Outcome, string>> = {
  nothing: 'The store is away: try again in a second.',
  unknown: 'The store does not answer, and may have kept it: try again, with the same key if any.',
}

/**
 * The engine cannot serve now, and a retry may succeed. Nothing was changed, unless `outcome` says
 * that it is unknown; when a thread or a link was lost before the answer came, it is unknown too.
 */
export class EngineUnavailable extends Error {
  /** Which bound of the engine was reached; null for any other trouble. */
  readonly full: Full | null
  readonly outcome: Outcome

  /** With `full` the message is for the client that asked, else for operators. */
  constructor(message: string, full: Full | null = null, outcome: Outcome = 'nothing') {
    super(message)
    this.name = 'EngineUnavailable'
    this.full = full
    this.outcome = outcome
  }

  /** How the client that asked is answered. */
  get refusal(): Refusal {
    if (this.full === null) return new Refusal(REPLY.unavailable, AWAY[this.outcome], 1)
    const { reply, retryAfter, limit } = this.full
    return new Refusal(reply, this.message, retryAfter, limit)
  }
}

/** Which bound of the engine was reached, and after how many seconds a retry may succeed. */
export type Full = Pick<Reached, 'limit' | 'reply' | 'retryAfter'>

/** The engine cannot be opened at all; `message` says what to do. Boot must stop. */
export class EngineRefused extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'EngineRefused'
  }
}
