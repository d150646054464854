// The log at its most talkative: all the events that may be asked for are in it, and no credential.
import t from 'tap'
import { LOG_SHAPES } from '../../plugins/logging/shapes.ts'
import { startApp, startOnManualClock } from '../support/app.ts'
import { connect, refused } from '../support/client.ts'
import { asServer, call, person, ticketOf } from '../support/people.ts'
import { rawRequest } from '../support/raw-client.ts'
import { until } from '../support/until.ts'

const SECRETS = {
  token: 'wrong-token-0123456789',
  cookie: 'wrong-cookie-0123456789',
  ticket: 'ut_wrong-ticket-0123456789',
  password: 'wrong-password-0123456789',
  basic: 'd3Jvbmc6YmFzaWMtcGFzc3dvcmQ=',
  inUrl: 'wrong-token-in-the-url',
}

t.test('[S9] [S36] good credentials leave no trace of themselves, at any endpoint', async (t) => {
  const usher = await startApp(t)
  const { user, browser, bearer } = await person(usher)
  const room = `${usher.url}/rooms/chat:a`
  const inUrl = await ticketOf(usher, bearer)
  const offered = `usher.ticket.${await ticketOf(usher, browser)}`
  const first = await ticketOf(usher, bearer)
  await (await connect(room, { headers: browser })).close()
  await (await connect(`${room}?ticket=${inUrl}`)).close()
  await (await connect(room, { protocols: ['usher.raw', offered] })).close()
  const said = await connect(`${room}?auth=message`)
  said.send(JSON.stringify({ ticket: first }))
  const members = async () => (await call(room, 'GET', { headers: asServer })).body.members
  await until(async () => (await members()) === 1)
  await call(`${room}/messages`, 'POST', { headers: asServer, body: 'the message itself' })
  t.match(await said.text(), /the message/)
  await said.close()
  await call(`${usher.url}/session`, 'DELETE', { headers: bearer })
  await until(() => usher.log().split('connection closed').length === 5)
  t.match(usher.log(), new RegExp(`"user":"${user}"`))
  t.notMatch(usher.log(), /the message itself|ut_|eyJ|usher=/)
})

t.test('[S9] refused credentials leave no trace of themselves, at any endpoint', async (t) => {
  const usher = await startApp(t)
  usher.keepSecret(...Object.values(SECRETS))
  const { token, cookie, ticket, password, basic, inUrl } = SECRETS
  const { username } = await person(usher)
  const { url } = usher
  const room = `${url}/rooms/chat:a`
  const all = [
    { authorization: `Bearer ${token}` },
    { authorization: `Basic ${basic}` },
    { cookie: `usher=${cookie}`, origin: url },
    { cookie: `usher=${cookie}`, origin: 'https://evil.example' },
  ]
  for (const headers of all) {
    t.match((await refused(room, { headers })).status, /^40[13]$/)
    t.match((await call(`${url}/session`, 'GET', { headers })).status, /^40[13]$/)
  }
  t.equal((await refused(`${room}?ticket=${ticket}`)).status, 401)
  const protocols = ['usher.raw', `usher.ticket.${ticket}`]
  t.equal((await refused(room, { protocols })).status, 401)
  t.equal((await refused(room, { protocols: protocols.slice(1) })).status, 400)
  t.equal((await refused(`${room}?access_token=${inUrl}`)).status, 400)
  t.equal((await call(`${url}/nowhere?token=${inUrl}`, 'GET')).status, 404)
  t.equal((await call(`${url}/%zz?token=${inUrl}`, 'GET')).status, 400)
  const said = await connect(`${room}?auth=message`)
  said.send(JSON.stringify({ token }))
  t.equal((await said.closed).code, 3500)
  const body = { username, password }
  t.equal((await call(`${url}/session`, 'POST', { body })).status, 401)
  const odd = { ...body, passwort: password }
  t.equal((await call(`${url}/accounts`, 'POST', { body: odd })).status, 400)
})

t.test('[S9] an error of ours leaves no trace of credentials either', async (t) => {
  const usher = await startApp(t)
  const { url, app } = usher
  const { browser, bearer } = await person(usher)
  const ticket = await ticketOf(usher, bearer)
  const broken = () => Promise.reject(new Error('the disk is gone'))
  Object.assign(app.engine.sessions, { byId: broken, bySecret: broken })
  Object.assign(app.engine.tickets, { read: broken })
  Object.assign(app.engine.accounts, { byUsername: broken })
  t.equal((await refused(`${url}/rooms/chat:a?ticket=${ticket}`)).status, 500)
  t.equal((await call(`${url}/session`, 'GET', { headers: bearer })).status, 500)
  t.equal((await call(`${url}/session`, 'GET', { headers: browser })).status, 500)
  const body = { username: 'ann', password: SECRETS.password }
  usher.keepSecret(SECRETS.password)
  t.equal((await call(`${url}/session`, 'POST', { body })).status, 500)
  t.match(usher.log(), /the disk is gone/, 'the operator is told')
})

t.test('[S9] a logged URL has no query, and a logged error not what it choked on', async (t) => {
  const usher = await startApp(t)
  usher.keepSecret('a-secret-word')
  const error = Object.assign(new TypeError('it broke'), {
    input: 'http://x/?ticket=a-secret-word',
    rawPacket: Buffer.from('a-secret-word'),
    cause: Object.assign(new Error('deeper'), { headers: { cookie: 'a-secret-word' } }),
  })
  usher.app.log.error({ err: error }, 'a failure')
  t.match(usher.log(), /"type":"TypeError","message":"it broke","stack":/)
  t.match(usher.log(), /deeper/)
  const shape = LOG_SHAPES.err(error)
  t.same(Object.keys(shape).sort(), ['cause', 'code', 'message', 'stack', 'type'])
})

const LINE_MAX = 4_096

t.test('[S51] no line is long, whatever stands in the request', async (t) => {
  const { url, log } = await startApp(t, { trustProxy: ['loopback'] })
  for (const long of ['\\'.repeat(15_000), '"'.repeat(15_000), '%5c'.repeat(5_000)]) {
    for (const path of [`/${long}`, `/rooms/${long}`, `/?${long}`]) {
      const { host } = new URL(url)
      const lines = [`GET ${path} HTTP/1.1`, `Host: ${host}`, 'Connection: close', '', '']
      const client = await rawRequest(url, lines.join('\r\n'))
      await until(() => client.ended)
    }
    const part = long.slice(0, 4_000)
    const headers = { origin: part, 'user-agent': part, 'x-forwarded-for': part }
    await refused(`${url}/rooms/chat:a`, { headers })
    await call(`${url}/rooms/chat:a/messages`, 'POST', { headers, body: {} })
    await call(`${url}/tickets`, 'POST', { headers: asServer, body: { [long]: 1 } })
    await (await connect(`${url}/rooms/chat:a`, { headers: { ...headers, ...asServer } })).close()
  }
  await until(() => log().split('connection closed').length === 4)
  const longest = Math.max(
    ...log()
      .split('\n')
      .map((line) => Buffer.byteLength(line)),
  )
  t.ok(longest < LINE_MAX, `${longest} bytes`)
})

t.test('[S51] requests of strangers are counted, and those of users written', async (t) => {
  const { clock, usher } = await startOnManualClock(t)
  const { url, log } = usher
  const linesAt = (path: string) =>
    log()
      .split('\n')
      .filter((line) => line.includes('"msg":"request"') && line.includes(`"path":"${path}"`))
      .map((line) => JSON.parse(line) as { status: number; unwritten?: number })
  for (let sent = 0; sent < 40; sent += 1) {
    await call(`${url}/nowhere`, 'GET')
    await call(`${url}/session`, 'GET')
    await call(`${url}/rooms/chat:a`, 'GET', { headers: asServer })
  }
  t.equal(linesAt('/rooms/chat:a').length, 40, 'a known client has each of its lines')
  t.equal(linesAt('/nowhere').length + linesAt('/session').length, 10)
  await clock.advance(60_000)
  await call(`${url}/nowhere`, 'GET')
  await until(() => linesAt('/nowhere').at(-1)?.unwritten === 70)
  const { body } = await textAt(`${url}/metrics`)
  t.match(body, /^usher_log_lines_left_out_total\{log="request"\} 70$/m)
  t.match(body, /^usher_log_lines_left_out_total\{log="audit"\} 30$/m)
})

async function textAt(url: string): Promise<{ body: string }> {
  return { body: await (await fetch(url, { headers: asServer })).text() }
}

t.test('[S36] every request and every connection is one line that describes it', async (t) => {
  const { url, log } = await startApp(t)
  await call(`${url}/session?a=b`, 'GET')
  await (await connect(`${url}/rooms/chat:a`, { headers: asServer })).close()
  await refused(`${url}/rooms/chat:a?echo=true`)
  await until(() => log().includes('connection closed') && log().includes('handshake refused'))
  const lines = log()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  const find = (msg: string) => lines.filter((line) => line.msg === msg)
  t.match(find('request'), [{ method: 'GET', path: '/session', status: 401, ip: '127.0.0.1' }])
  t.match(find('handshake refused'), [{ path: '/rooms/chat:a', status: 401 }])
  t.match(find('connection closed'), [{ code: 1000, byServer: false, user: null }])
})
