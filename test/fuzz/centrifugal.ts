// Frames of commands straight into the two decoders of the Centrifugal protocol: what a client may
// send with some bits changed, values of any form, and bytes of no form at all.
import fc, { type Arbitrary } from 'fast-check'
import { richFormatOf } from '../../src/wire/formats.ts'
import { COMMANDS } from '../wire/centrifugal/commands.ts'
import { anyText, anyValue, bent, changed, type Json, seldom } from './json.ts'

const json = richFormatOf('json', 'websocket')
const protobuf = richFormatOf('protobuf', 'websocket')

const lines = COMMANDS.map(({ json }) => json)
const messages = COMMANDS.map(({ protobuf }) => Buffer.from(protobuf, 'hex'))
const bytes = fc.uint8Array({ maxLength: 200 }).map((all) => Buffer.from(all))

/** One of its requests is changed, or the whole. */
const changedLine = fc.constantFrom(...lines).chain((line): Arbitrary<string> => {
  const whole: { [key: string]: Json } = JSON.parse(line)
  const inside = Object.keys(whole).find((name) => name !== 'id')
  const request = inside === undefined ? null : whole[inside]
  const isObject = typeof request === 'object' && request !== null && !Array.isArray(request)
  const one = isObject
    ? changed(request).map((value): Json => ({ ...whole, [inside as string]: value }))
    : changed(whole)
  return fc.oneof(one, changed(whole)).map((value) => JSON.stringify(value))
})

const oneLine = fc.oneof(
  fc.constantFrom(...lines),
  changedLine,
  anyValue.map((value) => JSON.stringify(value)),
  anyText,
)
const jsonFrame = fc.array(oneLine, { maxLength: 5 }).map((all) => Buffer.from(all.join('\n')))

/** Any field: a number of it, a form, and a value that may not fit. */
const anyField = fc
  .tuple(
    fc.nat({ max: 18 }),
    fc.nat({ max: 7 }),
    seldom(3, fc.nat({ max: 127 }), fc.constant(2)),
    bytes,
  )
  .map(([number, form, length, value]) => {
    return Buffer.concat([Buffer.from([number * 8 + form, length]), value.subarray(0, length)])
  })
const anyMessage = fc.array(anyField, { maxLength: 6 }).map((fields) => {
  const inside = Buffer.concat(fields)
  const [low, high] = [(inside.length & 127) | 128, inside.length >> 7]
  return Buffer.concat([Buffer.from([low, high]), inside])
})
const oneMessage = fc.oneof(
  fc.constantFrom(...messages),
  bent(fc.constantFrom(...messages)),
  anyMessage,
)
const protobufFrame = fc.array(oneMessage, { maxLength: 5 }).map((all) => Buffer.concat(all))

/** What a client may send in one frame, to both encodings. */
export const anyCommands: Arbitrary<Buffer> = fc.oneof(
  { weight: 4, arbitrary: seldom(3, bent(jsonFrame), jsonFrame) },
  { weight: 4, arbitrary: seldom(3, bent(protobufFrame), protobufFrame) },
  { weight: 1, arbitrary: bytes },
)

const IDS = { least: 1, most: 2 ** 32 - 1 }

/** What is wrong with how a frame is read; null for nothing. */
export function wrongCommands(payload: Buffer): string | null {
  return wrongIn(json, payload, false) ?? wrongIn(protobuf, payload, true)
}

function wrongIn(format: typeof json, payload: Buffer, binary: boolean): string | null {
  const commands = [...format.decode({ payload, binary })]
  const broken = commands.findIndex(({ type }) => type === 'unreadable')
  if (broken !== -1 && broken !== commands.length - 1) return 'a command after an unreadable one'
  if (commands.length === 0 || commands.length > payload.length + 1) return 'too few or too many'
  for (const command of commands) {
    if (!('id' in command)) continue
    const { id } = command
    const isId = Number.isInteger(id) && id >= IDS.least && id <= IDS.most
    if (!isId) return `${format.name}: the id ${id}`
    if ('room' in command && typeof command.room !== 'string') return 'a room that is no text'
  }
  const other = [...format.decode({ payload, binary: !binary })]
  return other.length === 1 && other[0]?.type === 'unreadable' ? null : 'a frame of another kind'
}
