// The Centrifugal client protocol as its SDKs speak it: connect and all subscribes in one frame,
// then publishes that are answered. Written by hand, so that no SDK is what is measured.
import type { Meaning, Speech, Wanted, Wrapping } from './speech.ts'

/** The id of a publish: SDKs count on, which is as many bytes. */
const PUBLISH_ID = 101

export function richJson(hasLines: boolean): Speech {
  return { opcode: 1, hasLines, hello, wrappings, meaningOf }
}

function hello({ rooms, token }: Wanted): Buffer {
  const connect = { id: 1, connect: { ...(token !== null && { token }), name: 'js' } }
  const subscribes = rooms.map((channel, at) => ({ id: 2 + at, subscribe: { channel } }))
  return Buffer.from([connect, ...subscribes].map((one) => JSON.stringify(one)).join('\n'))
}

function wrappings(rooms: readonly string[]): Wrapping[] {
  return rooms.map((room, at) => ({
    before: `${at > 0 ? '\n' : ''}{"id":${PUBLISH_ID},"publish":{"channel":"${room}","data":"`,
    after: '"}}',
  }))
}

function meaningOf(payload: Buffer, { rooms }: Wanted): Meaning {
  if (payload.length === 2) return payload
  const text = payload.toString('latin1')
  if (text.includes('"error"')) return 'refused'
  return text.includes(`"id":${1 + rooms.length},`) ? 'ready' : null
}

/** A field of Protobuf with bytes; all here are shorter than 16 KB. */
function field(number: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of((number << 3) | 2), lengthOf(bytes.length), bytes])
}

function lengthOf(length: number): Buffer {
  return length < 0x80 ? Buffer.of(length) : Buffer.of((length & 0x7f) | 0x80, length >> 7)
}

/** A command, behind its length. */
function command(id: number, request: number, fields: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat([Buffer.of(0x08, id), field(request, Buffer.concat(fields))])
  return Buffer.concat([lengthOf(body.length), body])
}

const REQUEST = { connect: 4, subscribe: 5, publish: 7 }
/** The first bytes of replies after their id: a subscribe result, and an error. */
const SUBSCRIBED = 0x32
const ERROR = 0x12

export const richProtobuf: Speech = {
  ...{ opcode: 2, hasLines: false },
  hello({ rooms, token }) {
    const named = [
      ...(token === null ? [] : [field(1, Buffer.from(token))]),
      field(4, Buffer.from('js')),
    ]
    const subscribes = rooms.map((room, at) =>
      command(2 + at, REQUEST.subscribe, [field(1, Buffer.from(room))]),
    )
    return Buffer.concat([command(1, REQUEST.connect, named), ...subscribes])
  },
  wrappings(rooms, size) {
    const payload = Buffer.alloc(size)
    return rooms.map((room) => {
      const data = field(2, payload)
      const whole = command(PUBLISH_ID, REQUEST.publish, [field(1, Buffer.from(room)), data])
      return { before: whole.toString('latin1', 0, whole.length - size), after: '' }
    })
  },
  meaningOf(payload, { rooms }) {
    if (payload.length === 1) return payload
    const last = 1 + rooms.length
    for (let id = 1; id <= last; id += 1) {
      if (payload.includes(Buffer.of(0x08, id, ERROR))) return 'refused'
    }
    return payload.includes(Buffer.of(0x08, last, SUBSCRIBED)) ? 'ready' : null
  },
}
