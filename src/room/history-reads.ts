// Reads of a room's history for its members. What is redacted while a page is being read is not
// shown in that page: the engine may have read it before.
import type { MessageLog, Page, PageAsker, PageQuery, Retention } from '../engine/message-log.ts'
import { type Message, tombstoneOf } from '../protocol/message.ts'

export interface HistoryReadsParts {
  log: MessageLog
  room: string
  retention: Retention
}

/** A page that is being read. */
interface Running {
  /** Offsets that were redacted meanwhile; null while there are none. */
  redacted: Set<number> | null
  /** Users all of whose messages were redacted meanwhile; null while there are none. */
  users: Set<string> | null
  /** Whether the page has to be read again, whatever is in it. */
  isStale: boolean
}

export class HistoryReads {
  readonly #parts: HistoryReadsParts
  readonly #running = new Set<Running>()

  constructor(parts: HistoryReadsParts) {
    this.#parts = parts
  }

  async page(
    query: Pick<PageQuery, 'after' | 'order' | 'bytes' | 'limit'>,
    reader: Omit<PageAsker, 'queue'>,
  ): Promise<Page> {
    const { log, room, retention } = this.#parts
    const asker = { queue: 'replays', ...reader } as const
    for (;;) {
      const running: Running = { redacted: null, users: null, isStale: false }
      this.#running.add(running)
      try {
        const page = await log.read(room, { ...query, retention, before: null, asker })
        const mayShow = running.isStale || saysOf(page, running.users)
        if (!mayShow) return without(running.redacted, page)
      } finally {
        this.#running.delete(running)
      }
    }
  }

  /** The message at this offset is a tombstone now. */
  redacted(offset: number): void {
    for (const running of this.#running) {
      running.redacted ??= new Set()
      running.redacted.add(offset)
    }
  }

  /**
   * All that this user has said so far is redacted: pages that are being read and show something of
   * it are read again, since what is in them may be from before or after that.
   */
  userRedacted(user: string): void {
    for (const running of this.#running) {
      running.users ??= new Set()
      running.users.add(user)
    }
  }

  /** Pages that are being read may show what is gone: they are read again. */
  voidAll(): void {
    for (const running of this.#running) running.isStale = true
  }
}

function saysOf({ messages }: Page, users: ReadonlySet<string> | null): boolean {
  if (users === null) return false
  return messages.some(({ user, redacted }) => !redacted && user !== null && users.has(user))
}

function without(redacted: ReadonlySet<number> | null, page: Page): Page {
  if (redacted === null) return page
  const shown = (message: Message) =>
    redacted.has(message.offset) ? tombstoneOf(message) : message
  return { ...page, messages: page.messages.map(shown) }
}
