// An Usher that takes the tokens of an issuer on this machine, by its key set, under a manual
// clock.
import type { Test } from 'tap'
import type { ThirdPartyIssuer } from '../../src/identity/settings.ts'
import { type StartedApp, startApp } from './app.ts'
import {
  claimsAt,
  type IssuerKey,
  issued,
  issuerKey,
  type KeyServer,
  keyServer,
  thirdPartyIssuer,
} from './issuer.ts'
import { ManualClock } from './manual-clock.ts'
import { call } from './people.ts'

/** Pongs take real time, which this clock does not follow: no client is cut for a late pong. */
const SELDOM = { pingSeconds: 3_600, pongSeconds: 3_600 }
/** The key that every scene begins with. */
export const old = issuerKey('ES256', 'old')

export interface Scene {
  clock: ManualClock
  usher: StartedApp
  issuer: KeyServer
  /** A token for this moment; never to be logged. */
  tokenOf(key?: IssuerKey, claims?: Record<string, unknown>, header?: object): Promise<string>
  /** The status of a request with a token for this moment. */
  status(key?: IssuerKey, header?: object): Promise<number>
}

export async function setUp(t: Test, more: Partial<ThirdPartyIssuer> = {}): Promise<Scene> {
  const clock = new ManualClock()
  const issuer = await keyServer(t, old)
  const settings = thirdPartyIssuer({ jwksUrl: issuer.url, algorithm: 'ES256', ...more })
  const usher = await startApp(t, { ...settings, heartbeat: SELDOM }, { clock })
  const tokenOf: Scene['tokenOf'] = async (key = old, claims = {}, header = {}) => {
    const token = await issued(key, claimsAt(clock.now(), claims), { ...header })
    usher.keepSecret(token)
    return token
  }
  const status: Scene['status'] = async (key, header) =>
    (await asked(usher, await tokenOf(key, {}, header))).status
  return { clock, usher, issuer, tokenOf, status }
}

export function asked({ url }: StartedApp, token: string) {
  return call(`${url}/rooms/chat:a`, 'GET', { headers: bearer(token) })
}

export function bearer(token: string): { authorization: string } {
  return { authorization: `Bearer ${token}` }
}
