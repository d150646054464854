// The scopes of server keys: every endpoint with a key of every single scope, through real ports.
import t, { type Test } from 'tap'
import { DEFAULT_SCOPES, SCOPES, type Scope } from '../../src/protocol/scope.ts'
import { type StartedApp, startApp } from '../support/app.ts'
import { connect, refused } from '../support/client.ts'
import { follow } from '../support/follow.ts'
import { documentOf, operationsOf } from '../support/openapi.ts'
import { type CallOptions, call, PASSWORD } from '../support/people.ts'
import { until } from '../support/until.ts'

const ROOM = '/rooms/chat:a'
const ALL = 'all-scopes'
const SERVER_KEYS = [
  ...SCOPES.map((scope) => ({ name: scope, scopes: [scope] })),
  { name: 'unscoped' },
  { name: 'reader-and-publisher', scopes: ['read', 'publish'] as const },
  { name: ALL, scopes: SCOPES },
].map((key) => ({ ...key, key: keyNamed(key.name) }))

function keyNamed(name: string): string {
  return `a-key-for-scopes-of-${name}`
}

function headersOf(name: string): Record<string, string> {
  return { authorization: `Bearer ${keyNamed(name)}` }
}

/** What an endpoint answered: 200 for each good answer, also of a connection that stays open. */
interface Outcome {
  status: number
  message: string
}

type Headers = Record<string, string>
type Endpoint = [
  scope: Scope,
  way: string,
  open: (usher: StartedApp, headers: Headers) => Promise<Outcome>,
]

function asking(
  way: string,
  body?: () => unknown,
  prepare?: (usher: StartedApp) => Promise<string>,
) {
  const [method = '', path = ''] = way.split(' ')
  return async (usher: StartedApp, headers: Headers): Promise<Outcome> => {
    const url = usher.url + (prepare ? await prepare(usher) : path)
    const options: CallOptions = body ? { headers, body: body() } : { headers }
    return outcomeOf(await fetched(url, method, options))
  }
}

/** As `call` does, for answers that are no JSON too. */
async function fetched(url: string, method: string, { headers = {}, body }: CallOptions) {
  const json = body === undefined ? {} : { 'content-type': 'application/json' }
  const text = body === undefined ? null : JSON.stringify(body)
  const response = await fetch(url, { method, headers: { ...json, ...headers }, body: text })
  const answer = await response.text()
  const isRefusal = response.status >= 400
  return { status: response.status, body: isRefusal ? JSON.parse(answer) : { message: '' } }
}

function outcomeOf({ status, body }: { status: number; body: { message: string } }): Outcome {
  return { status: status < 300 ? 200 : status, message: body.message ?? '' }
}

let made = 0
/** A name that no account has yet. */
function freshName(): string {
  made += 1
  return `made${made}`
}

/** A message to take back, published by another key. */
async function messageToRedact({ url }: StartedApp): Promise<string> {
  const headers = headersOf(ALL)
  const { body } = await call(`${url}${ROOM}/messages`, 'POST', { headers, body: 'oh' })
  return `${ROOM}/messages/${body.offset}`
}

/** An account to look up or to delete. */
async function accountOf({ app }: StartedApp): Promise<string> {
  const username = freshName()
  const user = `u_${username}`
  const rest = { usernameKey: username, password: 'none', createdAt: 0 }
  await app.engine.accounts.create({ user, username, ...rest })
  return `/users/${user}`
}

const passwordOf = async (usher: StartedApp) => `${await accountOf(usher)}/password`

async function joining({ url }: StartedApp, headers: Headers): Promise<Outcome> {
  try {
    await (await connect(url + ROOM, { headers })).close()
    return { status: 200, message: '' }
  } catch {
    return outcomeOf(await refused(url + ROOM, { headers }))
  }
}

/** The close says permission denied, and has no room for the sentence. */
async function joiningByFirstMessage({ url, app }: StartedApp, headers: Headers): Promise<Outcome> {
  const client = await connect(`${url}${ROOM}?auth=message`)
  client.send(JSON.stringify({ token: headers.authorization?.slice('Bearer '.length) }))
  const hasJoined = (): boolean => app.rooms.counts('chat:a').members > 0
  await until(() => client.ws.readyState !== client.ws.OPEN || hasJoined())
  const { code } = await client.close()
  return { status: code === 1000 ? 200 : code === 3507 ? 403 : code, message: '' }
}

async function following({ url }: StartedApp, headers: Headers): Promise<Outcome> {
  const stream = await follow(url + ROOM, headers)
  const { status } = stream.response
  if (status !== 200) return outcomeOf({ status, body: { message: '' } })
  stream.stop()
  await stream.ended()
  return { status, message: '' }
}

const ENDPOINTS: readonly Endpoint[] = [
  ['publish', 'POST /rooms/{room}/messages', asking(`POST ${ROOM}/messages`, () => 'hello')],
  ['publish', 'POST /messages', asking('POST /messages', () => [{ room: 'chat:a', data: 1 }])],
  ['read', 'GET /rooms/{room}', asking(`GET ${ROOM}`)],
  ['read', 'GET /rooms/{room} as a WebSocket', joining],
  ['read', 'GET /rooms/{room} as a WebSocket by first message', joiningByFirstMessage],
  ['read', 'GET /rooms/{room} as an event stream', following],
  ['read', 'GET /rooms/{room}/messages', asking(`GET ${ROOM}/messages`)],
  ['read', 'GET /rooms/{room}/members', asking(`GET ${ROOM}/members`)],
  ['read', 'GET /rooms/{room}/receipts', asking(`GET ${ROOM}/receipts`)],
  ['rooms', 'PUT /rooms/{room}/participants/{user}', asking(`PUT ${ROOM}/participants/acme:1`)],
  [
    'rooms',
    'DELETE /rooms/{room}/participants/{user}',
    asking(`DELETE ${ROOM}/participants/acme:1`),
  ],
  ['tickets', 'POST /tickets', asking('POST /tickets', () => ({ user: 'acme:1' }))],
  ['rooms', 'DELETE /rooms/{room}/messages/{offset}', asking('DELETE', undefined, messageToRedact)],
  ['rooms', 'DELETE /users/{user}/connections', asking('DELETE /users/acme:1/connections')],
  ['rooms', 'PUT /users/{user}/ban', asking('PUT /users/acme:9/ban')],
  ['rooms', 'DELETE /users/{user}/ban', asking('DELETE /users/acme:9/ban')],
  ['rooms', 'DELETE /rooms/{room}/members/{user}', asking(`DELETE ${ROOM}/members/acme:1`)],
  ['rooms', 'GET /rooms', asking('GET /rooms')],
  ['rooms', 'DELETE /rooms/{room}', asking('DELETE /rooms/chat:none')],
  ['users', 'DELETE /users/{user}/messages', asking('DELETE /users/acme:1/messages')],
  [
    'users',
    'POST /accounts',
    asking('POST /accounts', () => ({ username: freshName(), password: PASSWORD })),
  ],
  ['users', 'GET /users', asking('GET /users')],
  ['users', 'GET /users/{user}', asking('GET', undefined, accountOf)],
  ['users', 'DELETE /users/{user}', asking('DELETE', undefined, accountOf)],
  [
    'users',
    'PUT /users/{user}/password',
    asking('PUT', () => ({ password: PASSWORD }), passwordOf),
  ],
  ['metrics', 'GET /metrics', asking('GET /metrics')],
]

/** What is for users and their sessions, or for everyone, or asks for each room by itself. */
const NOT_FOR_KEYS = [
  ...['POST /session', 'GET /session', 'DELETE /session', 'POST /session/refresh'],
  ...['DELETE /sessions', 'PUT /account/password', 'DELETE /account'],
  ...['PUT /rooms/{room}/receipts', 'GET /health/live', 'GET /health/ready'],
  ...['GET /connection/websocket', 'POST /emulation'],
  ...['POST /connection/http_stream', 'GET /connection/sse'],
]

function started(t: Test, parts: Parameters<typeof startApp>[2] = {}) {
  return startApp(t, { serverKeys: SERVER_KEYS, signup: 'closed' }, parts)
}

t.test('[S53] every endpoint is in this table of scopes, or is not for server keys', async (t) => {
  const ways = operationsOf(await documentOf(await started(t))).map(
    ({ method, path }) => `${method} ${path}`,
  )
  const known = new Set([...ENDPOINTS.map(([, way]) => way.replace(/ as .*/, '')), ...NOT_FOR_KEYS])
  t.same(new Set(ways), known)
})

t.test('[C217] [S53] a key of one scope may do what is of that scope and no more', async (t) => {
  const usher = await started(t)
  for (const [needed, way, open] of ENDPOINTS) {
    for (const scope of SCOPES) {
      const { status, message } = await open(usher, headersOf(scope))
      t.equal(status, scope === needed ? 200 : 403, `${way} with the scope ${scope}`)
      if (message !== '') t.match(message, new RegExp(`lacks the scope ${needed}:`), way)
    }
  }
})

t.test('[C217] [S53] a key without scopes may do all but what is about accounts', async (t) => {
  const usher = await started(t)
  for (const [needed, way, open] of ENDPOINTS) {
    const { status } = await open(usher, headersOf('unscoped'))
    t.equal(status, DEFAULT_SCOPES.includes(needed) ? 200 : 403, way)
    t.equal((await open(usher, headersOf(ALL))).status, 200, way)
  }
})

t.test('[S53] a connection of a key publishes only with the scope for it', async (t) => {
  const { url } = await started(t)
  const reader = await connect(url + ROOM, { headers: headersOf('read') })
  const both = await connect(url + ROOM, { headers: headersOf('reader-and-publisher') })
  both.send('may')
  t.equal(await reader.text(), 'may')
  reader.send('may not')
  const end = await Promise.race([reader.closed, reader.text()])
  t.same(end, { code: 3507, reason: 'permission denied' })
  await both.text()
  t.same(both.unread, [])
})

t.test('[S53] scopes bind also where an application decides over rooms', async (t) => {
  const asked: string[] = []
  const authorize = ({ server }: { server: string | null }, action: string): boolean => {
    asked.push(`${server} ${action}`)
    return true
  }
  const usher = await started(t, { authorize })
  for (const [needed, way, open] of ENDPOINTS) {
    for (const scope of SCOPES) {
      const { status } = await open(usher, headersOf(scope))
      t.equal(status, scope === needed ? 200 : 403, `${way} with the scope ${scope}`)
    }
  }
  const told = new Set(asked.filter((line) => !line.startsWith(ALL)))
  t.same(told, new Set(['publish publish', 'read join', 'rooms join']), 'the others ask nothing')
})

t.test('[S53] with a key of scope users an account is made where sign-up is closed', async (t) => {
  const usher = await started(t)
  const body = { username: freshName(), password: PASSWORD }
  const made = await call(`${usher.url}/accounts`, 'POST', { headers: headersOf('users'), body })
  t.match(made, { status: 201, body: { username: body.username } })
  const logIn = await call(`${usher.url}/session`, 'POST', { body })
  t.equal(logIn.status, 200)
  const { status } = await call(`${usher.url}/accounts`, 'POST', { body })
  t.equal(status, 403, 'and not without it')
  t.match(usher.log(), /"audit":"administered"[^\n]*"server":"users"[^\n]*"path":"\/accounts"/)
})

t.test('[S53] a server key that finds names taken does not wait as a stranger does', async (t) => {
  const { url } = await started(t)
  const made = async (username: string) => {
    const body = { username, password: PASSWORD }
    return (await call(`${url}/accounts`, 'POST', { headers: headersOf('users'), body })).status
  }
  const taken = freshName()
  t.equal(await made(taken), 201)
  for (let i = 0; i < 12; i += 1) t.equal(await made(taken), 409)
  t.equal(await made(freshName()), 201)
})

t.test('[S53] an open sign-up refuses a key that lacks the scope, and a wrong one', async (t) => {
  const { url } = await startApp(t, { serverKeys: SERVER_KEYS })
  const signUp = (headers: Headers) => {
    const body = { username: freshName(), password: PASSWORD }
    return call(`${url}/accounts`, 'POST', { headers, body })
  }
  t.match(await signUp(headersOf('unscoped')), {
    status: 403,
    body: { code: 103, message: /users/ },
  })
  t.equal((await signUp(headersOf('wrong'))).status, 401)
  t.equal((await signUp({})).status, 201)
})
