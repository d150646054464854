// What an application answers when it is asked about a room: only `true` lets in, whatever is a
// promise of it, and a ticket binds to its rooms before the application is asked (S47, S48).
import { OPCODE } from '../../support/frames.ts'
import { type Attack, attack, type Family } from '../attack.ts'
import { ODD_ANSWERS } from '../host-users.ts'
import { bearerHeaders, KEY_HEADERS, posting, type Target } from '../target.ts'
import { closeWords, pause, upgrade } from '../wire.ts'

export const embedded: Family = {
  title: 'embedded',
  homes: ['prefix'],
  shortHomes: ['prefix'],
  parts: [answers, narrowed, sessions],
}

/** What each answer comes to, as [how it is refused over HTTP, how a connection ends]. */
function outcomeOf(answer: string): [http: string, close: string] | null {
  if (answer.startsWith('true')) return null
  if (/throw|reject/.test(answer)) return ['500 internal', '3004 internal error']
  return ['403 forbidden', '3507 permission denied']
}

function answers(target: Target): Attack[] {
  return ODD_ANSWERS.flatMap((answer) => {
    const refusal = outcomeOf(answer)
    const sent = `authorize answers ${answer}`
    const room = `${target.prefix}/rooms/odd:${answer}`
    const headers = bearerHeaders(target.stranger)
    return [
      attack(`a join: ${answer}`, sent, refusal?.[0] ?? '101', () =>
        target.upgraded(room, headers),
      ),
      attack(`a look: ${answer}`, sent, refusal?.[0] ?? '200', () =>
        target.words({ path: room, headers }),
      ),
      attack(`a publish over REST: ${answer}`, sent, refusal?.[0] ?? '201', () =>
        target.words(posting(`${room}/messages`, headers, '{}')),
      ),
      attack(`a publish over a WebSocket: ${answer}`, sent, refusal?.[1] ?? 'heard', () =>
        published(target, `odd:publish-${answer}`),
      ),
    ]
  })
}

async function published(target: Target, room: string): Promise<string> {
  const { authorization } = target.stranger.bearer
  const path = `${target.prefix}/rooms/${room}`
  const client = await upgrade(target.url, path, { Authorization: authorization })
  client.send({ opcode: OPCODE.text, payload: 'odd' })
  for (let waited = 0; waited < 3_000 && client.frames.length === 0; waited += 10) await pause(10)
  const said = client.frames.find(({ opcode }) => opcode === OPCODE.text)
  if (!said) return closeWords(client)
  client.socket.destroy()
  return 'heard'
}

/** The application lets its users into every room: it is the ticket that binds. */
function narrowed(target: Target): Attack[] {
  const { prefix, stranger } = target
  const personal = `user:${stranger.user}`
  const rooms = ['kept:own']
  const opens = async (body: object, room: string) =>
    target.upgraded(`${prefix}/rooms/${room}?ticket=${await target.ticket(stranger, body)}`)
  const byKey = async (room: string) => {
    const body = JSON.stringify({ user: stranger.user, rooms })
    const answer = await target.ask(posting(`${prefix}/tickets`, KEY_HEADERS, body))
    return target.upgraded(`${prefix}/rooms/${room}?ticket=${JSON.parse(answer.body).ticket}`)
  }
  const cases: [name: string, expected: string, run: () => Promise<string>][] = [
    ['control: its own room', '101', () => opens({ rooms }, 'kept:own')],
    ['control: all rooms, where it names none', '101', () => opens({}, 'kept:other')],
    ['another room', '403 forbidden', () => opens({ rooms }, 'kept:other')],
    ['a room about which the application says true', '403 forbidden', () => opens({ rooms }, YES)],
    ['the personal room', '403 forbidden', () => opens({ rooms }, personal)],
    ['control: the personal room, named', '101', () => opens({ rooms: [personal] }, personal)],
    ['another room, ordered by a server key', '403 forbidden', () => byKey('kept:other')],
    ['the personal room, ordered by a server key', '403 forbidden', () => byKey(personal)],
    ['control: its own room, ordered by a server key', '101', () => byKey('kept:own')],
  ]
  return cases.map(([name, expected, run]) =>
    attack(`a ticket for one room: ${name}`, 'a narrowed ticket', expected, run),
  )
}

const YES = 'odd:true'

function sessions(target: Target): Attack {
  return attack(
    'a ticket of a session of the application that has ended',
    'ticket, log-out, upgrade',
    /^a connection 3503 forced, the ticket 40[13] \w+$/,
    async () => {
      const guest = await target.newPerson()
      const path = async () =>
        `${target.prefix}/rooms/kept:own?ticket=${await target.ticket(guest)}`
      const open = await upgrade(target.url, await path())
      const late = await path()
      await target.ask({ method: 'POST', path: `/log-out/${guest.refreshToken}` })
      const words = await target.upgraded(late)
      return `a connection ${await closeWords(open)}, the ticket ${words}`
    },
  )
}
