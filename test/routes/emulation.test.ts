// POST /emulation: which requests speak for a connection, and what bounds them.
import t from 'tap'
import { startApp } from '../support/app.ts'
import { nothingLeft } from '../support/nothing-left.ts'
import { asServer, call, person, ticketOf } from '../support/people.ts'
import { openStream, sendUp } from '../support/reply-stream.ts'
import { limited, ruled } from '../support/settings.ts'
import { until } from '../support/until.ts'

const SHELL = 'capacitor://localhost'
const ELSEWHERE = 'https://page.example.com'
const usher = await startApp(t, {
  ...ruled({ match: 'chat:*', history: { messages: 1_000, ageMs: null } }),
  ...limited({ messagesPerSecond: null, bytesPerSecond: null, commandsPerSecond: 10 }),
  origins: [ELSEWHERE, SHELL],
})
const { url, app } = usher
const [ann, bob] = [await person(usher), await person(usher)]
const publish = (id: number, data: unknown, channel = 'chat:a') => ({
  id,
  publish: { channel, data },
})

async function byTicket(headers: Record<string, string> = {}, of = ann) {
  const token = await ticketOf(usher, of.bearer)
  return openStream(url, { connect: { token }, headers })
}

async function messagesIn(room: string): Promise<unknown[]> {
  const path = `${url}/rooms/${room}/messages?limit=1000`
  const { body } = await call(path, 'GET', { headers: asServer })
  return body.messages.map(({ data }: { data: unknown }) => data)
}

t.test('[C303] a session that is not there is answered 404, whatever is asked', async (t) => {
  const stream = await byTicket()
  const { node, session } = await stream.uplink()
  const data = '{}'
  t.equal(await sendUp(url, { node, session, data }), 204)
  const guesses = [
    { node, session: 'A'.repeat(22), data },
    { node: 'nosuchno', session, data },
    { node: '', session, data },
    { node: 'chat:*\r\nx', session, data },
    { node, session: `${session}x`, data },
    { node, session: 'x'.repeat(10_000), data },
  ]
  const { uplinks } = app.engine
  const { calls } = t.capture(uplinks, 'send', uplinks.send)
  for (const guess of guesses) t.equal(await sendUp(url, guess), 404)
  t.same(
    calls.map(({ args: [to] }) => to),
    [node, 'nosuchno'],
    'what is no id reaches no engine',
  )
  stream.stop()
  await nothingLeft(app)
  t.equal(await sendUp(url, { node, session, data }), 404, 'it ends with its stream')
})

t.test('[C303] what is no such request is 400', async (t) => {
  const { node } = app.engine
  const bodies = [
    '',
    '{',
    'null',
    '[]',
    '{}',
    { node, session: 1, data: '' },
    { node, session: '' },
  ]
  for (const body of bodies) t.equal(await sendUp(url, body), 400, JSON.stringify(body))
  t.equal(await sendUp(url, '{}', { 'content-type': 'text/plain' }), 415)
})

t.test('[C304] a foreign page cannot speak for a connection, though it had the id', async (t) => {
  const own = await openStream(url, { headers: ann.browser })
  const sent = { ...(await own.uplink()), data: JSON.stringify(publish(2, 'forged')) }
  for (const origin of ['https://evil.example', ELSEWHERE, SHELL, 'null', `${url}.evil.example`]) {
    t.equal(await sendUp(url, sent, { ...ann.browser, origin }), 404, origin)
  }
  const { cookie } = ann.browser
  t.equal(await sendUp(url, sent, { cookie }), 404, 'without an origin')
  t.equal(await sendUp(url, sent, { cookie, 'sec-fetch-site': 'cross-site' }), 404)
  t.same(await messagesIn('chat:a'), [])
  own.stop()
  const listed = await byTicket({ origin: ELSEWHERE })
  const theirs = { ...(await listed.uplink()), data: '{}' }
  t.equal(await sendUp(url, theirs, { origin: ELSEWHERE }), 204)
  t.equal(await sendUp(url, theirs, { origin: SHELL }), 404, 'also one that is listed')
  t.equal(await sendUp(url, theirs, { origin: url }), 404)
  listed.stop()
  await nothingLeft(app)
})

t.test("[C304] a connection by cookie takes commands beside that session's cookie", async (t) => {
  const own = await openStream(url, { headers: ann.browser })
  const sent = { ...(await own.uplink()), data: '{}' }
  t.equal(await sendUp(url, sent, ann.browser), 204)
  t.equal(await sendUp(url, sent, { origin: url }), 404, 'without one')
  t.equal(await sendUp(url, sent, bob.browser), 404, 'of another user')
  const { session, secret } = await sessionOf(ann)
  const again = { origin: url, cookie: `usher=${secret}` }
  t.equal(await sendUp(url, sent, again), 404, 'of another session')
  t.equal(await sendUp(url, sent, { origin: url, ...ann.bearer }), 404, 'a token is no cookie')
  await app.revokeAccess.logOut(session.id)
  own.stop()
  await nothingLeft(app)
})

async function sessionOf({ user, username }: typeof ann) {
  const account = { user, username, usernameKey: username, password: '', createdAt: 0 }
  return app.sessions.start(account, 'web')
}

t.test('a connection by ticket heeds no cookie of another user', async (t) => {
  const stream = await byTicket(bob.browser)
  t.equal(await stream.send(publish(2, 'by ticket', 'chat:ticket')), 204)
  t.same((await stream.reply(2)).publish, {})
  t.match(await messagesIn('chat:ticket'), ['by ticket'])
  stream.stop()
  await nothingLeft(app)
})

t.test('[C307] too many bytes are 413, and the connection stays', async (t) => {
  const stream = await byTicket()
  const { commandBytes } = app.connections.limits
  const uplink = await stream.uplink()
  const fits = `${' '.repeat(commandBytes - 2)}{}`
  t.equal(await sendUp(url, { ...uplink, data: fits }), 204)
  t.equal(await sendUp(url, { ...uplink, data: ` ${fits}` }), 413)
  t.equal(await sendUp(url, { ...uplink, data: '"'.repeat(2 * commandBytes) }), 413)
  t.same((await stream.ask(publish(2, 'still', 'chat:large'))).publish, {})
  stream.stop()
  await nothingLeft(app)
})

t.test('[C307] half a command is a bad request, as on a WebSocket', async (t) => {
  const stream = await byTicket()
  const data = `${JSON.stringify(publish(2, 'whole', 'chat:half'))}\n{"id":3,"publ`
  t.equal(await sendUp(url, { ...(await stream.uplink()), data }), 204)
  t.match(await stream.closing(), { code: 3501 })
  t.same(await messagesIn('chat:half'), ['whole'], 'what stands before it has run')
  await nothingLeft(app)
})

t.test(
  '[C308] commands of one request run in their order, those of many all run once',
  async (t) => {
    const stream = await byTicket()
    const range = (from: number, count: number) =>
      Array.from({ length: count }, (_, at) => from + at)
    const inOne = range(2, 50).map((id) => publish(id, id, 'chat:many'))
    t.equal(await stream.send(...inOne), 204)
    await stream.reply(51)
    t.same(await messagesIn('chat:many'), range(2, 50))
    const ids = range(100, 100)
    const sent = ids.map((id) => stream.send(publish(id, id, 'chat:storm')))
    t.same(new Set(await Promise.all(sent)), new Set([204]))
    for (const id of ids) t.same((await stream.reply(id)).publish, {})
    const kept = (await messagesIn('chat:storm')) as number[]
    t.same(
      kept.toSorted((one, other) => one - other),
      ids,
    )
    stream.stop()
    await nothingLeft(app)
  },
)

t.test('[C308] commands count as on a WebSocket', async (t) => {
  const stream = await byTicket()
  const ask = Array.from({ length: 120 }, (_, at) => ({
    id: at + 2,
    history: { channel: 'chat:a', limit: 0 },
  }))
  t.equal(await stream.send(...ask), 204)
  t.match((await stream.reply(121)).error, { code: 111, temporary: true })
  t.ok((await stream.reply(2)).history)
  stream.stop()
  await nothingLeft(app)
})

t.test('[C308] a storm of requests is refused for its address', async (t) => {
  const few = await startApp(t, limited({ requestsPerSecondPerAddress: 10 }))
  const body = { node: few.app.engine.node, session: 'A'.repeat(22), data: '{}' }
  const statuses = await Promise.all(Array.from({ length: 150 }, () => sendUp(few.url, body)))
  t.same(new Set(statuses), new Set([404, 429]))
  t.equal(few.app.uplinkSessions.size, 0)
})

t.test('after a log-out the session is gone at once', async (t) => {
  const carol = await person(usher)
  const own = await openStream(url, { headers: carol.browser })
  const { node, session } = await own.uplink()
  await call(`${url}/session`, 'DELETE', { headers: carol.browser })
  await until(() => own.hasEnded)
  t.equal(await sendUp(url, { node, session, data: '{}' }, carol.browser), 404)
  await nothingLeft(app)
})
