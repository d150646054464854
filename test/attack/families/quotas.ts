// What one user may write in a day: what is over is refused, over REST and over a WebSocket, and
// the others go on (S45).
import { OPCODE } from '../../support/frames.ts'
import { type Attack, attack, type Family } from '../attack.ts'
import { bearerHeaders, findTarget, posting, type Target } from '../target.ts'
import { type Answer, closeWords, upgrade, wordsOf } from '../wire.ts'

type Person = Target['victim']

const TEXT = 'x'.repeat(5_000)
const QUOTAS = {
  ...{ messagesPerSecond: null, bytesPerSecond: null },
  ...{ storedBytesPerDayPerUser: 50_000, newRoomsPerDayPerUser: 5 },
}

export const quotas: Family = { title: 'quotas', homes: ['alone'], parts: [ofUsers] }

async function ofUsers({ short }: Target): Promise<Attack[]> {
  const target = await findTarget(short, 'alone', { limits: QUOTAS })
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
