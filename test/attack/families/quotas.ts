// What one user may write in a day, and what the store may have: what is over is refused, over REST
// and over a WebSocket, and the others go on (S45).
import { OPCODE } from '../../support/frames.ts'
import { type Attack, attack, type Family } from '../attack.ts'
import { bearerHeaders, findTarget, posting, type Target } from '../target.ts'
import { type Answer, closeWords, openSocket, pause, upgrade, wordsOf } from '../wire.ts'

type Person = Target['victim']

const SOCKETS = 60
const TEXT = 'x'.repeat(5_000)
const FREE = { messagesPerSecond: null, bytesPerSecond: null }
const QUOTAS = { ...FREE, storedBytesPerDayPerUser: 50_000, newRoomsPerDayPerUser: 5 }

export const quotas: Family = { title: 'quotas', homes: ['alone'], parts: [ofUsers, ofStore] }

async function ofUsers({ short }: Target): Promise<Attack[]> {
  const limits = { ...QUOTAS, socketsPerAddress: SOCKETS }
  const target = await findTarget(short, 'alone', { limits })
  const { victim, stranger } = target
  return [
    attack('rooms of a day', 'ten of them', '5 of 10, 429 quota_reached 111', () =>
      sent(target, stranger, (n) => `kept:room${n}`, 'x'),
    ),
    attack('bytes of a day', '20 texts of 5 KB', /^(9|10) of 20, 429 quota_reached 111$/, () =>
      sent(target, stranger, () => 'kept:room0', TEXT, 20),
    ),
    attack('and over a WebSocket', 'one text more', '4500 quota reached', () =>
      said(target, stranger, 'kept:room0'),
    ),
    attack('another user goes on', 'a text', '1 of 1', () =>
      sent(target, victim, () => 'kept:room0', TEXT, 1),
    ),
    attack('and a room that keeps nothing has no quota', 'a text', '1 of 1', () =>
      sent(target, stranger, () => 'attack:room', TEXT, 1),
    ),
    attack('TCP connections of one address', `${3 * SOCKETS} of them`, WITHIN, () =>
      held(target, 3 * SOCKETS),
    ),
    ending(target),
  ]
}

const WITHIN = `at most ${SOCKETS} are held, others 200`

async function ofStore({ short }: Target): Promise<Attack[]> {
  const target = await findTarget(short, 'alone', { limits: { ...FREE, storeBytes: 400_000 } })
  const { victim } = target
  return [
    attack('a full store', '200 texts of 5 KB', '507 store_full 100', () => fill(target, victim)),
    attack('and over a WebSocket', 'one text more', /^3004 /, () =>
      said(target, victim, 'kept:full'),
    ),
    attack('what is kept can be read', 'a page', '200', () =>
      target.words({ path: '/rooms/kept:full/messages', headers: bearerHeaders(victim) }),
    ),
    ending(target),
  ]
}

function ending({ server }: Target): Attack {
  return attack('the server of these is ended', 'SIGTERM', 'ended', async () => {
    await server.stop()
    return 'ended'
  })
}

async function sent(
  target: Target,
  who: Person,
  room: (n: number) => string,
  text: string,
  count = 10,
): Promise<string> {
  const answers: Answer[] = []
  for (let n = 0; n < count; n += 1) {
    const path = `/rooms/${room(n)}/messages`
    answers.push(await target.ask(posting(path, bearerHeaders(who), text, 'text/plain')))
  }
  const refused = answers.filter(({ status }) => status !== 201)
  const refusals = new Set(refused.map(refusalWords))
  return [`${count - refused.length} of ${count}`, ...refusals].join(', ')
}

function refusalWords(answer: Answer): string {
  const again = answer.headers.has('retry-after') ? '' : ' for ever'
  return `${wordsOf(answer)} ${JSON.parse(answer.body || '{}').code}${again}`
}

async function said(target: Target, who: Person, room: string): Promise<string> {
  const { authorization } = who.bearer
  const client = await upgrade(target.url, `/rooms/${room}`, { Authorization: authorization })
  client.send({ opcode: OPCODE.text, payload: TEXT })
  return closeWords(client)
}

async function held(target: Target, count: number): Promise<string> {
  const before = target.server.program.openFiles()
  const sockets = Array.from({ length: count }, () => openSocket(target.port, '127.66.0.1'))
  // The refused ones may read their answer for a second.
  await pause(1_500)
  const files = target.server.program.openFiles() - before
  const words = await target.words({ path: '/health/live', from: '127.66.0.2' })
  for (const socket of sockets) socket.destroy()
  return `${files <= SOCKETS ? `at most ${SOCKETS}` : files} are held, others ${words}`
}

/** What the first refused text is answered; the store is looked at every two seconds. */
async function fill(target: Target, who: Person): Promise<string> {
  const deadline = performance.now() + 20_000
  while (performance.now() < deadline) {
    const words = await sent(target, who, () => 'kept:full', TEXT, 20)
    if (words !== '20 of 20') return words.replace(/^\d+ of 20, /, '')
    await pause(200)
  }
  return 'nothing was refused'
}
