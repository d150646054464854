// Connections that have not said who they are: many of them, and wrong first messages of all kinds.

import { type ClientFrame, clientFrame, OPCODE } from '../../support/frames.ts'
import type { RawClient } from '../../support/raw-client.ts'
import type { Attack, Family } from '../attack.ts'
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
  attacks: (target) => [
    ...crowds(target),
    ...Object.entries(WRONG).map(([name, frames]) => showing(target, name, frames)),
    ...tooLarge(target),
    ...held(target),
    ...deadline(target),
  ],
}

/** Undecided connections are counted per address; clients of other addresses still get in. */
function crowds(target: Target): Attack[] {
  return [
    {
      name: '60 undecided from one address',
      sent: '60 upgrades with ?auth=message',
      expected: '20 in, 40 of 429 too_many_requests',
      run: () => crowd(target, Array(60).fill('127.66.0.1')),
    },
    {
      name: '90 undecided from three addresses',
      sent: '90 upgrades with ?auth=message',
      expected: '60 in, 30 of 429 too_many_requests',
      run: () =>
        crowd(
          target,
          Array.from({ length: 90 }, (_, at) => `127.66.1.${1 + (at % 3)}`),
        ),
    },
    {
      name: 'and their places come back',
      sent: '20 more from the same address',
      expected: '20 in',
      run: () => crowd(target, Array(20).fill('127.66.0.1')),
    },
    {
      name: '1,200 undecided from 80 addresses',
      sent: 'more than pendingConnections',
      expected: '1000 in, 200 of 503 unavailable',
      run: () =>
        crowd(
          target,
          Array.from({ length: 1_200 }, (_, at) => `127.66.2.${1 + (at % 80)}`),
        ),
    },
    {
      name: 'with a ticket one gets in all the same',
      sent: 'an upgrade with ticket while all undecided places are taken',
      expected: '101',
      run: () => besideCrowd(target),
    },
  ]
}

async function crowd(target: Target, addresses: readonly string[]): Promise<string> {
  const sockets = addresses.map((address) => openSocket(target.port, address))
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
  const sockets = Array.from({ length: 1_000 }, (_, at) =>
    openSocket(target.port, `127.66.3.${1 + (at % 50)}`),
  )
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

function showing(target: Target, name: string, frames: ClientFrame[], expected = INVALID): Attack {
  return {
    name: `first message: ${name}`,
    sent: String(frames[0]?.payload ?? ''),
    expected,
    run: async () => {
      const client = await upgrade(target.url, PATH)
      client.send(...frames)
      return closeWords(client)
    },
  }
}

function tooLarge(target: Target): Attack[] {
  const huge = 'x'.repeat(100_000)
  return [
    showing(target, 'over messageBytes', [{ opcode: text, payload: huge }], '1009 message too big'),
    showing(
      target,
      'invalid UTF-8',
      [{ opcode: text, payload: Buffer.from([0xff]) }],
      '1007 invalid UTF-8',
    ),
    showing(
      target,
      'unmasked',
      [{ opcode: text, payload: '{}', masked: false }],
      '1002 malformed frame',
    ),
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
    {
      name: '200 frames behind the first message',
      sent: 'all in one piece',
      expected: '3013 too many requests',
      run: async () => closeWords(await behind(many)),
    },
    {
      name: '120 KB behind the first message',
      sent: 'all in one piece',
      expected: '3013 too many requests',
      run: async () => closeWords(await behind(large)),
    },
  ]
}

/** Ten seconds are too long for the short form. */
function deadline(target: Target): Attack[] {
  if (target.short) return []
  const silent = (name: string, keep: (client: RawClient) => void): Attack => ({
    name: `first message: ${name}`,
    sent: name,
    expected: INVALID,
    run: async () => {
      const client = await upgrade(target.url, PATH)
      const timer = setInterval(() => keep(client), 500)
      const words = await closeWords(client, 14_000)
      clearInterval(timer)
      return words
    },
  })
  return [
    silent('never', () => undefined),
    silent('pings instead', (client) => client.send({ opcode: OPCODE.ping })),
    silent('fragments without end', (client) => client.send({ opcode: continuation, fin: false })),
  ].map((attack, at) => (at < 2 ? attack : { ...attack, expected: /^(3500|1002) / }))
}
