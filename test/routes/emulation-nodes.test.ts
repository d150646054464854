// POST /emulation on a node that does not have the connection: two whole applications, whose
// engines reach each other by the port of uplinks.
import t, { type Test } from 'tap'
import { EngineUnavailable } from '../../src/engine/engine.ts'
import { digest } from '../../src/identity/secret.ts'
import { type StartedApp, startApp } from '../support/app.ts'
import { nothingLeft } from '../support/nothing-left.ts'
import { type Person, person, ticketOf } from '../support/people.ts'
import { openStream, sendUp } from '../support/reply-stream.ts'
import { until } from '../support/until.ts'

/** In one process an engine reaches itself alone: here each reaches the other as well. */
function joinUplinks(...nodes: StartedApp[]): void {
  const sends = new Map(
    nodes.map(({ app: { engine } }) => {
      const { uplinks } = engine
      return [engine.node, uplinks.send.bind(uplinks)]
    }),
  )
  for (const { app } of nodes) {
    app.engine.uplinks.send = async (node, frame) => (await sends.get(node)?.(node, frame)) ?? false
  }
}

/** As both nodes of one store know a log-in. */
async function alsoKnownTo({ app }: StartedApp, from: StartedApp, { user, browser }: Person) {
  const account = await from.app.engine.accounts.byUser(user)
  const secret = browser.cookie.slice('usher='.length)
  const session = await from.app.engine.sessions.bySecret(digest(secret))
  if (account === null || session === null) throw new Error('there is no such log-in')
  await app.engine.accounts.create(account)
  await app.engine.sessions.create(session)
}

const [one, other] = [await startApp(t), await startApp(t)]
joinUplinks(one, other)
const [ann, bob] = [await person(one), await person(other)]
await alsoKnownTo(other, one, ann)

const publish = (id: number, data: unknown) => ({ id, publish: { channel: 'chat:nodes', data } })

async function allGone(): Promise<void> {
  await nothingLeft(one.app)
  await until(() => one.app.uplinkSessions.size === 0)
}

t.test('[C303] commands that come to another node reach the connection', async (t) => {
  const token = await ticketOf(one, ann.bearer)
  const stream = await openStream(one.url, { connect: { token } })
  const uplink = await stream.uplink()
  t.equal(uplink.node, one.app.engine.node)
  t.not(uplink.node, other.app.engine.node)
  t.equal(await sendUp(other.url, { ...uplink, data: JSON.stringify(publish(2, 'there')) }), 204)
  t.same((await stream.reply(2)).publish, {})
  t.equal(await sendUp(one.url, { ...uplink, data: JSON.stringify(publish(3, 'here')) }), 204)
  t.same((await stream.reply(3)).publish, {})
  const session = 'A'.repeat(22)
  t.equal(await sendUp(other.url, { ...uplink, session, data: '{}' }), 404)
  t.equal(await sendUp(other.url, { ...uplink, node: other.app.engine.node, data: '{}' }), 404)
  stream.stop()
  await allGone()
  t.equal(await sendUp(other.url, { ...uplink, data: '{}' }), 404, 'it ends for all nodes')
})

t.test('[C304] another node asks for the same page and log-in', async (t) => {
  const stream = await openStream(one.url, { headers: ann.browser })
  const sent = { ...(await stream.uplink()), data: JSON.stringify(publish(2, 'by cookie')) }
  const { cookie } = ann.browser
  const origin = other.url
  t.equal(await sendUp(other.url, sent), 404, 'without a cookie')
  t.equal(await sendUp(other.url, sent, bob.browser), 404, "with another user's")
  t.equal(await sendUp(other.url, sent, { cookie, origin: 'https://evil.example' }), 404)
  t.equal(await sendUp(other.url, sent, { cookie }), 404, 'from no page')
  t.notOk(stream.replies.some(({ id }) => id === 2))
  t.equal(await sendUp(other.url, sent, { cookie, origin }), 204)
  t.same((await stream.reply(2)).publish, {})
  stream.stop()
  await allGone()
})

t.test('a node that does not answer is a 503', async (t: Test) => {
  const { uplinks } = other.app.engine
  const { send } = uplinks
  uplinks.send = () => Promise.reject(new EngineUnavailable('The node does not answer.'))
  const sent = { node: one.app.engine.node, session: 'A'.repeat(22), data: '{}' }
  t.equal(await sendUp(other.url, sent), 503)
  uplinks.send = send
})
