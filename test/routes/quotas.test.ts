// Quotas of a day at every door: what is refused, with which words, and what goes on.
import { type Test, test } from 'tap'
import type { Limits } from '../../src/protocol/limits.ts'
import { type StartedApp, startApp } from '../support/app.ts'
import { connect } from '../support/client.ts'
import { asServer, call, person } from '../support/people.ts'
import { limited, ruled } from '../support/settings.ts'
import { until } from '../support/until.ts'

const history = { messages: 100, ageMs: null }
const RULES = ruled(
  { match: 'live:*' },
  { match: 'open:*', history, join: ['anyone'], publish: ['anyone'] },
  { match: '*', history },
)
const OVER = { error: 'quota_reached', code: 111 }
const BYTES = { storedBytesPerDayPerUser: 10 }

function opened(t: Test, limits: Partial<Limits>) {
  return startApp(t, { ...limited(limits), ...RULES })
}

async function publish({ url }: StartedApp, room: string, body: string, headers = {}) {
  const typed = { ...headers, 'content-type': 'text/plain' }
  const response = await fetch(`${url}/rooms/${room}/messages`, {
    ...{ method: 'POST', body, headers: typed },
  })
  return { status: response.status, headers: response.headers, body: await response.json() }
}

/** How often a limit was hit, as /metrics says. */
async function hits({ url }: StartedApp, limit: keyof Limits): Promise<number> {
  const text = await (await fetch(`${url}/metrics`, { headers: asServer })).text()
  const found = new RegExp(`usher_limit_hits_total\\{limit="${limit}"\\} (\\d+)`).exec(text)
  return Number(found?.[1] ?? 0)
}

test('[C150] [S45] over a quota of a day REST answers 429 until midnight (UTC)', async (t) => {
  const usher = await opened(t, { ...BYTES, newRoomsPerDayPerUser: 2 })
  const [ann, bob] = [await person(usher), await person(usher)]
  t.equal((await publish(usher, 'chat:a', '123456', ann.bearer)).status, 201)
  const before = Math.ceil((86_400_000 - (Date.now() % 86_400_000)) / 1_000)
  const bytes = await publish(usher, 'chat:a', '123456', ann.bearer)
  t.match(bytes, { status: 429, body: { ...OVER, message: /messages of today/ } })
  const retryAfter = Number(bytes.headers.get('retry-after'))
  t.ok(retryAfter > 0 && retryAfter <= Math.max(before, 86_400), '[C3]')
  t.equal((await publish(usher, 'chat:b', '', ann.bearer)).status, 201)
  const rooms = await publish(usher, 'chat:c', '', ann.bearer)
  t.match(rooms, { status: 429, body: { ...OVER, message: /rooms/ } })
  t.equal((await publish(usher, 'live:a', '123456', ann.bearer)).status, 201)
  t.equal((await publish(usher, 'chat:a', '123456', bob.bearer)).status, 201)
  const page = await call(`${usher.url}/rooms/chat:a/messages`, 'GET', { headers: ann.bearer })
  t.match(page, { status: 200, body: { offset: 2 } }, 'reading goes on')
  t.equal(await hits(usher, 'storedBytesPerDayPerUser'), 1)
  t.equal(await hits(usher, 'newRoomsPerDayPerUser'), 1)
})

test('[C150] [S45] over a quota a raw connection is closed with 4500', async (t) => {
  const usher = await opened(t, BYTES)
  const [ann, bob] = [await person(usher), await person(usher)]
  const rooms = ['chat:a', 'live:a'].map((room) => `${usher.url}/rooms/${room}`)
  const [kept = '', live = ''] = rooms
  const member = await connect(kept, { headers: ann.bearer })
  const other = await connect(kept, { headers: bob.bearer })
  member.send('1234567890')
  t.equal(await other.text(), '1234567890')
  member.send('x')
  t.same(await member.closed, { code: 4500, reason: 'quota reached' })
  await until(async () => (await hits(usher, 'storedBytesPerDayPerUser')) === 1)
  const again = await connect(live, { headers: ann.bearer })
  again.send('x')
  t.equal(await again.text(), 'x', 'rooms without history go on')
  other.send('hello')
  t.equal(await other.text(), 'hello', 'and so do the others')
})

test('[C150] [S45] without a user the address has the quota', async (t) => {
  const usher = await opened(t, BYTES)
  const enter = () => connect(`${usher.url}/rooms/open:a`)
  const guests = [await enter(), await enter(), await enter()]
  guests[0]?.send('1234567890')
  for (const guest of guests) t.equal(await guest.text(), '1234567890')
  for (const guest of guests.slice(1)) {
    guest.send('1')
    t.equal((await guest.closed).code, 4500)
  }
  const ann = await person(usher)
  t.equal((await publish(usher, 'open:a', '1', ann.bearer)).status, 201)
})

test('[C150] server keys and the application have no quota', async (t) => {
  const usher = await opened(t, { ...BYTES, newRoomsPerDayPerUser: 1 })
  const body = [1, 2, 3].map((n) => ({ room: `chat:${n}`, data: '12345678901', user: 'u_ann' }))
  const batch = await call(`${usher.url}/messages`, 'POST', { headers: asServer, body })
  t.match(batch.body, [{ offset: 1 }, { offset: 1 }, { offset: 1 }])
  t.match(await usher.app.usher.publish('chat:4', '12345678901', { user: 'u_ann' }), { offset: 1 })
  const backend = await connect(`${usher.url}/rooms/chat:5`, { headers: asServer })
  backend.send('12345678901')
  t.equal(await backend.text(), '12345678901')
})
