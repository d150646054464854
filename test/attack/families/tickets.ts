// Tickets: raced, replayed, bent, shown by others and in the wrong places (S7, C22 to C26).

import { call } from '../../support/people.ts'
import { type Attack, attack, type Family } from '../attack.ts'
import type { Target } from '../target.ts'
import {
  closeWords,
  firstAnswer,
  type Headers,
  openSocket,
  pause,
  upgrade,
  upgradeBytes,
  wordsOf,
} from '../wire.ts'
import { issuing } from './ticket-orders.ts'
import { races } from './ticket-races.ts'

const ROOM = '/rooms/attack:tickets'
const PROTOCOL = 'Sec-WebSocket-Protocol'

export const tickets: Family = {
  title: 'tickets',
  parts: [races, bent, notForYou, misplaced, ended, issuing, notBurnt],
}

async function bent(target: Target): Promise<Attack[]> {
  const ticket = await target.ticket(target.victim)
  const flipped = [...ticket].flatMap((character, at) => {
    if (at < 3) return []
    const other = character === 'A' ? 'B' : 'A'
    return [`${ticket.slice(0, at)}${other}${ticket.slice(at + 1)}`]
  })
  const odd: Record<string, string> = {
    'upper-case prefix': ticket.replace('ut_', 'UT_'),
    'no prefix': ticket.slice(3),
    'with padding': `${ticket}%3D`,
    'with a space': `${ticket}%20`,
    'with NUL': `${ticket}%00`,
    'with a newline': `${ticket}%0A`,
    'cut short': ticket.slice(0, -1),
    'twice as long': ticket + ticket,
    empty: '',
    'only a prefix': 'ut_',
    'very long': `ut_${'A'.repeat(6_000)}`,
    'spare bits set': ticket.slice(0, -1) + twin(ticket.at(-1) ?? ''),
  }
  const show = (value: string) => target.upgraded(`${ROOM}?ticket=${value}`)
  return [
    attack(
      'every character changed, one at a time',
      `${flipped.length} forged tickets`,
      '401 ticket_invalid',
      async () => [...new Set(await Promise.all(flipped.map(show)))].join(', '),
    ),
    ...Object.entries(odd).map(([name, value]) =>
      attack(`a ticket ${name}`, value, '401 ticket_invalid', () => show(value)),
    ),
    attack('control: after all that it is still good', 'the ticket as it was', '101', () =>
      show(ticket),
    ),
  ]
}

/** Another last character that decodes to the same bytes in a careless decoder. */
function twin(character: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return alphabet[alphabet.indexOf(character) ^ 1] ?? 'A'
}

function notForYou(target: Target): Attack[] {
  const { victim, stranger } = target
  const open = async (body: object, path: string) =>
    target.upgraded(`${path}?ticket=${await target.ticket(stranger, body)}`)
  const personal = `/rooms/user:${victim.user}`
  return [
    refusedRoom('a ticket for one room in another', () => open({ rooms: ['attack:mine'] }, ROOM)),
    refusedRoom('a ticket for one room, name continued', () =>
      open({ rooms: ['attack:a'] }, '/rooms/attack:ab'),
    ),
    refusedRoom('a ticket for one room, other case', () =>
      open({ rooms: ['attack:a'] }, '/rooms/attack:A'),
    ),
    refusedRoom('any ticket in a personal room of another', () => open({}, personal)),
    refusedRoom('a ticket that names that personal room', () =>
      open({ rooms: [`user:${victim.user}`] }, personal),
    ),
    refusedRoom('a ticket that names a room without rule', () =>
      open({ rooms: ['nowhere'] }, '/rooms/nowhere'),
    ),
    refusedRoom('a ticket for all rooms where it must name it', () => open({}, '/rooms/locked:a')),
    attack(
      'refused for the room, it is not used up',
      'first another room, then its own',
      '403 forbidden, then 101',
      async () => {
        const ticket = await target.ticket(stranger, { rooms: ['attack:mine'] })
        const first = await target.upgraded(`${ROOM}?ticket=${ticket}`)
        return `${first}, then ${await target.upgraded(`/rooms/attack:mine?ticket=${ticket}`)}`
      },
    ),
  ]
}

function refusedRoom(name: string, run: () => Promise<string>): Attack {
  return attack(name, 'a ticket of a stranger', '403 forbidden', run)
}

type Misplaced = [name: string, path: string, headers: Headers, expected: string]

async function misplaced(target: Target): Promise<Attack[]> {
  const ticket = await target.ticket(target.victim)
  const trying = (cases: Misplaced[], words: (path: string, headers: Headers) => Promise<string>) =>
    cases.map(([name, path, headers, expected]) =>
      attack(`a ticket ${name}`, path, expected, () => words(path, headers)),
    )
  return [
    ...trying(inRequests(ticket), (path, headers) => target.words({ path, headers })),
    ...trying(inUpgrades(ticket), (path, headers) => target.upgraded(path, headers)),
    attack(
      'the server answers the protocol, not the ticket',
      'usher.ticket.… before usher.raw',
      '101 usher.raw',
      () => protocolChosen(target),
    ),
  ]
}

function inRequests(ticket: string): Misplaced[] {
  const bearer: Headers = [['Authorization', `Bearer ${ticket}`]]
  return [
    ['as bearer token', '/session', bearer, '401 unauthorized'],
    ['as cookie', '/session', [['Cookie', `usher=${ticket}`]], '401 unauthorized'],
    ['in the URL of a request', `/session?ticket=${ticket}`, [], '400 bad_request'],
    ['in the URL of a room without upgrade', `${ROOM}?ticket=${ticket}`, [], '400 bad_request'],
  ]
}

function inUpgrades(ticket: string): Misplaced[] {
  const offer = `usher.ticket.${ticket}`
  const bearer = (value: string): Headers => [['Authorization', `Bearer ${value}`]]
  const inUrl = `${ROOM}?ticket=${ticket}`
  return [
    ['twice in the URL', `${inUrl}&ticket=${ticket}`, [], '400 bad_request'],
    ['as token in the URL', `${ROOM}?token=${ticket}`, [], '400 bad_request'],
    ['alone as subprotocol', ROOM, [[PROTOCOL, offer]], '400 bad_request'],
    ['beside a protocol of others', ROOM, [[PROTOCOL, `${offer}, graphql-ws`]], '400 bad_request'],
    ['behind a wrong bearer token', inUrl, bearer('x'), '401 unauthorized'],
    ['as an array in the URL', `${ROOM}?ticket[]=${ticket}`, [], '400 bad_request'],
    ['as bearer token at the upgrade', ROOM, bearer(ticket), '401 unauthorized'],
  ]
}

async function protocolChosen(target: Target): Promise<string> {
  const ticket = await target.ticket(target.victim)
  const socket = openSocket(target.port)
  const offer: Headers = [[PROTOCOL, `usher.ticket.${ticket}, usher.raw`]]
  const answer = await firstAnswer(socket, upgradeBytes(ROOM, offer))
  socket.destroy()
  return `${wordsOf(answer)} ${answer?.headers.get('sec-websocket-protocol')}`
}

function ended(target: Target): Attack[] {
  return [
    attack(
      'past its time',
      'a ticket of one second after 1.2 s',
      '401 ticket_expired',
      async () => {
        const ticket = await target.ticket(target.victim, { ttl: 1 })
        await pause(1_200)
        return target.upgraded(`${ROOM}?ticket=${ticket}`)
      },
    ),
    attack(
      'of a session that was logged out',
      'ticket, DELETE /session, upgrade',
      '204, then 401 ticket_used, and the open one 3503 forced',
      () => afterLogOut(target),
    ),
  ]
}

async function afterLogOut(target: Target): Promise<string> {
  const guest = await target.newPerson()
  const open = await upgrade(target.url, `${ROOM}?ticket=${await target.ticket(guest)}`)
  const ticket = await target.ticket(guest)
  const { status } = await call(`${target.url}/session`, 'DELETE', { headers: guest.bearer })
  const words = await target.upgraded(`${ROOM}?ticket=${ticket}`)
  return `${status}, then ${words}, and the open one ${await closeWords(open)}`
}

/** What is refused for its form leaves the ticket good (C23). */
function notBurnt(target: Target): Attack[] {
  const malformed: [string, Headers][] = [
    ['a wrong version', [['Sec-WebSocket-Version', '12']]],
    ['a bad list of protocols', [[PROTOCOL, 'usher.raw, usher.raw']]],
  ]
  return malformed.map(([name, headers]) =>
    attack(
      `not used up by ${name}`,
      'malformed, then well-formed',
      '400 bad_request, then 101',
      async () => {
        const path = `${ROOM}?ticket=${await target.ticket(target.victim)}`
        const first = await target.upgraded(path, headers)
        return `${first}, then ${await target.upgraded(path)}`
      },
    ),
  )
}
