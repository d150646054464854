// One random WebSocket: a handshake that may be bent, a first message or frames of any kind, and at
// the end always a goodbye and the end of our half, so that the server must end it too.

import { type Headers, upgradeBytes } from '../attack/wire.ts'
import type { Dice } from '../support/dice.ts'
import { type ClientFrame, clientFrame, OPCODE } from '../support/frames.ts'
import { anyValue, bent, changed, textOf, writtenOf } from './json.ts'
import type { Credentials } from './requests.ts'

const OPCODES = [...Object.values(OPCODE), OPCODE.text, OPCODE.text, OPCODE.binary, 3, 11, 15]
const GOODBYE = clientFrame({ opcode: OPCODE.close, payload: Buffer.from([3, 232]) })

export function handshakeOf(dice: Dice, credentials: Credentials): Buffer {
  const kind = dice.below(3)
  if (kind === 0)
    return Buffer.concat([open('/rooms/fuzz:a?auth=message'), firstMessage(dice), GOODBYE])
  if (kind === 1) return Buffer.concat([open('/rooms/open:a'), framesOf(dice), GOODBYE])
  return oddHandshake(dice, credentials)
}

function open(path: string): Buffer {
  return upgradeBytes(path)
}

function firstMessage(dice: Dice): Buffer {
  if (dice.once(8)) return framesOf(dice)
  const good = dice.once(2) ? { ticket: 'ut_x' } : { token: 'a.b.c' }
  const value = dice.once(3) ? anyValue(dice) : changed(dice, good)
  return clientFrame({
    opcode: dice.once(12) ? OPCODE.binary : OPCODE.text,
    payload: writtenOf(dice, value),
  })
}

/** Some whole frames, some with wrong bits, and now and then bytes that are no frames. */
export function framesOf(dice: Dice): Buffer {
  const frames = Array.from({ length: 1 + dice.length(6) }, () => clientFrame(frameOf(dice)))
  const bytes = Buffer.concat(frames)
  return dice.once(4) ? bent(dice, bytes) : bytes
}

function frameOf(dice: Dice): ClientFrame {
  const payload = dice.once(2) ? Buffer.from(textOf(dice)) : dice.bytes(dice.length(400))
  const rare = dice.once(10)
  return {
    opcode: dice.pick(OPCODES),
    payload,
    fin: !dice.once(5),
    rsv: rare ? dice.below(8) : 0,
    masked: !rare || dice.once(2),
  }
}

const NAMES = [
  'Sec-WebSocket-Version',
  'Sec-WebSocket-Key',
  'Sec-WebSocket-Protocol',
  'Sec-WebSocket-Extensions',
  'Authorization',
  'Cookie',
  'Origin',
  'Sec-Fetch-Site',
  'Content-Type',
  'X-Forwarded-For',
]
const VALUES = [
  '13',
  '8',
  '',
  'usher.raw',
  'usher.raw, usher.ticket.ut_x',
  'usher.ticket.ut_x',
  ',',
  'permessage-deflate',
  'permessage-deflate; server_max_window_bits=99',
  'null',
  'Bearer x',
  'usher=x',
  'same-origin',
  'AAAA',
]
const PATHS = [
  '/rooms/fuzz:a',
  '/rooms/json:a',
  '/rooms/open:a',
  '/rooms/user:u_x',
  '/rooms/%00',
  '/rooms/..',
  '/session',
  '/',
  '/nowhere',
  '/rooms/fuzz:a/messages',
  '/connection/websocket',
  '/health/live',
  '/rooms/a$b',
]
const QUERIES = [
  'ticket=x',
  'ticket=',
  'ticket=a&ticket=b',
  'auth=message',
  'auth=x',
  'echo=0',
  'token=x',
  'replay=9',
]

function oddHandshake(dice: Dice, credentials: Credentials): Buffer {
  const headers: Headers = Array.from({ length: dice.length(4) }, () => [
    dice.pick(NAMES),
    valueIn(dice),
  ])
  const own: Headers = dice.once(3) ? [['Authorization', `Bearer ${credentials.token}`]] : []
  const path = `${dice.pick(PATHS)}${dice.once(2) ? `?${dice.pick(QUERIES)}` : ''}`
  const bytes = upgradeBytes(path, [...own, ...headers])
  const behind = dice.once(2) ? framesOf(dice) : Buffer.alloc(0)
  return Buffer.concat([dice.once(4) ? bent(dice, bytes) : bytes, behind, GOODBYE])
}

function valueIn(dice: Dice): string {
  return dice.once(3) ? dice.bytes(dice.length(40)).toString('base64') : dice.pick(VALUES)
}
