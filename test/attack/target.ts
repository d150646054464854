// Who and what is attacked: the process, a victim, a stranger who has an account too, and rooms.
import { hkdfSync } from 'node:crypto'
import { resolve } from 'node:path'
import type { RulesInput } from '../../src/config/rules-file.ts'
import type { Limits } from '../../src/protocol/limits.ts'
import { call, type Person, person, ticketOf } from '../support/people.ts'
import { type LoneServer, type ServerOptions, startLoneServer } from '../support/server-process.ts'
import { type Answer, type Ask, ask, type Headers, upgradeWords, wordsOf } from './wire.ts'

export const SECRET = 'the-root-secret-of-an-attacked-server-0123456789'
export const SERVER_KEY = 'key-of-an-attacked-back-end-0123456789'

/** Short heartbeats, so that a silent connection is found while we look. */
const RULES: RulesInput = {
  rooms: [
    { match: 'attack:*', history: false },
    { match: 'json:*', payload: 'json' },
    { match: 'kept:*', history: { messages: 1_000 } },
    { match: 'marked:*', history: { messages: 1_000 }, receipts: 'members' },
    { match: 'odd:*' },
    { match: 'here:*', presence: true },
    { match: 'open:*', join: ['anyone'], publish: ['anyone'] },
    { match: 'locked:*', join: ['ticket'], publish: ['ticket'] },
  ],
  limits: {
    ...{ ticketsPerMinute: null, messagesPerSecond: 100 },
    // Few enough for a crowd of ours to reach them.
    ...{ pendingConnections: 1_000, pendingPerAddress: 20 },
  },
  heartbeat: { pingSeconds: 5, pongSeconds: 5 },
}

const HOST = resolve(import.meta.dirname, 'host.ts')

/** Where Usher is: a process by itself, or in an application, at its root or below a prefix. */
export type Home = 'alone' | 'root' | 'prefix'
export const HOMES: readonly Home[] = ['alone', 'root', 'prefix']
const PREFIXES: Readonly<Record<Home, string>> = { alone: '', root: '', prefix: '/rt' }

/** How a server process is started there. */
export function placed(home: Home): Pick<ServerOptions, 'script' | 'env'> {
  return home === 'alone' ? {} : { script: HOST, env: { HOST_PREFIX: PREFIXES[home] } }
}

export interface Target {
  server: LoneServer
  home: Home
  /** What stands before the paths of Usher's. */
  prefix: string
  port: number
  /** With `localhost`, where the victim's browser is. */
  url: string
  /** Whether there is only time for a few of everything. */
  short: boolean
  victim: Person
  stranger: Person
  /** What the server took before anybody attacked it. */
  restingMiB: number
  /** Values that must not be in the log at the end. */
  secrets: ReadonlySet<string>
  keepSecret(...values: string[]): void
  ask(request: Ask): Promise<Answer>
  /** The answer in the words of `wordsOf`. */
  words(request: Ask): Promise<string>
  /** The answer to an upgrade, in the same words. */
  upgraded(path: string, headers?: Headers): Promise<string>
  ticket(who: Person, body?: object): Promise<string>
  newPerson(): Promise<Person>
}

/** What differs from the usual target. */
export interface TargetOptions {
  limits?: Partial<Limits>
  env?: Readonly<Record<string, string>>
}

/** Starts a server and lets two people in. */
export async function findTarget(
  short: boolean,
  home: Home,
  { limits, env: more }: TargetOptions = {},
): Promise<Target> {
  const { env, ...where } = placed(home)
  const server = await startLoneServer({
    ...where,
    rules: { ...RULES, limits: { ...RULES.limits, ...limits } },
    // What leaks ends the process, instead of looking like a heap that was not tidied yet.
    nodeArgs: ['--max-old-space-size=128'],
    env: {
      ...env,
      ...more,
      USHER_SECRET: SECRET,
      USHER_API_KEYS: `backend:${SERVER_KEY}`,
      USHER_SIGNUP: 'open',
      USHER_LOG_LEVEL: 'info',
    },
  })
  const secrets = new Set([SECRET, SERVER_KEY])
  const keepSecret = (...values: string[]): void => {
    for (const value of values) secrets.add(value)
  }
  const { port } = server
  const prefix = PREFIXES[home]
  const url = `${server.url}${prefix}`
  const app = { url, keepSecret }
  const someone = (name: string) =>
    home === 'prefix' ? hostPerson(server.url, name) : person(app, name)
  let guests = 0
  const newPerson = () => someone(`guest${++guests}`)
  return {
    ...{ server, home, prefix, port, url, short },
    victim: await someone('victim'),
    stranger: await someone('stranger'),
    restingMiB: server.program.rssMiB(),
    ...{ secrets, keepSecret },
    ask: (request) => ask(port, request),
    words: async (request) => wordsOf(await ask(port, request)),
    upgraded: (path, headers) => upgradeWords(port, path, headers),
    ticket: (who, body = {}) => ticketOf(app, who.bearer, body),
    newPerson,
  }
}

/** A user of the application's: it has no password here, and its session is no bearer token. */
async function hostPerson(url: string, username: string): Promise<Person> {
  const { body } = await call(`${url}/log-in/${username}`, 'POST')
  return {
    ...{ user: username, username, password: '', refreshToken: body.session },
    browser: { cookie: '', origin: url },
    bearer: { authorization: `Session ${body.session}` },
  }
}

/** The headers of a victim's browser, as pairs. */
export function browserHeaders({ browser }: Person, origin = browser.origin): Headers {
  return [
    ['Cookie', browser.cookie],
    ['Origin', origin],
  ]
}

export function bearerHeaders({ bearer }: Person): Headers {
  return [['Authorization', bearer.authorization]]
}

/** A POST, of JSON unless another media type is said. */
export function posting(
  path: string,
  headers: Headers,
  body: string | Buffer,
  type = 'application/json',
): Ask {
  return { method: 'POST', path, headers: [...headers, ['Content-Type', type]], body }
}

export const KEY_HEADERS: Headers = [['Authorization', `Bearer ${SERVER_KEY}`]]

/** The key that access tokens are signed with: we made the secret, so claims can be tried too. */
export function accessTokenKey(): Buffer {
  return Buffer.from(hkdfSync('sha256', SECRET, 'usher', 'access-token', 32))
}

/** Whether this person's session still stands. */
export async function sessionWords({ url }: Target, { bearer }: Person): Promise<string> {
  const { status } = await call(`${url}/session`, 'GET', { headers: bearer })
  return status === 200 ? 'session stands' : `session answers ${status}`
}
