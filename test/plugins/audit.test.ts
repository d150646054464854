// The audit log: one line for each event that an operator may have to prove, and no payload.
import { type Test, test } from 'tap'
import type { Config } from '../../src/config/config.ts'
import { type StartedApp, startApp } from '../support/app.ts'
import { connect, refused } from '../support/client.ts'
import { follow } from '../support/follow.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { asServer, call, PASSWORD, signedUp, ticketOf } from '../support/people.ts'
import { limited, ruled } from '../support/settings.ts'
import { until } from '../support/until.ts'

type Line = Record<string, unknown> & { audit: string }

const SAID = 'what was said in the room'

function auditOf({ log }: StartedApp, audit: string): Line[] {
  const lines = log().trim().split('\n')
  return lines.map((line) => JSON.parse(line)).filter((line) => line.audit === audit)
}

/** The lines of one kind, as soon as there are that many. */
async function told(usher: StartedApp, audit: string, count = 1): Promise<Line[]> {
  await until(() => auditOf(usher, audit).length >= count)
  return auditOf(usher, audit)
}

test('[S36] a connection is told when it opens and ends: user, address, origin', async (t) => {
  const usher = await startApp(t)
  usher.keepSecret(SAID)
  const { user, browser, bearer } = await signedUp(usher)
  const room = `${usher.url}/rooms/chat:a`
  const client = await connect(room, { headers: browser })
  client.send(SAID)
  await client.text()
  await client.close()
  const [opened] = await told(usher, 'connected')
  const who = { connection: opened?.connection, user, proof: 'cookie' }
  t.match(opened, { ...who, room: 'chat:a', ip: '127.0.0.1', origin: usher.url, level: 30 })
  t.match(opened?.session, /^s_/)
  const [closed] = await told(usher, 'disconnected')
  t.match(closed, { ...who, network: '127.0.0.1', code: 1000, byServer: false, messagesIn: 1 })
  const first = await connect(`${room}?auth=message`, { origin: 'https://app.example' })
  first.send(JSON.stringify({ ticket: await ticketOf(usher, bearer) }))
  const [, second] = await told(usher, 'connected', 2)
  t.match(second, { user, proof: 'ticket', ip: '127.0.0.1', origin: 'https://app.example' })
  await first.close()
  const server = await connect(room, { headers: asServer })
  await server.close()
  const [, , third] = await told(usher, 'connected', 3)
  t.match(third, { user: null, server: 'backend', proof: 'key', origin: null })
})

test('[S36] a log-in is told, and one that fails; the name that was tried is not', async (t) => {
  const usher = await startApp(t)
  const { user, username } = await signedUp(usher)
  const logIn = (body: object) => call(`${usher.url}/session`, 'POST', { body })
  t.match(auditOf(usher, 'logged-in'), [
    { user, client: 'web', session: /^s_/, ip: '127.0.0.1' },
    { user, client: 'app', session: /^s_/, ip: '127.0.0.1' },
  ])
  usher.keepSecret('typed-into-the-wrong-field')
  await logIn({ username: 'typed-into-the-wrong-field', password: PASSWORD })
  await logIn({ username, password: 'wrong password' })
  const failed = auditOf(usher, 'auth-failed')
  t.equal(failed.length, 2)
  for (const line of failed) {
    t.match(line, { error: 'unauthorized', method: 'POST', path: '/session', ip: '127.0.0.1' })
  }
})

test('[S36] a refused credential is told, at every endpoint', async (t) => {
  const usher = await startApp(t)
  const room = `${usher.url}/rooms/chat:a`
  await refused(room, { headers: { authorization: 'Bearer wrong' } })
  await refused(`${room}?ticket=ut_wrong`)
  const said = await connect(`${room}?auth=message`)
  said.send('not even a credential')
  t.equal((await said.closed).code, 3500)
  const [bearer, ticket, message] = await told(usher, 'auth-failed', 3)
  t.match(bearer, { error: 'unauthorized', path: '/rooms/chat:a' })
  t.match(ticket, { error: 'ticket_invalid', path: '/rooms/chat:a' })
  t.match(message, {
    error: 'unauthorized',
    room: 'chat:a',
    connection: /^[0-9a-z]{9,}$/,
    ip: '127.0.0.1',
  })
  const [gone] = await told(usher, 'disconnected')
  t.match(gone, { connection: message?.connection, code: 3500, byServer: true })
})

test('[S36] [S7] a ticket that comes back is an alarm, at every endpoint', async (t) => {
  const usher = await startApp(t)
  const { bearer } = await signedUp(usher)
  const room = `${usher.url}/rooms/chat:a`
  const ticket = await ticketOf(usher, bearer)
  await (await connect(`${room}?ticket=${ticket}`)).close()
  await refused(`${room}?ticket=${ticket}`)
  const said = await connect(`${room}?auth=message`)
  said.send(JSON.stringify({ ticket }))
  await said.closed
  const [url, message] = await told(usher, 'ticket-replayed', 2)
  const alarm = { error: 'ticket_used', ip: '127.0.0.1', level: 40 }
  t.match(url, { ...alarm, path: '/rooms/chat:a' })
  t.match(message, { ...alarm, room: 'chat:a', connection: /^[0-9a-z]{9,}$/ })
})

test('[S36] [C177] the ticket of a stream that is asked for again is no alarm', async (t) => {
  const usher = await startApp(t)
  const ticket = await ticketOf(usher, asServer, { user: 'ann' })
  const url = `${usher.url}/rooms/chat:a?ticket=${ticket}`
  const following = await follow(url, {})
  t.equal(following.response.status, 200)
  following.stop()
  const again = await follow(url, {})
  t.equal(again.response.status, 401)
  const [line] = await told(usher, 'ticket-retried')
  t.match(line, { error: 'ticket_used', path: '/rooms/chat:a', level: 30 })
  t.same(auditOf(usher, 'ticket-replayed'), [])
})

test('[S36] [S17] a refresh token that comes back is an alarm', async (t) => {
  const clock = new ManualClock()
  const usher = await startApp(t, {}, { clock })
  const { user, username } = await signedUp(usher)
  const body = { username, password: PASSWORD, client: 'app' }
  const { refreshToken } = (await call(`${usher.url}/session`, 'POST', { body })).body
  const session = auditOf(usher, 'logged-in').at(-1)?.session
  const refresh = () => call(`${usher.url}/session/refresh`, 'POST', { body: { refreshToken } })
  t.equal((await refresh()).status, 200)
  await clock.advance(11_000)
  t.equal((await refresh()).status, 401)
  usher.keepSecret(refreshToken)
  t.match(auditOf(usher, 'refresh-token-replayed'), [{ session, level: 40, ip: '127.0.0.1' }])
  t.match(auditOf(usher, 'revoked'), [{ session }])
  t.ok(user)
})

test('[S36] an action that a user may not do is logged, with the user', async (t) => {
  const rules = ruled({ match: 'chat:*' }, { match: 'live:*', publish: ['server'] })
  const usher = await startApp(t, rules)
  const { user, bearer, browser } = await signedUp(usher)
  await refused(`${usher.url}/rooms/nowhere`, { headers: bearer })
  await call(`${usher.url}/users/u_other/ban`, 'PUT', { headers: bearer })
  const evil = { ...browser, origin: 'https://evil.example' }
  await refused(`${usher.url}/rooms/chat:a`, { headers: evil })
  const [room, ban, origin] = await told(usher, 'denied', 3)
  t.match(room, { user, path: '/rooms/nowhere', error: 'forbidden', ip: '127.0.0.1' })
  t.match(ban, { user, path: '/users/u_other/ban', method: 'PUT' })
  t.match(origin, { user: null, origin: 'https://evil.example', why: /cookie/ })
  const mute = await connect(`${usher.url}/rooms/live:a`, { headers: bearer })
  mute.send('may not')
  await mute.closed
  const [gone] = await told(usher, 'disconnected')
  t.match(gone, { user, code: 3507, reason: 'permission denied' })
  const said = await connect(`${usher.url}/rooms/nowhere?auth=message`)
  said.send(JSON.stringify({ ticket: await ticketOf(usher, bearer) }))
  await said.closed
  const [, , , last] = await told(usher, 'denied', 4)
  t.match(last, { user, room: 'nowhere', error: 'forbidden' })
})

function floodable(t: Test, clock: ManualClock): Promise<StartedApp> {
  const config: Partial<Config> = limited({ connectionsPerUser: 1, messagesPerSecond: 5 })
  return startApp(t, config, { clock })
}

test('[S36] a limit is told by its name; a flood is counted, not repeated', async (t) => {
  const clock = new ManualClock()
  const usher = await floodable(t, clock)
  const { user, bearer } = await signedUp(usher)
  const room = `${usher.url}/rooms/chat:a`
  const client = await connect(room, { headers: bearer })
  for (let n = 0; n < 30; n += 1) await refused(room, { headers: bearer })
  const hits = auditOf(usher, 'limit-hit')
  t.equal(hits.length, 10, 'of thirty')
  const [first] = hits
  t.match(first, { limit: 'connectionsPerUser', user, error: 'too_many_requests' })
  t.equal(first?.unwritten, undefined)
  await clock.advance(60_000)
  await refused(room, { headers: bearer })
  t.equal(auditOf(usher, 'limit-hit').at(-1)?.unwritten, 20)
  for (let n = 0; n < 50; n += 1) client.send(SAID)
  await client.closed
  const [gone] = await told(usher, 'disconnected')
  t.match(gone, { user, code: 3013, limit: 'messagesPerSecond' })
  t.equal(auditOf(usher, 'disconnected').length, 1, 'one line for the whole flood')
})

test('[S36] [S51] connections of strangers are counted, not told one by one', async (t) => {
  const usher = await startApp(t, ruled({ match: '*', join: ['anyone'] }))
  const { url, app } = usher
  for (let number = 0; number < 30; number += 1) {
    await (await connect(`${url}/rooms/chat:a?auth=message`)).close()
    await (await connect(`${url}/rooms/chat:a`)).close()
  }
  await (await connect(`${url}/rooms/chat:a`, { headers: asServer })).close()
  await until(() => app.connections.size === 0)
  t.equal(auditOf(usher, 'connected').length, 11)
  t.equal(auditOf(usher, 'disconnected').length, 11)
  t.match(await app.metrics.registry.metrics(), /usher_log_lines_left_out_total\{\w+="audit"\} 70/)
})

test('[S36] the number of lines left out is logged at the end', async (t) => {
  const usher = await floodable(t, new ManualClock())
  for (let n = 0; n < 12; n += 1) await call(`${usher.url}/session`, 'GET')
  t.equal(auditOf(usher, 'auth-failed').length, 10)
  await usher.app.close()
  t.match(auditOf(usher, 'auth-failed').at(-1), { unwritten: 2 })
})

test('[S36] [S34] a change by a server key is logged with its name', async (t) => {
  const usher = await startApp(t)
  const { url } = usher
  const { user } = await signedUp(usher)
  await call(`${url}/users/${user}/ban`, 'PUT', { headers: asServer })
  await call(`${url}/users/${user}/ban`, 'DELETE', { headers: asServer })
  await ticketOf(usher, asServer, { user: 'app:1' })
  await call(`${url}/rooms/chat:a`, 'GET', { headers: asServer })
  await call(`${url}/rooms/chat:a/messages`, 'POST', { headers: asServer, body: SAID })
  const by = { server: 'backend', ip: '127.0.0.1' }
  const lines = await told(usher, 'administered', 3)
  t.match(lines, [
    { ...by, method: 'PUT', path: `/users/${user}/ban`, status: 204 },
    { ...by, method: 'DELETE', path: `/users/${user}/ban`, status: 204 },
    { ...by, method: 'POST', path: '/tickets', status: 201 },
  ])
  t.equal(lines.length, 3, 'reading and publishing are everyday')
  t.match(auditOf(usher, 'revoked'), [{ user }])
})

test('[S36] a log-out is told as a revocation of its session', async (t) => {
  const usher = await startApp(t)
  const { bearer } = await signedUp(usher)
  const client = await connect(`${usher.url}/rooms/chat:a`, { headers: bearer })
  await call(`${usher.url}/session`, 'DELETE', { headers: bearer })
  await client.closed
  const [opened] = auditOf(usher, 'connected')
  t.match(await told(usher, 'revoked'), [{ session: opened?.session }])
  t.match(await told(usher, 'disconnected'), [{ code: 3503, reason: 'forced' }])
})

test('[S36] at level warn only the alarms are written', async (t) => {
  const usher = await startApp(t, { logLevel: 'warn' })
  const { bearer } = await signedUp(usher)
  const room = `${usher.url}/rooms/chat:a`
  const ticket = await ticketOf(usher, bearer)
  await (await connect(`${room}?ticket=${ticket}`)).close()
  await refused(`${room}?ticket=${ticket}`)
  await until(() => usher.log() !== '')
  const lines = usher.log().trim().split('\n')
  const audits = lines.map((line) => JSON.parse(line).audit)
  t.match(audits, ['ticket-replayed'])
})
