// Messages of a room that one read brings, oldest first, as the room was when they were read.
import type { Message } from '../protocol/message.ts'
import type { Present } from './tail.ts'

export interface Stretch extends Present {
  /** Without a hole among them. */
  readonly messages: Message[]
}

/** Whether something after `at` was published and is no longer kept, or `at` is not yet reached. */
export function hasHole({ head, messages }: Stretch, at: number): boolean {
  if (messages.length === 0) return at !== head.offset
  return messages.some(({ offset }, index) => offset !== at + 1 + index)
}

/** The offset before the first message; `at`, if that is later. */
export function beginOf({ head, messages }: Stretch, at: number): number {
  return Math.max(at, (messages[0]?.offset ?? head.offset + 1) - 1)
}
