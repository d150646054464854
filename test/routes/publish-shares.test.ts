// What one user, one address and the server keys may have of the bounds that publishing takes.
import { type Test, test } from 'tap'
import { KEYS_MAX } from '../../src/engine/bounds.ts'
import { EngineUnavailable } from '../../src/engine/engine.ts'
import { NO_HOLDER, Reached } from '../../src/engine/shares.ts'
import { type StartedApp, startApp } from '../support/app.ts'
import { asServer, call, person } from '../support/people.ts'
import { limited, ruled, UNLIMITED } from '../support/settings.ts'
import { userOf } from '../support/test-rooms.ts'

const OF_USER = KEYS_MAX / 20

function opened(t: Test) {
  const history = { messages: 100, ageMs: null }
  return startApp(t, {
    ...limited(UNLIMITED),
    ...ruled({ match: 'live:*' }, { match: 'kept:*', history }),
  })
}

/** Publishes with so many keys in a room without history; gives how many were taken. */
function useKeys({ app }: StartedApp, user: string, address: string, count: number): number {
  const sender = { identity: userOf(user), address }
  for (let used = 0; used < count; used += 1) {
    const draft = {
      kind: 'text' as const,
      payload: Buffer.from('x'),
      user: null,
      name: null,
      origin: null,
    }
    const published = app.rooms.publish('live:a', sender, draft, `k${used}`)
    if (!(published instanceof Promise)) throw new Error('a key is looked up')
    published.catch(() => {})
  }
  return app.engine.shares.held('keys')
}

/** The answer to a publish with a key over HTTP. */
async function publishing({ url }: StartedApp, room: string, headers: Record<string, string>) {
  const keyed = { ...headers, 'idempotency-key': 'mine', 'content-type': 'text/plain' }
  const init = { method: 'POST', headers: keyed, body: 'hello' }
  const answer = await fetch(`${url}/rooms/${room}/messages`, init)
  return { status: answer.status, message: ((await answer.json()) as { message?: string }).message }
}

test('[S43] 16 users with all their keys leave keys for other users and server keys', async (t) => {
  const usher = await opened(t)
  const [ann, bob] = [await person(usher), await person(usher)]
  for (let user = 1; user <= 16; user += 1) {
    t.equal(useKeys(usher, `u_${user}`, `192.0.2.${user}`, OF_USER + 100), user * OF_USER)
  }
  t.equal((await publishing(usher, 'live:a', ann.bearer)).status, 201)
  t.equal((await publishing(usher, 'live:b', asServer)).status, 201)
  const body = [{ room: 'live:c', data: 'x', key: 'k', user: 'u_1' }]
  const inTheName = await call(`${usher.url}/messages`, 'POST', { headers: asServer, body })
  t.match(inTheName.body, [{ room: 'live:c', time: Number }], 'a server key counts for no user')

  for (let user = 17; user <= 19; user += 1) {
    useKeys(usher, `u_${user}`, `192.0.2.${user}`, OF_USER)
  }
  t.match(await publishing(usher, 'live:a', bob.bearer), { status: 503, message: /idempotency/ })
  t.equal((await publishing(usher, 'live:d', asServer)).status, 201, 'the reserve')
})

test('[S43] all users of one address together have a tenth of the keys', async (t) => {
  const usher = await opened(t)
  for (const user of ['u_1', 'u_2', 'u_3']) useKeys(usher, user, '192.0.2.1', OF_USER)
  t.equal(useKeys(usher, 'u_4', '192.0.2.1', 10), 2 * OF_USER)
  t.equal(useKeys(usher, 'u_4', '192.0.2.2', 10), 2 * OF_USER + 10, 'from elsewhere it goes on')
})

test('[S43] what waits for the disk counts per address, and server keys have more', async (t) => {
  const usher = await opened(t)
  const { shares } = usher.app.engine
  const here = { ...NO_HOLDER, address: '127.0.0.1' }
  while (!(shares.take('waitingForDisk', here) instanceof Reached));
  const ann = await person(usher)
  t.match(await publishing(usher, 'kept:a', ann.bearer), { status: 429, message: /the disk/ })
  t.equal((await publishing(usher, 'kept:a', asServer)).status, 201)
  const draft = {
    kind: 'text' as const,
    payload: Buffer.from('x'),
    user: null,
    name: null,
    origin: null,
  }
  const away = { identity: userOf('u_ann'), address: '127.0.0.2' }
  t.match(await usher.app.rooms.publish('kept:a', away, draft), { repeated: false })

  for (let net = 3; shares.held('waitingForDisk') < 18_000; net += 1) {
    const holder = { ...NO_HOLDER, address: `127.0.0.${net}` }
    while (!(shares.take('waitingForDisk', holder) instanceof Reached));
  }
  await t.rejects(
    async () => usher.app.rooms.publish('kept:a', away, { ...draft, user: null }),
    EngineUnavailable,
  )
  t.equal((await publishing(usher, 'kept:b', asServer)).status, 201, 'the reserve')
})
