// The log that both nodes of the toy engine share: what is kept of each room, and what its
// followers hear of it.
import * as memory from '../../src/engine/memory/idempotency-keys.ts'
import type * as log from '../../src/engine/message-log.ts'
import type { Shares } from '../../src/engine/shares.ts'
import { type Draft, type Message, type Position, tombstoneOf } from '../../src/protocol/message.ts'
import { systemClock } from '../../src/time/system-clock.ts'
import type { ToyRoom } from './toy-pages.ts'

export type News =
  | { message: Message }
  | { redacted: number }
  | { redactedUser: string }
  | { deleted: Position }

export class ToyLog {
  readonly #rooms = new Map<string, ToyRoom>()
  readonly #keys: memory.IdempotencyKeys
  readonly #tell: (room: string, news: News) => void
  /** Called for each message that is kept, with who wrote it themselves. */
  onKept: (room: string, author: string | null) => void = () => {}
  onDeleted: (room: string) => void = () => {}
  #userRedactions = 0
  #deleted = 0

  constructor(shares: Shares, tell: (room: string, news: News) => void) {
    this.#keys = new memory.IdempotencyKeys(systemClock, shares)
    this.#tell = tell
  }

  of(name: string): ToyRoom {
    const { epoch, messages } = this.#rooms.get(name) ?? this.#newRoom()
    return { epoch, messages, userRedactions: this.#userRedactions }
  }

  /** A room without messages. */
  begin(name: string): void {
    if (!this.#rooms.has(name)) this.#rooms.set(name, this.#newRoom())
  }

  append(name: string, draft: Draft, options: log.AppendOptions): log.Appended {
    const { retention, key, holder, author = null } = options
    const room = this.#rooms.get(name) ?? this.#newRoom()
    const { epoch, messages } = room
    const position = retention && { epoch, offset: messages.length + 1 }
    const answer = { position, time: systemClock.now(), repeated: false }
    if (key !== null) {
      const named = { room: name, key: memory.keyName(name, key) }
      const use = { ...named, fingerprint: memory.fingerprintOf(draft), answer, holder }
      const first = this.#keys.answerOf(use)
      if (first.repeated) return first
    }
    const message = { ...draft, ...(position ?? { epoch: null, offset: 0 }), time: answer.time }
    if (position) this.#rooms.set(name, { ...room, messages: [...messages, message] })
    if (position) this.onKept(name, author)
    this.#tell(name, { message })
    return answer
  }

  redact(name: string, offset: number, epoch?: string): boolean {
    const { messages } = this.of(name)
    const message = messages[offset - 1]
    if (!message || message.redacted) return false
    if (epoch !== undefined && message.epoch !== epoch) return false
    messages[offset - 1] = tombstoneOf(message)
    this.#tell(name, { redacted: offset })
    return true
  }

  redactUser(user: string): void {
    this.#userRedactions += 1
    for (const [name, { messages }] of this.#rooms) {
      for (const [index, message] of messages.entries()) {
        if (message.user === user) messages[index] = tombstoneOf(message)
      }
      this.#tell(name, { redactedUser: user })
    }
  }

  list({ after, limit }: log.RoomQuery): log.KeptRoom[] {
    const names = [...this.#rooms.keys()].filter((name) => name > (after ?? '')).sort()
    return names.slice(0, limit).map((room) => {
      const { epoch, messages } = this.of(room)
      return { room, head: { epoch, offset: messages.length } }
    })
  }

  deleteRoom(name: string): boolean {
    this.#keys.forgetRoom(name)
    const room = this.#rooms.get(name)
    if (room === undefined) return false
    this.#rooms.delete(name)
    this.#deleted += 1
    this.onDeleted(name)
    this.#tell(name, { deleted: { epoch: room.epoch, offset: room.messages.length } })
    return true
  }

  #newRoom(): ToyRoom {
    return { epoch: `toy.${this.#deleted}`, messages: [], userRedactions: 0 }
  }
}
