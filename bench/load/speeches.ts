// All ways to speak, by name.
import { richJson, richProtobuf } from './rich.ts'
import type { Speech, SpeechName } from './speech.ts'

const PLAIN: Speech = {
  ...{ opcode: 1, hasLines: false },
  hello: () => null,
  wrappings: () => [{ before: '', after: '' }],
  meaningOf: () => null,
}

/** Engine.IO: 0 opens, 2 is a ping; Socket.IO: 40 is the namespace. */
const SOCKET_IO: Speech = {
  ...{ opcode: 1, hasLines: false },
  hello: () => Buffer.alloc(0),
  wrappings: () => [{ before: '42["m","', after: '"]' }],
  meaningOf(payload) {
    const text = payload.toString('latin1')
    if (text.startsWith('0')) return Buffer.from('40')
    if (text === '2') return Buffer.from('3')
    return text.startsWith('40') ? 'ready' : null
  },
}

export const SPEECHES: Readonly<Record<SpeechName, Speech>> = {
  raw: PLAIN,
  'event stream': PLAIN,
  'socket.io': SOCKET_IO,
  'rich JSON': richJson(false),
  'rich JSON, joined': richJson(true),
  'rich Protobuf': richProtobuf,
}
