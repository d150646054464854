// Plain frames: a frame that a client sends is published as it is. The room is in the URL.
import type { Command } from '../protocol/command.ts'
import type { RoomEvent } from '../protocol/event.ts'
import { serverFrame } from './frame.ts'
import type { InboundFrame, WireFormat } from './wire-format.ts'

function encode(event: RoomEvent): Buffer | null {
  if (event.type !== 'message') return null
  const { kind, payload } = event.message
  return serverFrame(kind === 'binary' ? 2 : 1, payload)
}

function decode({ payload, binary }: InboundFrame): Command[] {
  return [{ type: 'publish', id: 0, room: null, kind: binary ? 'binary' : 'text', payload }]
}

/** A raw connection carries no position. */
const announce = (): null => null

export const raw: WireFormat = { name: 'raw', ping: null, replies: null, encode, announce, decode }
