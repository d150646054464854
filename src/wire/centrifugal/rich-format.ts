// The formats of the Centrifugal protocol: each of its encodings in each of its framings.
import { UNREADABLE } from '../../protocol/command.ts'
import type { RoomEvent } from '../../protocol/event.ts'
import type { RichFormat } from '../wire-format.ts'
import type { Encoding } from './encoding.ts'
import type { Framing } from './framing.ts'
import { disconnectPush, presencePush, redactedPush, resultOf, unsubscribePush } from './results.ts'

export function richFormat(name: string, encoding: Encoding, frame: Framing): RichFormat {
  const { isBinary } = encoding

  function encode(event: RoomEvent): Buffer | null {
    if (event.type === 'message') return frame(encoding.publication(event.room, event.message))
    if (event.type !== 'redacted') return null
    return frame(encoding.reply({ push: redactedPush(event) }))
  }

  function encodeWithPresence(event: RoomEvent): Buffer | null {
    if (event.type !== 'joined' && event.type !== 'left') return encode(event)
    return frame(encoding.reply({ push: presencePush(event) }))
  }

  const format = {
    name,
    ping: frame(encoding.reply({})),
    replies: {
      // One function for all framings: what it makes is cached by it.
      item: encoding.item,
      reply: (id, reply) => frame(encoding.reply({ id, ...resultOf(reply) })),
    },
    encode,
    // A member that has lost its place is unsubscribed, and joins again.
    announce: (notice) =>
      notice.type === 'unsubscribed'
        ? frame(encoding.reply({ push: unsubscribePush(notice.room, notice) }))
        : null,
    decode: ({ payload, binary }) =>
      binary === isBinary && payload.length > 0 ? encoding.decode(payload) : [UNREADABLE],
  } satisfies Omit<RichFormat, 'withPresence' | 'disconnect'>

  return {
    ...format,
    withPresence: { ...format, name: `${name}-presence`, encode: encodeWithPresence },
    disconnect: (close) => frame(encoding.reply({ push: disconnectPush(close) })),
  }
}
