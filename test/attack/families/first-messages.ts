// Connections that have not said who they are: many of them, and wrong first messages of all kinds.

import type { Socket } from 'node:net'
import { type ClientFrame, clientFrame, OPCODE } from '../../support/frames.ts'
import type { RawClient } from '../../support/raw-client.ts'
import { type Attack, attack, type Family } from '../attack.ts'
import type { Target } from '../target.ts'
import {
  closeWords,
  firstAnswer,
  openSocket,
  pause,
  upgrade,
  upgradeBytes,
  wordsOf,
} from '../wire.ts'

const PATH = '/rooms/attack:first?auth=message'
const INVALID = '3500 invalid credentials'
const { text, binary, continuation } = OPCODE

export const firstMessages: Family = {
  title: 'first-message',
  parts: [crowds, wrong, tooLarge, held, deadline],
}

/** Undecided connections are counted per address; clients of other addresses still get in. */
function crowds(target: Target): Attack[] {
  return [
    attack(
      '60 undecided from one address',
      '60 upgrades with ?auth=message',
      '20 in, 40 of 429 too_many_requests',
      () => crowd(target, 60, '127.66.0', 1),
    ),
    attack(
      '90 undecided from three addresses',
      '90 upgrades with ?auth=message',
      '60 in, 30 of 429 too_many_requests',
      () => crowd(target, 90, '127.66.1', 3),
    ),
    attack('and their places come back', '20 more from the same address', '20 in', () =>
      crowd(target, 20, '127.66.0', 1),
    ),
    attack(
      '1,200 undecided from 80 addresses',
      'more than pendingConnections: the oldest make room',
      '1200 in',
      () => crowd(target, 1_200, '127.66.2', 80),
    ),
    attack(
      'with a ticket one gets in all the same',
      'an upgrade with ticket while all undecided places are taken',
      '101',
      () => besideCrowd(target),
    ),
  ]
}

function socketsFrom(port: number, count: number, net: string, addresses: number): Socket[] {
  return Array.from({ length: count }, (_, at) =>
    openSocket(port, `${net}.${1 + (at % addresses)}`),
  )
}

async function crowd({ port }: Target, count: number, net: string, addresses: number) {
  const sockets = socketsFrom(port, count, net, addresses)
  const answers = await Promise.all(sockets.map((s) => firstAnswer(s, upgradeBytes(PATH))))
  const words = answers.map(wordsOf)
  const inside = words.filter((word) => word === '101').length
  const refused = words.filter((word) => word !== '101')
  for (const socket of sockets) socket.destroy()
  await pause(200)
  const kinds = [...new Set(refused)].join(' and ')
  return refused.length === 0 ? `${inside} in` : `${inside} in, ${refused.length} of ${kinds}`
}

async function besideCrowd(target: Target): Promise<string> {
  const sockets = socketsFrom(target.port, 1_000, '127.66.3', 50)
  await Promise.all(sockets.map((s) => firstAnswer(s, upgradeBytes(PATH))))
  const ticket = await target.ticket(target.victim)
  const client = await upgrade(target.url, `/rooms/attack:first?ticket=${ticket}`)
  const status = await client.status()
  for (const socket of [client.socket, ...sockets]) socket.destroy()
  await pause(200)
  return String(status)
}

const json = (value: string): ClientFrame[] => [{ opcode: text, payload: value }]

const WRONG: Record<string, ClientFrame[]> = {
  empty: json(''),
  'no JSON': json('{'),
  null: json('null'),
  'a number': json('1e999'),
  'an array': json('["ticket"]'),
  'an empty object': json('{}'),
  'ticket and token': json('{"ticket":"a","token":"b"}'),
  'ticket twice': json('{"ticket":"a","ticket":"b"}'),
  'ticket as number': json('{"ticket":1}'),
  'ticket as array': json('{"ticket":["a"]}'),
  'an unknown field': json('{"password":"a"}'),
  prototype: json('{"__proto__":{"ticket":"a"}}'),
  'prototype beside': json('{"__proto__":1,"ticket":"a"}'),
  constructor: json('{"constructor":"a"}'),
  'deep, 4 KB': json('['.repeat(2_000) + ']'.repeat(2_000)),
  'byte order mark': json('\ufeff{"ticket":"a"}'),
  'NUL behind': json('{"ticket":"a"}\0'),
  'two objects': json('{"ticket":"a"}{"ticket":"b"}'),
  '4,097 bytes': json(JSON.stringify({ token: 'x'.repeat(4_085) })),
  '60 KB': json(JSON.stringify({ token: 'x'.repeat(60_000) })),
  binary: [{ opcode: binary, payload: '{"ticket":"a"}' }],
  'in 100 fragments': [
    { opcode: text, payload: '{', fin: false },
    ...Array<ClientFrame>(98).fill({ opcode: continuation, payload: ' ', fin: false }),
    { opcode: continuation, payload: '}' },
  ],
}

function wrong(target: Target): Attack[] {
  return Object.entries(WRONG).map(([name, frames]) => showing(target, name, frames))
}

function showing(target: Target, name: string, frames: ClientFrame[], expected = INVALID): Attack {
  return attack(`first message: ${name}`, String(frames[0]?.payload ?? ''), expected, async () => {
    const client = await upgrade(target.url, PATH)
    client.send(...frames)
    return closeWords(client)
  })
}

function tooLarge(target: Target): Attack[] {
  const huge = 'x'.repeat(100_000)
  const noText = { opcode: text, payload: Buffer.from([0xff]) }
  const unmasked = { opcode: text, payload: '{}', masked: false }
  return [
    showing(target, 'over messageBytes', [{ opcode: text, payload: huge }], '1009 message too big'),
    showing(target, 'invalid UTF-8', [noText], '1007 invalid UTF-8'),
    showing(target, 'unmasked', [unmasked], '1002 malformed frame'),
  ]
}

/** What comes behind a good first message waits, and not without bound (C35). */
function held(target: Target): Attack[] {
  const behind = async (frames: readonly ClientFrame[]): Promise<RawClient> => {
    // A ticket is decided before the next piece is read; the session of a token is looked up.
    const token = target.stranger.bearer.authorization.replace('Bearer ', '')
    const client = await upgrade(target.url, PATH)
    const first = clientFrame({ opcode: text, payload: JSON.stringify({ token }) })
    client.socket.write(Buffer.concat([first, ...frames.map(clientFrame)]))
    return client
  }
  const many = Array<ClientFrame>(200).fill({ opcode: text, payload: 'x' })
  const large = Array<ClientFrame>(3).fill({ opcode: binary, payload: Buffer.alloc(40_000) })
  return [
    attack(
      '200 frames behind the first message',
      'all in one piece',
      '3013 too many requests',
      async () => closeWords(await behind(many)),
    ),
    attack(
      '120 KB behind the first message',
      'all in one piece',
      '3013 too many requests',
      async () => closeWords(await behind(large)),
    ),
  ]
}

/** Ten seconds are too long for the short form. */
function deadline(target: Target): Attack[] {
  if (target.short) return []
  const silent = (name: string, keep: (client: RawClient) => void): Attack =>
    attack(`first message: ${name}`, name, INVALID, async () => {
      const client = await upgrade(target.url, PATH)
      const timer = setInterval(() => keep(client), 500)
      const words = await closeWords(client, 14_000)
      clearInterval(timer)
      return words
    })
  return [
    silent('never', () => undefined),
    silent('pings instead', (client) => client.send({ opcode: OPCODE.ping })),
    silent('fragments without end', (client) => client.send({ opcode: continuation, fin: false })),
  ].map((attack, at) => (at < 2 ? attack : { ...attack, expected: /^(3500|1002) / }))
}
