// A wire format whose bytes are the payload between brackets. It counts its encodes.
import { type Command, UNREADABLE } from '../../src/protocol/command.ts'
import type { RoomEvent } from '../../src/protocol/event.ts'
import type { WireFormat } from '../../src/wire/wire-format.ts'

export class CountingFormat implements WireFormat {
  readonly name: string
  readonly ping = null
  readonly replies = null
  encodes = 0

  constructor(name = 'counting') {
    this.name = name
  }

  encode(event: RoomEvent): Buffer | null {
    if (event.type !== 'message') return null
    const { message } = event
    this.encodes += 1
    return Buffer.concat([Buffer.from('['), message.payload, Buffer.from(']')])
  }

  announce(): null {
    return null
  }

  decode(): Command[] {
    return [UNREADABLE]
  }
}
