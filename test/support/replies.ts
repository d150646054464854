// Replies of which a test can read what is in them.
import type { Message } from '../../src/protocol/message.ts'
import type { ReplyFormat } from '../../src/wire/wire-format.ts'

/** A message is its offset and a space, and as many bytes as its payload has in all. */
export const OFFSETS: ReplyFormat = {
  item: ({ offset, payload }: Message) => Buffer.from(`${offset} `.padEnd(payload.length)),
  reply: () => Buffer.alloc(0),
}

/** The offsets in items of OFFSETS. */
export function offsetsIn(items: readonly Buffer[]): number[] {
  return items.map((item) => Number(item.toString()))
}
