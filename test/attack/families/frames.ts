// WebSocket frames by the book and against it (RFC 6455 section 5): the sender alone is closed.

import { type ClientFrame, clientFrame, OPCODE } from '../../support/frames.ts'
import { MALFORMED } from '../../support/malformed-frames.ts'
import type { RawClient } from '../../support/raw-client.ts'
import { until } from '../../support/until.ts'
import { type Attack, attack, type Family } from '../attack.ts'
import type { Target } from '../target.ts'
import { closeWords, pause, upgrade, within } from '../wire.ts'

const { continuation, text, binary, close, ping, pong } = OPCODE
const CLOSED = { 1002: '1002 malformed frame', 1007: '1007 invalid UTF-8' } as const
const TOO_BIG = '1009 message too big'
const TOO_MANY = '3013 too many requests'
const TOO_MANY_FRAGMENTS = '1008 too many fragments'

export const frames: Family = {
  title: 'frames',
  parts: [inFrames, raw, floods, undisturbed],
}

async function member(target: Target, room = 'attack:frames'): Promise<RawClient> {
  const ticket = await target.ticket(target.stranger)
  return upgrade(target.url, `/rooms/${room}?ticket=${ticket}`)
}

type Case = [name: string, frames: ClientFrame[], expected: string]

function malformed(): Case[] {
  return MALFORMED.map(({ name, frames, code }) => [name, [...frames], CLOSED[code]])
}

const begun = (payload: string): ClientFrame => ({ opcode: text, payload, fin: false })

function fragments(count: number, payload: string): ClientFrame[] {
  return Array(count).fill({ opcode: continuation, payload, fin: false })
}

function tooMuch(): Case[] {
  const half = 'x'.repeat(40_000)
  const large = 'x'.repeat(60_000)
  return [
    ['one byte over messageBytes', [{ opcode: text, payload: 'x'.repeat(65_537) }], TOO_BIG],
    ['one megabyte', [{ opcode: binary, payload: 'x'.repeat(1_000_000) }], TOO_BIG],
    ['over it in two fragments', [begun(half), { opcode: continuation, payload: half }], TOO_BIG],
    ['a thousand empty fragments', [begun(''), ...fragments(1_000, '')], TOO_MANY_FRAGMENTS],
    ['200 fragments of a byte', [begun('x'), ...fragments(200, 'x')], TOO_MANY_FRAGMENTS],
    ['500 messages at once', Array(500).fill({ opcode: text, payload: 'x' }), TOO_MANY],
    ['10 times 60 KB at once', Array(10).fill({ opcode: binary, payload: large }), TOO_MANY],
  ]
}

function inFrames(target: Target): Attack[] {
  return [...malformed(), ...tooMuch()].map(([name, all, expected]) =>
    attack(name, `${all.length} frames`, expected, async () => {
      const client = await member(target)
      client.send(...all)
      return closeWords(client)
    }),
  )
}

/** Lengths that no writer of frames would write. */
function raw(target: Target): Attack[] {
  const mask = [1, 2, 3, 4]
  const cases: [string, number[], RegExp][] = [
    ['a length of 2^63', [0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, ...mask], /^100[29] /],
    ['a length of 2^63 - 1', [0x82, 0xff, 0x7f, ...Array(7).fill(255), ...mask], /^1009 /],
    ['a length of 2^53', [0x82, 0xff, 0, 0x20, 0, 0, 0, 0, 0, 0, ...mask], /^1009 /],
    ['a length of 4 GB', [0x82, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, ...mask], /^1009 /],
    ['a length of 65,537', [0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 1, ...mask], /^1009 /],
    ['a ping with a long length', [0x89, 0xfe, 0, 200, ...mask], /^1002 /],
    ['HTTP again', [...Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')], /^1002 /],
    ['TLS hello', [0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3], /^1002 /],
  ]
  return cases.map(([name, bytes, expected]) =>
    attack(name, Buffer.from(bytes).toString('hex'), expected, async () => {
      const client = await member(target)
      client.socket.write(Buffer.from(bytes))
      return closeWords(client)
    }),
  )
}

/** Control frames cost us answers: who does not read them is cut, and memory stays where it was. */
function floods(target: Target): Attack[] {
  const count = target.short ? 60_000 : 1_000_000
  const control = (opcode: number) => async () => {
    const before = target.server.program.rssMiB()
    const client = await member(target)
    client.socket.pause()
    const frame = clientFrame({ opcode, payload: 'x'.repeat(100) })
    const block = Buffer.concat(Array(1_000).fill(frame))
    let written = 0
    for (; written < count && !client.socket.destroyed; written += 1_000) {
      if (!client.socket.write(block)) await within(300, drained(client), undefined)
    }
    await pause(200)
    const grown = target.server.program.rssMiB() - before
    client.socket.resume()
    client.socket.destroy()
    return grown < 64 ? 'memory stays' : `memory grew by ${grown} MiB`
  }
  return [
    attack(`${count} pings, answers not read`, 'pings of 100 bytes', 'memory stays', control(ping)),
    attack(`${count} pongs without a ping`, 'pongs of 100 bytes', 'memory stays', control(pong)),
    attack(
      'frames behind a close are not heard',
      'close and text in one piece',
      '1000, heard by nobody',
      () => afterClose(target),
    ),
    attack(
      'a client that does not read is cut, in bounded memory',
      'a member that stops reading while others talk',
      'cut, memory stays',
      () => deafMember(target),
    ),
  ]
}

function drained({ socket }: RawClient): Promise<void> {
  return new Promise((resolve) => {
    socket.once('drain', resolve)
    socket.once('close', () => resolve())
  })
}

async function afterClose(target: Target): Promise<string> {
  const listener = await member(target)
  const client = await member(target)
  client.send({ opcode: close, payload: Buffer.from([3, 232]) }, { opcode: text, payload: 'late' })
  const words = await closeWords(client)
  await pause(200)
  const heard = listener.frames.filter(({ opcode }) => opcode === text)
  listener.socket.destroy()
  return `${words}, heard by ${heard.length === 0 ? 'nobody' : heard.length}`
}

/** 3 MiB at 200 KB/s per talker: four talkers take some seconds. */
async function deafMember(target: Target): Promise<string> {
  const room = 'open:deaf'
  const deaf = await member(target, room)
  deaf.socket.pause()
  const before = target.server.program.rssMiB()
  const talkers = await Promise.all(
    Array.from({ length: 12 }, () => upgrade(target.url, `/rooms/${room}`)),
  )
  let cut = false
  for (let turn = 0; turn < 60 && !cut; turn += 1) {
    for (const talker of talkers) talker.send({ opcode: binary, payload: Buffer.alloc(60_000) })
    await pause(300)
    cut = target.server.program.output.includes('slow reader')
  }
  const grown = target.server.program.rssMiB() - before
  for (const { socket } of [deaf, ...talkers]) socket.destroy()
  return `${cut ? 'cut' : 'not cut'}, memory ${grown < 32 ? 'stays' : `grew by ${grown} MiB`}`
}

/** A member of the same room notices nothing of all that. */
function undisturbed(target: Target): Attack {
  return attack(
    'after all that the room talks',
    'a text between two members',
    'hello',
    async () => {
      const [one, two] = [await member(target), await member(target)]
      one.send({ opcode: text, payload: 'hello' })
      const heard = until(() => two.frames.length > 0)
      await within(2_000, heard, undefined)
      for (const { socket } of [one, two]) socket.destroy()
      return two.frames[0]?.payload.toString() ?? 'nothing'
    },
  )
}
