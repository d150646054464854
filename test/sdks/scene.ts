// An Usher with rooms of each kind that the SDKs are tried on, and the ways to come in.
import { createSecretKey } from 'node:crypto'
import { SignJWT } from 'jose'
import type { Test } from 'tap'
import type { Config } from '../../src/config/config.ts'
import { systemClock } from '../../src/time/system-clock.ts'
import { type StartedApp, startApp } from '../support/app.ts'
import { AUDIENCE, ISSUER, thirdPartyIssuer } from '../support/issuer.ts'
import { asServer, call, type Person, ticketOf } from '../support/people.ts'
import { limited, ruled, UNLIMITED } from '../support/settings.ts'
import type { OpenOptions } from './lines.ts'
import type { Tokens } from './sdk-client.ts'

const DAY_MS = 86_400_000
const ANYONE = { join: ['anyone', 'server'], publish: ['anyone', 'server'] } as const
const KEY = 'a-key-of-another-issuer-0123456789'

export const RULES = ruled(
  { match: 'chat:*', history: { messages: 10_000, ageMs: DAY_MS }, presence: 'members' },
  { match: 'short:*', history: { messages: 2, ageMs: DAY_MS } },
  { match: 'open:*', ...ANYONE, history: { messages: 100, ageMs: DAY_MS }, presence: 'members' },
  { match: 'live:*', presence: 'members' },
)

export interface Scene extends StartedApp {
  /** Where the SDKs connect. */
  socketUrl: string
  /** Moves the time that tokens and messages go by. */
  leap(ms: number): void
}

/** Nothing is limited but what `limits` says; tokens of another issuer are taken. */
export async function startScene(t: Test, more: Partial<Config> = {}): Promise<Scene> {
  let ahead = 0
  const clock = { ...systemClock, now: () => systemClock.now() + ahead }
  const issuer = thirdPartyIssuer({ key: KEY, algorithm: 'HS256' })
  const app = await startApp(t, { ...RULES, ...limited(UNLIMITED), ...issuer, ...more }, { clock })
  return {
    ...app,
    socketUrl: socketUrlOf(app.url),
    leap: (ms) => {
      ahead += ms
    },
  }
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

/** A token of another issuer. */
export async function outsideToken(subject: string, seconds: number): Promise<string> {
  const now = Math.floor(Date.now() / 1_000)
  return new SignJWT({ sub: subject, iss: ISSUER, aud: AUDIENCE, iat: now, exp: now + seconds })
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
