// A service whose store is as large as it may be: what is refused, what goes on, and the way back.
import { type Test, test } from 'tap'
import { type StartedApp, startApp } from '../support/app.ts'
import { connect } from '../support/client.ts'
import { asServer, call, PASSWORD, type Person, person } from '../support/people.ts'
import { limited, ruled, UNLIMITED } from '../support/settings.ts'
import { until } from '../support/until.ts'

const STORE_BYTES = 40 * 1_048_576
const TEXT = 'x'.repeat(65_536)
const AT_ONCE = 16
const CAROL = { username: 'carol', password: PASSWORD }

interface Scene {
  usher: StartedApp
  ann: Person
  kept: string
  live: string
}

/** With a key: what the first one was answered, the later ones are while the key holds. */
function publishOnce(room: string, { bearer }: Person): Promise<{ status: number; body: object }> {
  const headers = { ...bearer, 'idempotency-key': 'k' }
  return call(`${room}/messages`, 'POST', { headers, body: 'once' })
}

function publish(room: string, { bearer }: Person, body = TEXT): Promise<Response> {
  const headers = { ...bearer, 'content-type': 'text/plain' }
  return fetch(`${room}/messages`, { method: 'POST', body, headers })
}

/** Publishes until it is refused; gives the newest offset and the refusal. */
async function fill({ kept, ann }: Scene): Promise<{ newest: number; refused: Response }> {
  let newest = 0
  const refusals: Response[] = []
  const publishOn = async (): Promise<void> => {
    while (refusals.length === 0) {
      const answer = await publish(kept, ann)
      if (answer.status !== 201) refusals.push(answer)
      else newest = Math.max(newest, ((await answer.json()) as { offset: number }).offset)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, publishOn))
  return { newest, refused: refusals[0] as Response }
}

async function refusals(t: Test, { usher: { url }, ann, kept, live }: Scene): Promise<void> {
  const state = await call(`${url}/health/ready`, 'GET')
  t.match(state, { status: 503, body: { status: 'degraded', reason: /storeBytes is 41943040/ } })
  const signUp = await call(`${url}/accounts`, 'POST', { body: CAROL })
  t.match(signUp, { status: 507, body: { error: 'store_full' } })
  const other = await connect(live, { headers: ann.browser })
  const body = ['chat:b', 'live:a'].map((room) => ({ room, data: 'still here' }))
  const batch = await call(`${url}/messages`, 'POST', { headers: asServer, body })
  t.match(batch.body, [
    { error: 'store_full', code: 100 },
    { room: 'live:a', time: Number },
  ])
  t.equal(await other.text(), 'still here', 'rooms without history go on')
  const member = await connect(kept, { headers: ann.browser })
  member.send('x')
  t.equal((await member.closed).code, 3004, 'a raw connection comes back')
}

async function whatGoesOn(t: Test, { usher: { url }, ann, kept }: Scene, newest: number) {
  const body = { username: ann.username, password: PASSWORD }
  t.equal((await call(`${url}/session`, 'POST', { body })).status, 200, 'log-in')
  const page = await call(`${kept}/messages?limit=1`, 'GET', { headers: ann.bearer })
  t.match(page, { status: 200, body: { offset: newest } }, 'reading')
  const metrics = await (await fetch(`${url}/metrics`, { headers: asServer })).text()
  const bytes = Number(/^usher_store_bytes (\d+)$/m.exec(metrics)?.[1])
  t.ok(bytes >= STORE_BYTES, `${bytes} bytes`)
  t.match(metrics, /^usher_store_free_bytes [1-9]/m)
  t.match(metrics, /^usher_limit_hits_total\{limit="storeBytes"\} [1-9]/m)
  for (let offset = 1; offset <= newest; offset += 1) {
    const redacted = await call(`${kept}/messages/${offset}`, 'DELETE', { headers: ann.bearer })
    if (redacted.status !== 204) t.fail(`redaction: ${redacted.status}`)
  }
}

test('[C151] [S45] a full store keeps no more, and goes on when it fits again', async (t) => {
  const usher = await startApp(t, {
    ...limited({ ...UNLIMITED, storeBytes: STORE_BYTES }),
    ...ruled({ match: 'live:*' }, { match: '*', history: { messages: 100_000, ageMs: null } }),
    engine: { kind: 'sqlite', folder: t.testdir(), lockWaitMs: 0 },
  })
  const { url } = usher
  const ann = await person(usher)
  const scene = { usher, ann, kept: `${url}/rooms/chat:a`, live: `${url}/rooms/live:a` }
  const first = await publishOnce(scene.kept, ann)
  const { newest, refused } = await fill(scene)
  t.equal(refused.status, 507)
  t.match(await refused.json(), { error: 'store_full', code: 100, message: /store is full/ })
  t.equal(refused.headers.get('retry-after'), '30')
  await refusals(t, scene)
  t.equal((await publishOnce(scene.kept, ann)).status, 507, '[C245] a known key')
  await whatGoesOn(t, scene, newest)
  await until(async () => (await publish(scene.kept, ann, 'it fits')).status === 201)
  t.match(await publishOnce(scene.kept, ann), { status: 200, body: first.body })
  t.equal((await call(`${url}/health/ready`, 'GET')).status, 200)
  t.equal((await call(`${url}/accounts`, 'POST', { body: CAROL })).status, 201)
})
