// Users for tests: they sign up, log in, and order tickets through the public endpoints.
import { randomBytes } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { SERVER_KEY, type StartedApp } from './app.ts'

export interface Person {
  user: string
  username: string
  password: string
  /** The headers of a browser on our own page. */
  browser: { cookie: string; origin: string }
  /** The headers of an app. */
  bearer: { authorization: string }
  /** The token for the next access token of the app; good once. */
  refreshToken: string
}

export const PASSWORD = 'correct horse battery'
export const asServer = { authorization: `Bearer ${SERVER_KEY}` }

/** Sends JSON and gives the answer with its parsed body. */
export async function call(url: string, method: string, options: CallOptions = {}) {
  const { body, headers = {} } = options
  const json = body === undefined ? {} : { 'content-type': 'application/json' }
  const init = { method, headers: { ...json, ...headers } }
  const response = await fetch(
    url,
    body === undefined ? init : { ...init, body: JSON.stringify(body) },
  )
  const text = await response.text()
  const answer = text === '' ? null : JSON.parse(text)
  return { status: response.status, headers: response.headers, body: answer }
}

export interface CallOptions {
  body?: unknown
  headers?: Record<string, string>
}

/** The session cookie that an answer sets, as a browser would send it back. */
export function cookieOf(headers: Headers): string {
  return headers.getSetCookie()[0]?.split(';')[0] ?? ''
}

/** A service that may run in another process. */
type Reached = Pick<StartedApp, 'url' | 'keepSecret'> & Partial<Pick<StartedApp, 'app'>>

/** The status that these headers get where a session is asked for: 200 or 401. */
export async function whoAmI({ url }: Pick<Reached, 'url'>, headers: CallOptions['headers'] = {}) {
  return (await call(`${url}/session`, 'GET', { headers })).status
}

let people = 0

function anyName(): string {
  people += 1
  return `person${people}`
}

/** PASSWORD, hashed once and for all: a hash takes longer than many a test. */
const STORED = [
  '$argon2id$v=19$m=19456,t=2,p=1$pFjHFOvBYsUkPnNauBPXFw',
  '98zN9dHTJk4Jm03v8mUCLGYOtxQBCnSKCKAK7V4HGpQ',
].join('$')

/** Someone who has signed up, and logged in twice: in a browser and in an app. */
export async function person(usher: Reached, name?: string): Promise<Person> {
  const username = name ?? anyName()
  const { app } = usher
  return app === undefined || usher.url.startsWith('https:')
    ? signedUp(usher, username)
    : written(app, usher, username)
}

/** By the doors, with three hashes. */
export async function signedUp(
  { url, keepSecret }: Reached,
  username: string = anyName(),
): Promise<Person> {
  const credentials = { username, password: PASSWORD }
  const { body: account } = await call(`${url}/accounts`, 'POST', { body: credentials })
  const web = await call(`${url}/session`, 'POST', { body: credentials })
  const app = await call(`${url}/session`, 'POST', { body: { ...credentials, client: 'app' } })
  const cookie = cookieOf(web.headers)
  keepSecret(PASSWORD, cookie.split('=')[1] ?? '', app.body.accessToken, app.body.refreshToken)
  return {
    ...account,
    password: PASSWORD,
    browser: { cookie, origin: url },
    bearer: { authorization: `Bearer ${app.body.accessToken}` },
    refreshToken: app.body.refreshToken,
  }
}

/** As the doors would have left it in the stores of an app in this process, without a hash. */
async function written(
  app: FastifyInstance,
  { url, keepSecret }: Reached,
  username: string,
): Promise<Person> {
  const user = `u_${randomBytes(12).toString('base64url')}`
  const createdAt = app.connections.clock.now()
  const names = { user, username, usernameKey: username.toLowerCase() }
  const account = { ...names, password: STORED, createdAt }
  await app.engine.accounts.create(account)
  const web = await app.sessions.start(account, 'web')
  const { session } = await app.sessions.start(account, 'app')
  const refreshToken = await app.refreshTokens.issue(session.id)
  const accessToken = app.accessTokens.sign({ sub: user, sid: session.id })
  keepSecret(PASSWORD, web.secret, accessToken, refreshToken)
  return {
    ...{ user, username, password: PASSWORD, refreshToken },
    browser: { cookie: `usher=${web.secret}`, origin: url },
    bearer: { authorization: `Bearer ${accessToken}` },
  }
}

/** A ticket, ordered as an app would with these headers. */
export async function ticketOf(
  { url, keepSecret }: Reached,
  headers: Record<string, string>,
  body: object = {},
): Promise<string> {
  const answer = await call(`${url}/tickets`, 'POST', { headers, body })
  if (answer.status !== 201) throw new Error(`no ticket: ${JSON.stringify(answer.body)}`)
  keepSecret(answer.body.ticket)
  return answer.body.ticket
}
