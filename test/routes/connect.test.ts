// The connect command at its real door: which credential counts, and what is a reply or a close.
import { test } from 'tap'
import { RULE_DEFAULTS, type Rule } from '../../src/room/rule.ts'
import { startApp, startOnManualClock } from '../support/app.ts'
import { connect, refused } from '../support/client.ts'
import { asServer, call, person, ticketOf } from '../support/people.ts'
import { connectRich, openRich, RichClient } from '../support/rich-client.ts'
import { limited } from '../support/settings.ts'
import { until } from '../support/until.ts'

const GUESTS = {
  rules: [{ ...RULE_DEFAULTS, match: 'open:*', join: ['anyone'], publish: ['anyone'] }] as Rule[],
}

test('a cookie counts for a page of ours, and a token before it', async (t) => {
  const usher = await startApp(t)
  const ann = await person(usher)
  const bob = await person(usher)
  const inBrowser = await openRich(usher.url, { headers: ann.browser })
  const { connect } = await inBrowser.ask('connect', { name: 'js' })
  t.match(connect, { client: String, version: /./, ping: 25, pong: true })
  t.same(Object.keys(connect.subs), [`user:${ann.user}`])
  const token = bob.bearer.authorization.split(' ')[1] as string
  const asBob = await openRich(usher.url, { headers: ann.browser })
  const answer = await asBob.ask('connect', { token })
  t.same(Object.keys(answer.connect.subs), [`user:${bob.user}`])
  t.equal(answer.connect.expires, undefined, 'its session lasts, whatever the token does')
})

test('from a page elsewhere the cookie is not looked at', async (t) => {
  const usher = await startApp(t)
  const ann = await person(usher)
  const headers = { ...ann.browser, origin: 'https://elsewhere.example' }
  const rich = await openRich(usher.url, { headers })
  rich.ask('connect').catch(() => {})
  t.match(await rich.closed, { code: 3500, reason: /./ })
  const ticket = await ticketOf(usher, ann.bearer)
  const byTicket = await openRich(usher.url, { headers })
  t.match(await byTicket.ask('connect', { token: ticket }), { connect: { pong: true } })
})

test('a ticket opens one connection, and a used or late one asks for the next', async (t) => {
  const { clock, usher } = await startOnManualClock(t)
  const ann = await person(usher)
  const ticket = await ticketOf(usher, ann.bearer)
  const first = await openRich(usher.url)
  t.match(await first.ask('connect', { token: ticket }), { connect: { pong: true } })
  const again = await openRich(usher.url)
  t.match(await again.ask('connect', { token: ticket }), { error: { code: 109 } })
  again.ask('subscribe', { channel: 'chat:a' }).catch(() => {})
  const late = await ticketOf(usher, ann.bearer)
  await clock.advance(31_000)
  const rich = await openRich(usher.url)
  t.match(await rich.ask('connect', { token: late }), { error: { code: 109, message: /./ } })
  t.notMatch(usher.log(), /"audit":"ticket-replayed"/)
})

test('what is wrong for good is a close that an SDK stays away after', async (t) => {
  const usher = await startApp(t)
  const forged = await openRich(usher.url)
  forged.ask('connect', { token: `ut_${'A'.repeat(51)}` }).catch(() => {})
  t.match(await forged.closed, { code: 3500 })
  const nothing = await openRich(usher.url)
  nothing.ask('connect').catch(() => {})
  t.match(await nothing.closed, { code: 3500 })
  const stale = await openRich(usher.url, {
    headers: { cookie: `usher=${'A'.repeat(43)}`, origin: usher.url },
  })
  stale.ask('connect').catch(() => {})
  t.match(await stale.closed, { code: 3500 })
  const unasked = await openRich(usher.url)
  unasked.ask('publish', { channel: 'chat:a', data: 1 }).catch(() => {})
  t.match(await unasked.closed, { code: 3501 })
  const twice = await connectRich(usher.url, { headers: (await person(usher)).browser })
  twice.ask('connect').catch(() => {})
  t.match(await twice.closed, { code: 3501 })
})

test('without a credential there is a connection where a rule lets anyone in', async (t) => {
  const usher = await startApp(t, GUESTS)
  const rich = await connectRich(usher.url)
  t.match(await rich.ask('subscribe', { channel: 'open:a' }), { subscribe: {} })
  t.match(await rich.ask('publish', { channel: 'open:a', data: { n: 1 } }), { publish: {} })
  const { pub } = await rich.push()
  t.match(pub, { data: { n: 1 }, info: { user: '', client: /./ } })
  t.match(await rich.ask('subscribe', { channel: 'chat:a' }), { error: { code: 103 } })
})

test('a connection that does not say who it is ends after thirty seconds', async (t) => {
  const { clock, usher } = await startOnManualClock(t)
  const rich = await openRich(usher.url, { headers: (await person(usher)).browser })
  await clock.advance(29_000)
  t.equal(usher.app.engine.shares.held('pending'), 1, 'a cookie alone does not decide it')
  await clock.advance(2_000)
  t.match(await rich.closed, { code: 3005 })
  t.equal(usher.app.engine.shares.held('pending'), 0)
})

test('a log-out closes 3503, a message by REST finds its user', async (t) => {
  const usher = await startApp(t)
  const ann = await person(usher)
  const rich = await connectRich(usher.url, { headers: ann.browser })
  const own = `user:${ann.user}`
  const said = await call(`${usher.url}/rooms/${own}/messages`, 'POST', {
    ...{ headers: asServer, body: { hello: 'Ann' } },
  })
  t.equal(said.status, 201)
  t.match(await rich.push(), { channel: own, pub: { data: { hello: 'Ann' } } })
  await call(`${usher.url}/session`, 'DELETE', { headers: ann.browser })
  t.match(await rich.closed, { code: 3503 })
  await until(() => usher.app.connections.size === 0, { what: 'the end of the connection' })
})

test('the path is for WebSockets, and takes no token in its URL', async (t) => {
  const usher = await startApp(t)
  const { status, body } = await call(`${usher.url}/connection/websocket`, 'GET')
  t.same([status, body.error], [400, 'bad_request'])
  const inUrl = await connect(`${usher.url}/connection/websocket?token=any`)
  t.match(await new RichClient(inUrl).ask('connect'), { error: { code: 107 } })
  const answer = await refused(`${usher.url}/connection/nowhere`)
  t.equal(answer.status, 404)
})

test('a connect that fails when its user is known ends, and the client comes back', async (t) => {
  const usher = await startApp(t, limited({ readBytesPerSecondPerUser: 1 }))
  const ann = await person(usher)
  const own = `user:${ann.user}`
  const said = { headers: asServer, body: 'x'.repeat(100) }
  await call(`${usher.url}/rooms/${own}/messages`, 'POST', said)
  const subs = { [own]: { recover: true, epoch: '', offset: 0 } }
  const first = await openRich(usher.url, { headers: ann.browser })
  t.match(await first.ask('connect', { subs }), { connect: { subs: { [own]: { offset: 0 } } } })
  const second = await openRich(usher.url, { headers: ann.browser })
  const answer = await second.ask('connect', { subs })
  t.match(answer, { error: { code: 111, temporary: true } })
  t.match(await second.closed, { code: 3004 })
})
