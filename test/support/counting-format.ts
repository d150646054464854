// A wire format whose bytes are the payload between brackets, and that counts its work.
import type { MessageEvent } from '../../src/protocol/event.ts'
import type { WireFormat } from '../../src/wire/wire-format.ts'

export class CountingFormat implements WireFormat {
  readonly name: string
  encodes = 0

  constructor(name = 'counting') {
    this.name = name
  }

  encode({ message }: MessageEvent): Buffer {
    this.encodes += 1
    return Buffer.concat([Buffer.from('['), message.payload, Buffer.from(']')])
  }

  announce(): null {
    return null
  }

  decode(): null {
    return null
  }
}
