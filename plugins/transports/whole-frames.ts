// Reads messages that came in one frame before ws does, which takes several steps for each. All
// else is left to ws as it came: fragments, control frames, and what breaks a rule. This leans on
// what ws keeps private, so it is tried at boot; where this release of ws is not as expected, ws
// reads all (docs/decisions/0010-private-parts-tried-at-boot.md).
import { isUtf8 } from 'node:buffer'
import { Writable } from 'node:stream'
import * as library from 'ws'
import { headBytes, isText, payloadBytes, unmask } from './client-frames.ts'

/** What ws writes all to that comes in, as far as it is used here. */
interface Receiver extends Writable {
  /** 0 between frames. */
  readonly _state: number
  /** Of a frame that is not whole yet. */
  readonly _bufferedBytes: number
  /** The opcode of a message of which fragments are to follow, or 0. */
  readonly _fragmented: number
  /** 0 means that there is no limit. */
  _maxPayload: number
}

export type ReceiverClass = new (options: { isServer: true; maxPayload: number }) => Receiver

type Write = (chunk: Buffer) => boolean

/** For `readsAsExpected`: a part of a frame, its rest, and a fragment. */
const PART = [0x81]
const REST = [0x81, 0, 0, 0, 0, 0x61]
const FRAGMENT = [0x01, 0x80, 0, 0, 0, 0]

const { Receiver: TheReceiver } = library as { Receiver?: ReceiverClass }

/** Null where this release of ws is not as expected. */
const ReceiverOfWs = TheReceiver && readsAsExpected(TheReceiver) ? TheReceiver : null

const writeToWs = Writable.prototype.write as Write

/**
 * Lets the messages of a connection be read here. More bytes than `bytesMax` in one are a 1009 as
 * soon as they are announced, although the server takes larger ones over other connections. MUST
 * be called in the turn of the 101.
 */
export function readWholeFrames(ws: library.WebSocket, bytesMax: number): void {
  const { _receiver: receiver } = ws as unknown as { _receiver: unknown }
  // An application may bring its own @fastify/websocket, with another release of ws.
  if (ReceiverOfWs === null || !(receiver instanceof ReceiverOfWs)) return
  receiver._maxPayload = bytesMax
  receiver.write = writeWhole as Writable['write']
}

/** A receiver's `write`: ws gets what was not read here, in the order in which it came. */
function writeWhole(this: Receiver, chunk: Buffer): boolean {
  const read = isBetweenMessages(this) ? readMessages(this, chunk) : 0
  if (read === chunk.length) return true
  return writeToWs.call(this, read === 0 ? chunk : chunk.subarray(read))
}

function isBetweenMessages({ _state, _bufferedBytes, _fragmented }: Receiver): boolean {
  return _state === 0 && _bufferedBytes === 0 && _fragmented === 0
}

/** Emits the messages that a chunk begins with; returns how many bytes those were. */
function readMessages(receiver: Receiver, chunk: Buffer): number {
  const bytesMax = receiver._maxPayload > 0 ? receiver._maxPayload : Number.POSITIVE_INFINITY
  let at = 0
  while (at < chunk.length) {
    const head = headBytes(chunk, at)
    if (head === 0) break
    const length = payloadBytes(chunk, at, head)
    const start = at + head
    const end = start + length
    if (end > chunk.length || length > bytesMax) break
    unmask(chunk, start, end)
    const payload = chunk.subarray(start, end)
    const isBinary = !isText(chunk, at)
    if (!(isBinary || isUtf8(payload))) {
      // As it came: it is for ws to say so, and to close.
      unmask(chunk, start, end)
      break
    }
    receiver.emit('message', payload, isBinary)
    at = end
  }
  return at
}

/** Whether receivers read at once, and tell rightly when they are between messages. */
export function readsAsExpected(Receiver: ReceiverClass): boolean {
  try {
    const receiver = new Receiver({ isServer: true, maxPayload: 1 })
    const heard: string[] = []
    receiver.on('error', () => undefined)
    receiver.on('message', (payload, isBinary) => heard.push(`${payload} ${isBinary}`))
    const states = [[], PART, REST, FRAGMENT].map((bytes) => {
      receiver.write(Buffer.from(bytes))
      return isBetweenMessages(receiver)
    })
    const isHeard = heard.join() === 'a false' && receiver._maxPayload === 1
    return isHeard && states.join() === 'true,false,true,false'
  } catch {
    return false
  }
}
