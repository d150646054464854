// Applies rules to the rooms of a store, also to those in which nothing is said any more: after a
// change of the rules each room is looked at once, a portion at a time.
import type { RoomRules } from '../engine.ts'
import type { MessageReads } from './message-reads.ts'
import type { MessageWrites } from './message-writes.ts'
import type { Slice } from './periodic-job.ts'
import type { TrimSlice } from './retention-job.ts'
import { isSame } from './rooms.ts'
import type { SqliteThread } from './thread.ts'

/** Rooms of one portion: some milliseconds of the reading thread and of the event loop. */
const PORTION = 1_000
/** What is done before the engine is open; further portions and slices go on behind it. */
const PARTS_AT_BOOT = 100

export interface WalkParts {
  reader: Pick<SqliteThread<MessageReads>, 'call'>
  writer: Pick<SqliteThread<MessageWrites>, 'call'>
  rules: RoomRules | null
  slice: TrimSlice
}

export class RulesWalk {
  readonly #parts: WalkParts
  #isDone = false
  #isRead = false
  #isBegun = false
  #isPending = false
  #after = 0

  constructor(parts: WalkParts) {
    this.#parts = parts
    this.#isDone = parts.rules === null
  }

  /** Does the first parts of it, of most stores all. */
  async begin(): Promise<void> {
    const { reader, rules } = this.#parts
    if (this.#isDone || rules === null) return
    this.#isDone = (await reader.call('rulesInForce', undefined)) === rules.digest
    for (let part = 0; part < PARTS_AT_BOOT; part += 1) if (!(await this.goOn())) return
  }

  /** Does one part; false when all rules are in force. */
  readonly goOn: Slice = async () => {
    const { writer, rules, slice } = this.#parts
    if (this.#isDone || rules === null) return false
    // From now on no rules are in force in all rooms, also if this process dies.
    if (!this.#isBegun) await writer.call('noteRules', { digest: '' })
    this.#isBegun = true
    if (this.#isPending) this.#isPending = (await slice()).changes > 0
    else if (!this.#isRead) await this.#look(rules)
    else {
      await writer.call('noteRules', { digest: rules.digest })
      this.#isDone = true
    }
    return !this.#isDone
  }

  async #look(rules: RoomRules): Promise<void> {
    const { reader, writer } = this.#parts
    const rooms = await reader.call('retentionsAfter', { after: this.#after, limit: PORTION })
    const changes = rooms.flatMap(({ room, messages, ageMs }) => {
      const rule = rules.retentionOf(room)
      if (rule === undefined) return []
      const retention = rule ?? { messages: 0, ageMs: null }
      return isSame({ messages, ageMs }, retention) ? [] : { room, retention }
    })
    if (changes.length > 0) await writer.call('changeRetentions', changes)
    this.#isPending = changes.length > 0
    this.#after = rooms.at(-1)?.id ?? this.#after
    this.#isRead = rooms.length < PORTION
  }
}
