// Tickets that a user asks for and must not get: for others, for too long, for odd rooms.
import { type Attack, attack } from '../attack.ts'
import { bearerHeaders, KEY_HEADERS, posting, type Target } from '../target.ts'
import type { Headers } from '../wire.ts'

const BAD = '400 bad_request'
const CONTROL_CHARACTERS = { user: 'a\u0000b' }
const MUCH_INFO = { user: 'u1', info: { a: 'x'.repeat(3_000) } }

type Order = [name: string, body: object | string, expected: string]

export function issuing(target: Target): Attack[] {
  return [
    ...ordering(target, 'by a user', bearerHeaders(target.stranger), byUser(target)),
    ...ordering(target, 'with a server key', KEY_HEADERS, [
      ['for nobody', {}, BAD],
      ['for a user in control characters', CONTROL_CHARACTERS, BAD],
      ['with much info', MUCH_INFO, BAD],
    ]),
    ...ordering(target, 'by nobody', [], [['at all', {}, '401 unauthorized']]),
  ]
}

function byUser({ victim }: Target): Order[] {
  return [
    ['for another user', { user: victim.user }, '403 forbidden'],
    ['with info', { info: { admin: true } }, '403 forbidden'],
    ['with connectionTtl', { connectionTtl: 999 }, '403 forbidden'],
    ['with ttl 31', { ttl: 31 }, BAD],
    ['with ttl -1', { ttl: -1 }, BAD],
    ['with ttl as text', { ttl: '30' }, BAD],
    ['with ttl 1e400', '{"ttl":1e400}', BAD],
    ['for a room of ours', { rooms: ['attack:a$receipts'] }, BAD],
    ['for a pattern', { rooms: ['attack:*'] }, BAD],
    ['for no rooms', { rooms: [] }, BAD],
    ['for 129 rooms', { rooms: Array.from({ length: 129 }, (_, at) => `r${at}`) }, BAD],
  ]
}

function ordering(target: Target, by: string, who: Headers, orders: Order[]): Attack[] {
  return orders.map(([name, order, expected]) => {
    const body = typeof order === 'string' ? order : JSON.stringify(order)
    const ask = posting('/tickets', who, body)
    const run = () => target.words(ask)
    return attack(`POST /tickets ${by} ${name}`, body, expected, run)
  })
}
