// Names of deleted accounts: when they are given out again.
import t from 'tap'
import type { Config } from '../../src/config/config.ts'
import { RELEASED_NAME_MS } from '../../src/protocol/limits.ts'
import { type StartedApp, startOnManualClock } from '../support/app.ts'
import { asServer, call, PASSWORD, type Person, person } from '../support/people.ts'
import { ruled } from '../support/settings.ts'
import { until } from '../support/until.ts'

const DAY_MS = 86_400_000
const ROOM = '/rooms/chat:a/messages'
const SETTINGS: Partial<Config> = {
  ...ruled({ match: 'chat:*', history: { messages: 100, ageMs: null } }),
  trustProxy: ['127.0.0.1'],
}
let tries = 0

/** Signs up from an address of its own: taken names make an address wait. */
async function signUp({ url }: StartedApp, username: string) {
  tries += 1
  const headers = { 'x-forwarded-for': `10.0.${tries >> 8}.${tries & 255}` }
  return call(`${url}/accounts`, 'POST', { headers, body: { username, password: PASSWORD } })
}

async function remove({ url }: StartedApp, { bearer }: Person): Promise<void> {
  await call(`${url}/account`, 'DELETE', { headers: bearer })
}

function publish({ url }: StartedApp, query: string, headers: Record<string, string>) {
  return call(`${url}${ROOM}${query}`, 'POST', { headers, body: 'hello' })
}

t.test('[C121] [S54] a name stays taken for 90 days after its account was deleted', async (t) => {
  const { clock, usher } = await startOnManualClock(t, SETTINGS)
  const [early, ann] = [await person(usher, 'early'), await person(usher, 'ann')]
  await remove(usher, early)
  clock.jump(DAY_MS)
  await remove(usher, ann)
  for (const taken of ['ann', 'ANN', 'early']) t.equal((await signUp(usher, taken)).status, 409)
  t.equal((await signUp(usher, 'other')).status, 201)
  clock.jump(RELEASED_NAME_MS - DAY_MS)
  await clock.advance(60_000)
  await until(async () => (await signUp(usher, 'early')).status === 201)
  t.equal((await signUp(usher, 'ann')).status, 409, 'a day later')
  clock.jump(DAY_MS)
  await clock.advance(60_000)
  await until(async () => (await signUp(usher, 'Ann')).status === 201)
  const body = { username: 'ann', password: PASSWORD }
  const { user } = (await call(`${usher.url}/session`, 'POST', { body })).body
  t.not(user, ann.user, 'its user id is a new one')
})

t.test('[C121] [S54] a name stays taken while messages with it are kept', async (t) => {
  const { clock, usher } = await startOnManualClock(t, SETTINGS)
  const [ann, silent] = [await person(usher, 'ann'), await person(usher, 'silent')]
  await publish(usher, '', ann.bearer)
  await publish(usher, `?user=${silent.user}`, asServer)
  await publish(usher, '?user=acme:1&name=silent', asServer)
  for (const one of [ann, silent]) await remove(usher, one)
  clock.jump(RELEASED_NAME_MS)
  await clock.advance(60_000)
  await until(async () => (await signUp(usher, 'silent')).status === 201)
  t.equal((await signUp(usher, 'ann')).status, 409)
  await call(`${usher.url}${ROOM}/1`, 'DELETE', { headers: asServer })
  clock.jump(DAY_MS)
  await clock.advance(60_000)
  await until(async () => (await signUp(usher, 'ann')).status === 201)
})
