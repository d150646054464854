// A request whose head came before a revocation and its body behind it: it is refused, and nothing
// comes of it (S46).
import { PASSWORD } from '../../support/people.ts'
import { type Attack, attack, type Family } from '../attack.ts'
import { bearerHeaders, HOMES, KEY_HEADERS, posting, type Target } from '../target.ts'
import { type Ask, firstAnswer, openSocket, pause, requestBytes, wordsOf } from '../wire.ts'

type Person = Target['victim']

const ROOM = '/rooms/kept:slow/messages'
/** The end of the body that comes last. */
const REST = 3
const HEAD_MS = 100
/** Looks that fail count for addresses of their own. */
const ELSEWHERE = ['127.0.8.1', '127.0.8.2'] as const
const NEW_PASSWORD = 'another correct horse'

export const revokedRequests: Family = {
  title: 'revoked',
  homes: HOMES,
  shortHomes: HOMES,
  parts: [bodiesBehind],
}

interface Slow {
  name: string
  request(target: Target, who: Person): Promise<Ask>
  /** What came of it, in words; empty when nothing did. */
  effect(target: Target, who: Person): Promise<string>
}

const SLOW: readonly Slow[] = [
  {
    name: 'publish',
    request: async ({ prefix }, who) => sending(prefix, who, `slowly by ${who.user}`),
    effect: async (target, { user }) => heard(target, `slowly by ${user}`),
  },
  { name: 'redact', request: redacting, effect: redacted },
  {
    name: 'tickets',
    request: async ({ prefix }, who) => posting(`${prefix}/tickets`, bearerHeaders(who), '{ }   '),
    effect: async () => '',
  },
]

/** These are of accounts, which an application with a log-in of its own has not. */
const SLOW_ACCOUNTS: readonly Slow[] = [
  {
    name: 'change of password',
    request: async (_target, who) => ({
      ...posting(
        '/account/password',
        bearerHeaders(who),
        JSON.stringify({ password: PASSWORD, newPassword: NEW_PASSWORD }),
      ),
      method: 'PUT',
    }),
    effect: async (target, { username }) => {
      const body = JSON.stringify({ username, password: NEW_PASSWORD })
      const words = await target.words({ ...posting('/session', [], body), from: ELSEWHERE[0] })
      return words === '200' ? 'the new password is good' : ''
    },
  },
  {
    name: 'deletion of the account',
    request: async (_target, who) => ({
      ...posting('/account', bearerHeaders(who), '{ }   '),
      method: 'DELETE',
    }),
    effect: async (target, { username }) => {
      const body = JSON.stringify({ username, password: 'is it taken?' })
      const words = await target.words({ ...posting('/accounts', [], body), from: ELSEWHERE[1] })
      return words === '201' ? 'the name is free' : ''
    },
  },
]

interface Revocation {
  name: string
  revoke(target: Target, who: Person): Promise<Ask>
}

const byServer = (name: string, method: string, path: (user: string) => string): Revocation => ({
  name,
  revoke: async ({ prefix }, { user }) => {
    return { method, path: `${prefix}${path(user)}`, headers: KEY_HEADERS }
  },
})

const byOwner = (name: string, path: string): Revocation => ({
  name,
  revoke: async (_target, who) => ({ method: 'DELETE', path, headers: bearerHeaders(who) }),
})

const BAN = byServer('a ban', 'PUT', (user) => `/users/${user}/ban`)

const OF_ACCOUNTS: readonly Revocation[] = [
  // An application's own sessions are not ended by this: they are the application's.
  byServer('a revocation', 'DELETE', (user) => `/users/${user}/connections?revoke=true`),
  byOwner('a log-out', '/session'),
  byOwner('a log-out everywhere', '/sessions'),
  byOwner('the end of the account', '/account'),
  {
    name: 'a change of password in the browser',
    revoke: async (_target, { browser }) => ({
      ...posting(
        '/account/password',
        [
          ['Cookie', browser.cookie],
          ['Origin', browser.origin],
        ],
        JSON.stringify({ password: PASSWORD, newPassword: 'a third correct horse' }),
      ),
      method: 'PUT',
    }),
  },
]

const OF_APPLICATION: readonly Revocation[] = [
  {
    name: 'a log-out of the application',
    revoke: async (_target, { refreshToken }) => {
      return { method: 'POST', path: `/log-out/${refreshToken}` }
    },
  },
]

function bodiesBehind(target: Target): Attack[] {
  const isOwn = target.home !== 'prefix'
  const slow = isOwn ? [...SLOW, ...SLOW_ACCOUNTS] : SLOW
  const revocations = [BAN, ...(isOwn ? OF_ACCOUNTS : OF_APPLICATION)]
  const pairs = revocations.flatMap((revocation) => slow.map((one) => ({ revocation, one })))
  const chosen = pairs.filter((_, at) => !target.short || at % slow.length === at % 3)
  return chosen.map(({ revocation, one }) =>
    attack(
      `${one.name} around ${revocation.name}`,
      'the head, the revocation, and then the body',
      '401 unauthorized, no effect',
      () => around(target, revocation, one),
    ),
  )
}

async function around(target: Target, { revoke }: Revocation, slow: Slow): Promise<string> {
  const who = await target.newPerson()
  const bytes = requestBytes(await slow.request(target, who))
  const socket = openSocket(target.port)
  socket.write(bytes.subarray(0, -REST))
  // The longer, the more the server has done with the head before the revocation.
  await pause(HEAD_MS)
  const { status } = await target.ask(await revoke(target, who))
  if (status !== 200 && status !== 204) return `the revocation answers ${status}`
  const words = wordsOf(await firstAnswer(socket, bytes.subarray(-REST)))
  socket.destroy()
  return `${words}, ${(await slow.effect(target, who)) || 'no effect'}`
}

function sending(prefix: string, who: Person, text: string): Ask {
  return posting(`${prefix}${ROOM}`, bearerHeaders(who), text, 'text/plain')
}

async function page({ ask, prefix }: Target) {
  const path = `${prefix}${ROOM}?order=desc&limit=20`
  const { body } = await ask({ path, headers: KEY_HEADERS })
  return JSON.parse(body).messages as { offset: number; data: unknown }[]
}

async function heard(target: Target, text: string): Promise<string> {
  const messages = await page(target)
  return messages.some(({ data }) => data === text) ? 'it was published' : ''
}

async function redacting(target: Target, who: Person): Promise<Ask> {
  const { prefix } = target
  const { body } = await target.ask(sending(prefix, who, `kept by ${who.user}`))
  const path = `${prefix}${ROOM}/${JSON.parse(body).offset}`
  return { ...posting(path, bearerHeaders(who), '{ }   '), method: 'DELETE' }
}

async function redacted(target: Target, { user }: Person): Promise<string> {
  const messages = await page(target)
  return messages.some(({ data }) => data === `kept by ${user}`) ? '' : 'it was redacted'
}
