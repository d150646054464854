// Users for tests: they sign up, log in, and order tickets through the public endpoints.
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
type Reached = Pick<StartedApp, 'url' | 'keepSecret'>

/** The status that these headers get where a session is asked for: 200 or 401. */
export async function whoAmI({ url }: Pick<Reached, 'url'>, headers: CallOptions['headers'] = {}) {
  return (await call(`${url}/session`, 'GET', { headers })).status
}

let people = 0

/** Signs a user up and logs in twice: in a browser and in an app. */
export async function person({ url, keepSecret }: Reached, name?: string): Promise<Person> {
  people += 1
  const username = name ?? `person${people}`
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
