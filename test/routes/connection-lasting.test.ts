// How long a connection of many rooms lasts, and its memberships: tokens that are renewed in place,
// and tickets that are a right for one room.
import { type Test, test } from 'tap'
import { startApp, startOnManualClock } from '../support/app.ts'
import { moveUntil } from '../support/manual-clock.ts'
import { asServer, call, person, ticketOf } from '../support/people.ts'
import { connectRich, openRich } from '../support/rich-client.ts'
import { setUp } from '../support/third-party-scene.ts'

const MINUTE = 60_000
/** Pongs take real time, which a manual clock does not follow. */
const SELDOM = { pingSeconds: 3_600, pongSeconds: 3_600 }
/** A token's lifetime, short since a manual clock moves a second at a time. */
const LIFE_SECONDS = 60

async function scene(t: Test) {
  const { clock, usher, tokenOf } = await setUp(t)
  t.teardown(() => moveUntil(clock, usher.app.close()))
  const token = (claims: object = {}) => {
    const exp = Math.floor(clock.now() / 1_000) + LIFE_SECONDS
    return tokenOf(undefined, { exp, ...claims })
  }
  return { clock, usher, token }
}

test('[C312] a token of an issuer is renewed in place, or its connection ends', async (t) => {
  const { clock, usher, token } = await scene(t)
  const rich = await openRich(usher.url)
  const { connect } = await rich.ask('connect', { token: await token() })
  t.match(connect, { expires: true })
  t.ok(connect.ttl > 0)
  await clock.advance((connect.ttl - 5) * 1_000)
  const { refresh } = await rich.ask('refresh', { token: await token() })
  t.match(refresh, { expires: true, client: connect.client })
  await clock.advance(50_000)
  t.match(await rich.ask('history', { channel: 'chat:a' }), { history: {} }, 'it goes on')
  await clock.advance((refresh.ttl + 30) * 1_000)
  t.match(await rich.closed, { code: 3005 })
})

test('[C311] a token that is only late is answered 109; one of another user closes', async (t) => {
  const { clock, usher, token } = await scene(t)
  const late = await token()
  const { connect } = await (await openRich(usher.url)).ask('connect', { token: late })
  await clock.advance((connect.ttl + 60) * 1_000)
  const rich = await openRich(usher.url)
  t.match(await rich.ask('connect', { token: late }), { error: { code: 109 } })
  const good = await openRich(usher.url)
  await good.ask('connect', { token: await token() })
  t.match(await good.ask('refresh', { token: late }), { error: { code: 109 } })
  good.ask('refresh', { token: await token({ sub: 'another' }) }).catch(() => {})
  t.match(await good.closed, { code: 3500 })
})

test('[C317] one ticket is a right for many rooms, and is not used up there', async (t) => {
  const usher = await startApp(t)
  const { user } = await person(usher)
  const rooms = ['closed:a', 'closed:b']
  const order = { user, rooms, connectionTtl: 3_600 }
  const ticket = await ticketOf(usher, asServer, order)
  const narrow = await ticketOf(usher, asServer, { user, rooms: ['chat:a'] })
  const rich = await connectRich(usher.url, { token: narrow })
  t.match(await rich.ask('subscribe', { channel: 'closed:a' }), { error: { code: 103 } })
  for (const channel of rooms) {
    const { subscribe } = await rich.ask('subscribe', { channel, token: ticket })
    t.match(subscribe, { expires: true, positioned: true })
  }
  t.match(await rich.ask('subscribe', { channel: 'chat:b', token: ticket }), {
    error: { code: 103 },
  })
  const wrong = { channel: 'chat:a', token: 'no ticket' }
  t.match(await rich.ask('subscribe', wrong), { error: { code: 103 } })
  const other = await ticketOf(usher, asServer, { ...order, user: 'another' })
  t.match(await rich.ask('subscribe', { channel: 'chat:a', token: other }), {
    error: { code: 103 },
  })
  t.match(await rich.ask('subscribe', { channel: 'chat:a' }), { subscribe: {} })
})

test('[C317] a membership by ticket ends with the time of the ticket, or is renewed', async (t) => {
  const { clock, usher } = await startOnManualClock(t, { heartbeat: SELDOM })
  const { user } = await person(usher)
  const rooms = ['chat:a', 'chat:b']
  const ticket = () => ticketOf(usher, asServer, { user, rooms, connectionTtl: 120 })
  const main = await ticketOf(usher, asServer, { user, rooms: ['chat:c'] })
  const rich = await connectRich(usher.url, { token: main })
  for (const channel of rooms) {
    await rich.ask('subscribe', { channel, token: await ticket() })
  }
  await clock.advance(MINUTE)
  const renewed = await rich.ask('sub_refresh', { channel: 'chat:b', token: await ticket() })
  t.match(renewed, { sub_refresh: { expires: true } })
  await clock.advance(MINUTE + 2_000)
  t.match(await rich.push(), { channel: 'chat:a', unsubscribe: { code: 2501 } })
  t.match(await rich.ask('subscribe', { channel: 'chat:b' }), { error: { code: 105 } })
})

test('[C317] a membership ends with the session of its ticket, not the connection', async (t) => {
  const usher = await startApp(t)
  const ann = await person(usher)
  const rich = await connectRich(usher.url, { headers: ann.browser })
  const ticket = await ticketOf(usher, ann.bearer, { rooms: ['chat:a'] })
  t.match(await rich.ask('subscribe', { channel: 'chat:a', token: ticket }), { subscribe: {} })
  await rich.ask('subscribe', { channel: 'chat:b' })
  await call(`${usher.url}/session`, 'DELETE', { headers: ann.bearer })
  t.match(await rich.push(), { channel: 'chat:a', unsubscribe: { code: 2501 } })
  t.match(await rich.ask('publish', { channel: 'chat:b', data: 1 }), { publish: {} })
  t.match(await rich.push(), { channel: 'chat:b', pub: { data: 1 } })
})
