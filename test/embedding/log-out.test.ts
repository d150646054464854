// The end of an application's own session, or of a user's access: tickets that are not used yet are
// void, and no connection lasts for ever.
import { type Test, test } from 'tap'
import type { Revocation } from '../../src/index.ts'
import { startApp } from '../support/app.ts'
import { connect, refused } from '../support/client.ts'
import { ManualClock, moveUntil } from '../support/manual-clock.ts'
import { asServer, call } from '../support/people.ts'
import { type Host, startHost } from './host.ts'

const ROOM = '/rt/rooms/chat:a'
const DAY_MS = 86_400_000

interface Scene extends Host {
  ticket(session: string, body?: object): Promise<string>
}

/** An application whose users are ann and bob, by the session that a request names. */
async function start(t: Test): Promise<Scene> {
  const host = await startHost(t, {
    options: {
      identity: ({ headers }) => {
        const session = headers['x-session']
        if (typeof session !== 'string') return null
        return { user: session.startsWith('ann') ? 'ann' : 'bob', session }
      },
    },
  })
  const ticket: Scene['ticket'] = async (session, body = {}) => {
    const headers = { 'x-session': session, origin: host.url }
    return (await call(`${host.url}/rt/tickets`, 'POST', { headers, body })).body.ticket
  }
  return { ...host, ticket }
}

const status = async ({ url }: Host, ticket: string): Promise<number> =>
  (await refused(`${url}${ROOM}?ticket=${ticket}`)).status

const VOIDED: [string, Revocation, gone: string[], kept: string[]][] = [
  ['a session', { session: 'ann 1' }, ['ann 1'], ['ann 2', 'bob 1']],
  ['a user', { user: 'ann' }, ['ann 1', 'ann 2'], ['bob 1']],
  ['a user in a room', { user: 'ann', room: 'chat:b' }, [], ['ann 1', 'ann 2', 'bob 1']],
]

for (const [what, whose, gone, kept] of VOIDED) {
  test(`[S48] disconnecting ${what} voids the tickets of that alone`, async (t) => {
    const scene = await start(t)
    const before = new Map<string, string>()
    for (const session of [...gone, ...kept]) before.set(session, await scene.ticket(session))
    await scene.app.usher.disconnect(whose)
    for (const session of gone) t.equal(await status(scene, before.get(session) ?? ''), 401)
    for (const session of kept) {
      await (await connect(`${scene.url}${ROOM}?ticket=${before.get(session)}`)).close()
    }
    for (const session of gone) {
      const next = await scene.ticket(session)
      await (await connect(`${scene.url}${ROOM}?ticket=${next}`)).close()
    }
  })
}

test('[S48] disconnecting a user voids what the application and its back end issued', async (t) => {
  const scene = await start(t)
  const order = { headers: asServer, body: { user: 'ann' } }
  const byKey = (await call(`${scene.url}/rt/tickets`, 'POST', order)).body.ticket
  const { ticket } = await scene.app.usher.issueTicket({ user: 'ann' })
  await scene.app.usher.disconnect({ user: 'ann' })
  for (const each of [byKey, ticket]) t.equal(await status(scene, each), 401)
})

test('[S48] by a ticket of a session without an end, a connection lasts a day', async (t) => {
  const clock = new ManualClock()
  const identity = () => ({ user: 'ann', session: 'one' })
  const { url, app } = await startApp(t, {}, { clock, identity })
  t.teardown(() => moveUntil(clock, app.close()))
  const headers = { origin: url }
  const { ticket } = (await call(`${url}/tickets`, 'POST', { headers, body: {} })).body
  const client = await connect(`${url}/rooms/chat:a?ticket=${ticket}`)
  clock.jump(DAY_MS - 60_000)
  client.send('still here')
  t.equal(await client.text(), 'still here')
  clock.jump(60_000)
  await moveUntil(clock, client.closed)
  t.equal((await client.closed).code, 3005)
})
