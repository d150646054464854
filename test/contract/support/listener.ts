// A follower of a room that records its events.
import type { Engine } from '../../../src/engine/engine.ts'
import type { Follow, Follower } from '../../../src/engine/message-log.ts'
import type { Message, Position } from '../../../src/protocol/message.ts'

export class Listener implements Follower {
  readonly heard: Message[] = []
  /** Texts of messages, `redacted n` and `gap`, as they came. */
  readonly told: string[] = []

  gapAfter: Position | null = null

  get texts(): string[] {
    return this.heard.map(({ payload }) => payload.toString())
  }

  onMessage(message: Message): void {
    this.heard.push(message)
    this.told.push(message.payload.toString())
  }

  onRedacted(offset: number): void {
    this.told.push(`redacted ${offset}`)
  }

  onHidden(before: number): void {
    this.told.push(`hidden before ${before}`)
  }

  onUserRedacted(user: string): void {
    this.told.push(`redacted ${user}`)
  }

  onRecounted(): void {}

  onGap(after: Position): void {
    this.told.push('gap')
    this.gapAfter = after
  }
}

/** Follows a room on the node of that engine. */
export async function listen(
  { log }: Engine,
  room: string,
): Promise<{ listener: Listener; follow: Follow }> {
  const listener = new Listener()
  return { listener, follow: await log.follow(room, listener) }
}
