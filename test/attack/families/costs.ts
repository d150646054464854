// What a stranger, or one user, can take: forty connections of a kind, whose memory and descriptors
// are measured as slopes, and whether a hundred innocent members notice (S41 to S44).
import { type Attack, attack, type Family } from '../attack.ts'
import { allRequests } from '../routes.ts'
import type { Assault } from '../scene/assault.ts'
import { costWords, sceneWords } from '../scene/figures.ts'
import { costOf, play } from '../scene/scene.ts'
import { HOMES, type Target } from '../target.ts'
import { KINDS } from './cost-kinds.ts'

const RUNS = 3
const CONNECTIONS = 40
const PIPELINED = { bytes: 64_000, mode: 'unread' } as const
const EXPECTED = /^within bounds: /

export const costs: Family = { title: 'costs', parts: [everyKind] }
export const everyPath: Family = {
  title: 'every-path',
  homes: HOMES,
  parts: [pipelined],
}

function everyKind({ home, short }: Target): Attack[] {
  const kinds = KINDS.filter(({ inShort = false }) => inShort || !short)
  return kinds.map(({ name, assault }) => {
    const scene = { home, short, connections: CONNECTIONS, assault }
    return attack(name, `${CONNECTIONS} connections beside 100 members`, EXPECTED, () =>
      medianOf(async () => sceneWords(await play(scene), !short), short ? 1 : RUNS),
    )
  })
}

/** What most of the runs come to: where the first ones agree, the others would change nothing. */
async function medianOf(run: () => Promise<string>, runs: number): Promise<string> {
  const good: string[] = []
  const wrong: string[] = []
  while (Math.max(good.length, wrong.length) < runs / 2) {
    const words = await run()
    if (EXPECTED.test(words)) good.push(words)
    else wrong.push(words)
  }
  return (good.length > wrong.length ? good : wrong).join('; ')
}

/** Each path by itself where there is time, else one connection for each of them. */
async function pipelined({ home, short, prefix }: Target): Promise<Attack[]> {
  const asks = (await allRequests(prefix)).map(({ body, ...ask }) => {
    return body === undefined ? ask : { ...ask, body: String(body) }
  })
  const all = { connections: asks.length, assault: { asks, ...PIPELINED } }
  const each = asks.map((ask) => {
    return { connections: CONNECTIONS, assault: { asks: [ask], ...PIPELINED } }
  })
  return (short || home !== 'alone' ? [all] : each).map(({ connections, assault }) =>
    attack(
      `64 KB of ${nameOf(assault)}`,
      `${connections} connections, nothing is read`,
      EXPECTED,
      async () =>
        costWords(await costOf({ home, short, connections, assault: async () => assault })),
    ),
  )
}

function nameOf({ asks }: Assault): string {
  const [one, ...more] = asks
  if (more.length > 0) return `requests for each of ${asks.length} paths`
  return `${one?.method ?? 'GET'} ${one?.path}`
}
