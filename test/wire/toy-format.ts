// A wire format with replies, made for tests: lines of text that begin with the id of a command.
// It shows that such a format is one file, and needs no change in src/room or src/connection.
import { type Command, UNREADABLE } from '../../src/protocol/command.ts'
import type { Notice, RoomEvent } from '../../src/protocol/event.ts'
import type { Message } from '../../src/protocol/message.ts'
import type { Reply } from '../../src/protocol/reply.ts'
import { serverFrame } from '../../src/wire/frame.ts'
import type { InboundFrame, ReplyFormat, WireFormat } from '../../src/wire/wire-format.ts'

const text = (line: string): Buffer => serverFrame(1, Buffer.from(line))

function item({ offset, kind, payload }: Message): Buffer {
  const data = payload.toString(kind === 'binary' ? 'base64' : 'utf8')
  return Buffer.from(`${offset} ${JSON.stringify(data)}`)
}

function encode(event: RoomEvent): Buffer {
  if (event.type === 'redacted') return text(`${event.room} redacted ${event.offset}`)
  if (event.type !== 'message')
    return text(`${event.room} ${event.type} ${event.client.connection}`)
  return text(`${event.room} said ${item(event.message)}`)
}

function announce(notice: Notice): Buffer {
  const what = 'position' in notice ? JSON.stringify(notice.position) : notice.code
  return text(`${notice.room} ${notice.type} ${what}`)
}

const replies: ReplyFormat = {
  item,
  reply(id, reply: Reply) {
    switch (reply.type) {
      case 'published':
        return text(`${id} ${reply.position?.offset ?? 'sent'}`)
      case 'joined':
        return text([`${id} joined ${reply.recovered}`, ...reply.items].join('\n'))
      case 'history':
        return text([`${id} history`, ...reply.items].join('\n'))
      case 'failed':
        return text(`${id} ${reply.code.code} ${reply.message}`)
      default:
        return text(`${id} ${reply.type}`)
    }
  },
}

/** Lines of `<id> <room> <text>`. */
function decode({ payload, binary }: InboundFrame): Command[] {
  if (binary) return [UNREADABLE]
  const commands: Command[] = []
  for (const line of payload.toString().split('\n')) {
    const [, id, room, said] = /^([1-9]\d{0,8}) (\S+) (.*)$/.exec(line) ?? []
    if (room === undefined || said === undefined) return [...commands, UNREADABLE]
    const data = { kind: 'text', payload: Buffer.from(said) } as const
    commands.push({ type: 'publish', id: Number(id), room, ...data })
  }
  return commands
}

export const toy: WireFormat = {
  ...{ name: 'toy', ping: text('?'), replies },
  ...{ encode, announce, decode },
}
