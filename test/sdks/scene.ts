// An Usher with rooms of each kind that the SDKs are tried on, and the ways to come in.
import { createSecretKey } from 'node:crypto'
import { SignJWT } from 'jose'
import type { Test } from 'tap'
import type { Config } from '../../src/config/config.ts'
import { deriveKeys } from '../../src/identity/secret.ts'
import { signed } from '../identity/hand-made-token.ts'
import { type StartedApp, startApp } from '../support/app.ts'
import { type CutProxy, cutProxy } from '../support/cut-proxy.ts'
import { AUDIENCE, ISSUER, thirdPartyIssuer } from '../support/issuer.ts'
import { asServer, call, type Person, ticketOf } from '../support/people.ts'
import { limited, ruled, UNLIMITED } from '../support/settings.ts'
import type { OpenOptions } from './lines.ts'
import type { Tokens } from './sdk-client.ts'

/** From the issue of a token to its end. */
const LIFE_SECONDS = 600
const DAY_MS = 86_400_000
const ANYONE = { join: ['anyone', 'server'], publish: ['anyone', 'server'] } as const
const KEY = 'a-key-of-another-issuer-0123456789'

export const RULES = ruled(
  { match: 'chat:*', history: { messages: 10_000, ageMs: DAY_MS }, presence: 'members' },
  { match: 'short:*', history: { messages: 2, ageMs: DAY_MS } },
  { match: 'open:*', ...ANYONE, history: { messages: 100, ageMs: DAY_MS }, presence: 'members' },
  { match: 'live:*', presence: 'members' },
  { match: 'closed:*', join: ['ticket'], publish: ['server'], presence: 'members' },
)

/** The root secret, so that a test can make a token that is over. */
const SECRETS = { current: 'root secret of the tests of SDKs', previous: null }

export interface Scene extends StartedApp {
  /** Where the SDKs connect. */
  socketUrl: string
}

/** Nothing is limited but what `limits` says; tokens of another issuer are taken. */
export async function startScene(t: Test, more: Partial<Config> = {}): Promise<Scene> {
  const issuer = thirdPartyIssuer({ key: KEY, algorithm: 'HS256' })
  const open = { ...RULES, ...limited(UNLIMITED), ...issuer, secrets: SECRETS }
  const app = await startApp(t, { ...open, ...more })
  return { ...app, socketUrl: socketUrlOf(app.url) }
}

/** Behind a proxy, whose pages are our own: their cookie counts. */
export async function sceneBehind(t: Test): Promise<Scene & { proxy: CutProxy; origin: string }> {
  const proxy = await cutProxy(t)
  const origin = `http://${proxy.url}`
  const scene = await startScene(t, { origins: [origin] })
  proxy.pointTo(Number(new URL(scene.url).port))
  return { ...scene, proxy, origin }
}

/** An access token of the session of a person's app, good for so many seconds from now. */
export function accessToken({ user, bearer }: Person, seconds: number): string {
  const [, claims = ''] = bearer.authorization.split('.')
  const { sid } = JSON.parse(String(Buffer.from(claims, 'base64url')))
  const exp = Math.floor(Date.now() / 1_000) + seconds
  const ours = { sub: user, sid, iss: 'usher', aud: 'usher', iat: exp - LIFE_SECONDS, exp }
  return signed({ claims: ours, key: deriveKeys(SECRETS, 'access-token').current })
}

export function socketUrlOf(url: string): string {
  return `${url.replace(/^http/, 'ws')}/connection/websocket`
}

/** As a browser on our own page would come: by its cookie. */
export function byCookie(scene: Pick<Scene, 'socketUrl'>, { browser }: Person): OpenOptions {
  return { url: scene.socketUrl, headers: { Cookie: browser.cookie, Origin: browser.origin } }
}

/** A new ticket each time. */
export function ticketsOf(scene: Scene, person: Person, body: object = {}): Tokens {
  return () => ticketOf(scene, person.bearer, body)
}

/** A token of another issuer, good for so many seconds from now. */
export async function outsideToken(subject: string, seconds: number): Promise<string> {
  const exp = Math.floor(Date.now() / 1_000) + seconds
  return new SignJWT({ sub: subject, iss: ISSUER, aud: AUDIENCE, iat: exp - LIFE_SECONDS, exp })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .sign(createSecretKey(KEY, 'utf8'))
}

/** Publishes JSON over REST, as a back end. */
export async function say({ url }: { url: string }, room: string, body: unknown): Promise<void> {
  const options = { headers: asServer, body }
  const { status } = await call(`${url}/rooms/${room}/messages`, 'POST', options)
  if (status !== 201) throw new Error(`a publish is answered ${status}`)
}

/** Whether the run is the short one of CI. */
export const isShort = process.env.USHER_SDKS === 'short'
