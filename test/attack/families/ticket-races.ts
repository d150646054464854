// One ticket, many at once: exactly one gets in, through whatever door the others come (S7, C22).
import { clientFrame, OPCODE } from '../../support/frames.ts'
import { type Attack, attack } from '../attack.ts'
import type { Target } from '../target.ts'
import { firstAnswer, type Headers, openSocket, pause, upgradeBytes, wordsOf } from '../wire.ts'

const ROOM = '/rooms/attack:tickets'
const PROTOCOL = 'Sec-WebSocket-Protocol'

/** Many at once with one ticket: how many were let in, and what all others were told. */
async function race(
  target: Target,
  count: number,
  request: (at: number) => Buffer,
): Promise<string> {
  const sockets = Array.from({ length: count }, (_, at) =>
    openSocket(target.port, `127.0.0.${2 + (at % 50)}`),
  )
  const answers = await Promise.all(sockets.map((socket, at) => firstAnswer(socket, request(at))))
  for (const socket of sockets) socket.destroy()
  const words = answers.map(wordsOf)
  const inside = words.filter((word) => word === '101').length
  const others = words.filter((word) => word !== '101')
  return `${inside} in, ${others.length} others: ${[...new Set(others)].sort().join(' and ')}`
}

// While fifty of them are being judged, the user has no further place: that is a refusal too.
const ONE_IN = /^1 in, 99 others: 401 ticket_used( and 429 too_many_requests)?$/

export function races(target: Target): Attack[] {
  return [
    ...hundreds(target),
    attack(
      '30 first messages at once with one ticket',
      '{"ticket": …} over 30 open connections',
      '1 in, 29 closed with 3500',
      () => firstMessageRace(target, 30),
    ),
    attack(
      'replayed after its connection has ended',
      'the same URL twice',
      '101, then 401 ticket_used',
      async () => {
        const path = `${ROOM}?ticket=${await target.ticket(target.victim)}`
        const first = await target.upgraded(path)
        return `${first}, then ${await target.upgraded(path)}`
      },
    ),
  ]
}

/** One ticket, shown in a hundred requests. */
type Showing = (ticket: string, at: number) => Buffer

const SHOWINGS: readonly (readonly [name: string, showing: Showing])[] = [
  ['into one room', (ticket) => upgradeBytes(`${ROOM}?ticket=${ticket}`)],
  ['into 100 rooms', (ticket, at) => upgradeBytes(`${ROOM}${at}?ticket=${ticket}`)],
  ['half in the URL and half as subprotocol', inUrlOrSubprotocol],
]

function inUrlOrSubprotocol(ticket: string, at: number): Buffer {
  const offer: Headers = [[PROTOCOL, `usher.raw, usher.ticket.${ticket}`]]
  return at % 2 === 0 ? upgradeBytes(`${ROOM}?ticket=${ticket}`) : upgradeBytes(ROOM, offer)
}

function hundreds(target: Target): Attack[] {
  return SHOWINGS.map(([name, showing]) =>
    attack(
      `100 at once with one ticket, ${name}`,
      '100 upgrades from 50 addresses',
      ONE_IN,
      async () => {
        const ticket = await target.ticket(target.victim)
        return race(target, 100, (at) => showing(ticket, at))
      },
    ),
  )
}

async function firstMessageRace(target: Target, count: number): Promise<string> {
  const ticket = await target.ticket(target.victim)
  const from = (at: number) => openSocket(target.port, `127.0.0.${2 + (at % 10)}`)
  const sockets = Array.from({ length: count }, (_, at) => from(at))
  await Promise.all(sockets.map((s) => firstAnswer(s, upgradeBytes(`${ROOM}?auth=message`))))
  const frame = clientFrame({ opcode: OPCODE.text, payload: JSON.stringify({ ticket }) })
  let closed = 0
  for (const socket of sockets) {
    socket.on('data', (chunk: Buffer) => {
      if (chunk[0] === 0x88 && chunk.readUInt16BE(2) === 3500) closed += 1
    })
    socket.write(frame)
  }
  for (let waited = 0; waited < 5_000 && closed < count - 1; waited += 20) await pause(20)
  await pause(100)
  for (const socket of sockets) socket.destroy()
  return `${count - closed} in, ${closed} closed with 3500`
}
