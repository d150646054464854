// The server that is fuzzed: every limit that can be off is off, and everything is allowed that
// lets an input reach further in.

import { type Home, placed } from '../attack/target.ts'
import { pause } from '../attack/wire.ts'
import { call, type Person, person } from '../support/people.ts'
import { type LoneServer, startLoneServer } from '../support/server-process.ts'
import { UNLIMITED } from '../support/settings.ts'
import type { Credentials } from './requests.ts'

const KEY = 'key-of-a-fuzzed-back-end-0123456789'
/** An access token is good for a quarter of an hour, and an input may hit on logging us out. */
const RENEW_MS = 8 * 60_000
const LOOK_MS = 2_000

export interface Fuzzed {
  server: LoneServer
  credentials: Credentials
  /** Logs in again when the token is about to run out, or does not count any more. */
  renew(): Promise<void>
  /** What is wrong with the server after the run. */
  unwell(): Promise<string[]>
}

export async function startFuzzed(home: Home): Promise<Fuzzed> {
  const { env, ...where } = placed(home)
  const server = await startLoneServer({
    ...where,
    // A heap that leaks shows, instead of growing into a machine's whole memory.
    nodeArgs: ['--max-old-space-size=160'],
    rules: {
      rooms: [
        { match: 'fuzz:*' },
        { match: 'json:*', payload: 'json', history: { messages: 100 } },
        { match: 'open:*', join: ['anyone'], publish: ['anyone'] },
      ],
      limits: UNLIMITED,
    },
    env: {
      ...env,
      USHER_SECRET: 'the-root-secret-of-a-fuzzed-server-0123456789',
      USHER_API_KEYS: `backend:${KEY}`,
      USHER_SIGNUP: 'open',
      // Lines of requests would cost as much as the requests.
      USHER_LOG_LEVEL: 'error',
    },
  })
  const { url } = server
  const somebody = await person({ url, keepSecret: () => undefined }, 'fuzzer')
  const credentials = { ...credentialsOf(somebody), key: KEY }
  let renewedAt = performance.now()
  let lookedAt = renewedAt
  const renew = async (): Promise<void> => {
    if (performance.now() - lookedAt < LOOK_MS) return
    lookedAt = performance.now()
    const headers = { authorization: `Bearer ${credentials.token}` }
    const { status } = await call(`${url}/session`, 'GET', { headers })
    if (status === 200 && lookedAt - renewedAt < RENEW_MS) return
    renewedAt = lookedAt
    const body = { username: 'fuzzer', password: somebody.password, client: 'app' }
    const answer = await call(`${url}/session`, 'POST', { body })
    credentials.token = answer.body.accessToken ?? credentials.token
  }
  return { server, credentials, renew, unwell: () => unwell(server) }
}

function credentialsOf({ user, bearer, browser }: Person): Omit<Credentials, 'key'> {
  const token = bearer.authorization.slice('Bearer '.length)
  return { user, token, cookie: browser.cookie, origin: browser.origin }
}

async function unwell(server: LoneServer): Promise<string[]> {
  if (!server.program.isRunning) return [`the server died:\n${server.program.output.slice(-2_000)}`]
  const ready = await call(`${server.url}/health/ready`, 'GET')
  const wrongs = ready.status === 200 ? [] : [`/health/ready answers ${ready.status}`]
  let left = ''
  for (let turn = 0; turn < 20 && left !== '0 members'; turn += 1) {
    if (turn > 0) await pause(500)
    const { body } = await call(`${server.url}/rooms/open:a`, 'GET')
    left = `${body.members} members`
  }
  if (left !== '0 members') wrongs.push(`${left} are left in open:a`)
  for (const line of server.errorLines().slice(0, 5))
    wrongs.push(`error line: ${line.slice(0, 1_500)}`)
  return wrongs
}
