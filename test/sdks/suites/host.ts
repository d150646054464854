// An application with Usher inside, as the SDKs' own suites want their server: on port 8000, with
// the rooms that they name, credentials for the asking, and those calls of an HTTP API that they
// make. It is a program of its own; the first argument is the language.
import { createSecretKey } from 'node:crypto'
import type { Socket } from 'node:net'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { SignJWT } from 'jose'
import { type UsherOptions, usher } from '../../../src/index.ts'
import { LIMITS } from '../../../src/protocol/limits.ts'
import { isLanguage, type Language } from './suites.ts'

const PORT = 8_000
const KEY = 'the-key-of-an-issuer-for-tests-alone'
const ISSUER = { issuer: 'https://suites.example', audience: 'https://usher.example' }
const PREFIX = 'jwt:'
const SERVER_KEY = 'the-key-of-a-back-end-for-tests-alone'

type Rules = NonNullable<UsherOptions['rooms']>

const WHO = ['anyone', 'user', 'ticket', 'server'] as const
const SMALL = {
  match: 'smallhistory:*',
  join: [...WHO],
  publish: [...WHO],
  history: { messages: 2 },
}

function open(match: string, messages: number, presence = true): Rules[number] {
  return { match, join: [...WHO], publish: [...WHO], presence, history: { messages } }
}

/** As each suite's own settings for its server have them. */
const ROOMS: Readonly<Record<Language, Rules>> = {
  JavaScript: [SMALL, open('*', 100)],
  Python: [SMALL, open('*', 100)],
  Go: [SMALL, open('*', 100, false)],
  Java: [SMALL, open('recovery:*', 100), open('*', 10)],
}

/** Every limit that may be off is off. */
const UNLIMITED = Object.fromEntries(
  Object.entries(LIMITS).flatMap(([name, limit]) => ('needed' in limit ? [] : [[name, null]])),
)

/** Credentials: what the suites sign themselves for another server. */
function addCredentials(app: FastifyInstance): void {
  app.get<{ Querystring: { user: string; seconds?: string } }>('/suites/token', ({ query }) => {
    const { user, seconds = '3600' } = query
    const now = Math.floor(Date.now() / 1_000)
    const exp = now + Number(seconds)
    return new SignJWT({
      sub: user,
      iss: ISSUER.issuer,
      aud: ISSUER.audience,
      iat: exp - 3_600,
      exp,
    })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .sign(createSecretKey(KEY, 'utf8'))
  })
  // For a connection, and with a room for a subscription.
  app.get<{ Querystring: { user: string; room?: string } }>('/suites/ticket', async ({ query }) => {
    const { user, room } = query
    const rooms = room === undefined ? {} : { rooms: [room] }
    const { ticket } = await app.usher.issueTicket({ user: PREFIX + user, ...rooms })
    return ticket
  })
}

interface Call {
  channel: string
  user: string
  data: unknown
  disconnect?: { code: number }
}

/** Those calls that the suites make, answered as they read them. */
function addApi(app: FastifyInstance): void {
  const sockets = new Set<Socket>()
  app.server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  const on = (path: string, run: (call: Call, request: FastifyRequest) => unknown): void => {
    app.post<{ Body: Call }>(`/api/${path}`, async (request) => {
      return { result: (await run(request.body, request)) ?? {} }
    })
  }
  on('publish', ({ channel, data }) => app.usher.publish(channel, data, { kind: 'json' }))
  on('history', ({ channel }) => position(app, channel))
  on('unsubscribe', ({ user, channel }) =>
    app.usher.disconnect({ user: PREFIX + user, room: channel }),
  )
  on('disconnect', async ({ user, disconnect }, { socket }) => {
    if ((disconnect?.code ?? 0) >= 3_500) {
      await app.usher.disconnect({ user: PREFIX + user })
      return
    }
    // Usher has no call for a close that clients come back after. A cut line is one.
    for (const other of sockets) if (other !== socket) other.destroy()
  })
}

async function position(app: FastifyInstance, room: string): Promise<unknown> {
  const headers = { authorization: `Bearer ${SERVER_KEY}` }
  const answer = await app.inject({ url: `/rooms/${room}`, headers })
  const { epoch, offset } = answer.json()
  return { epoch, offset }
}

const [language = ''] = process.argv.slice(2)
if (!isLanguage(language)) throw new Error('name a language')
const app = Fastify({ routerOptions: { maxParamLength: 256 } }) as unknown as FastifyInstance
await app.register(usher, {
  data: ':memory:',
  rooms: ROOMS[language],
  limits: UNLIMITED,
  jwt: { key: KEY, algorithm: 'HS256', ...ISSUER },
  serverKeys: [{ name: 'suites', key: SERVER_KEY }],
  drainSeconds: 1,
  // A room without a rule, which another server would not know by its name.
  authorize: (_identity, _action, room) => language !== 'Go' || room !== 'test:test',
})
addCredentials(app)
addApi(app)
process.once('SIGTERM', () => app.close())
await app.listen({ host: '127.0.0.1', port: PORT, backlog: 65_535 })
console.log('ready')
