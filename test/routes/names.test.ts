// The name on messages: where it comes from, where it shows, and that nothing else of a user does.
import t, { type Test } from 'tap'
import type { RoomMember, RoomMessage, UsherOptions } from '../../src/index.ts'
import { type StartedApp, startApp } from '../support/app.ts'
import { connect } from '../support/client.ts'
import { follow } from '../support/follow.ts'
import { asServer, call, person, ticketOf } from '../support/people.ts'
import { bearer, old, setUp } from '../support/third-party-scene.ts'

const ROOM = '/rooms/chat:a'
const BIDI = '\u202e'

/** Every name that the room keeps, oldest first. */
async function namesIn({ url }: Pick<StartedApp, 'url'>, headers = asServer) {
  const { body } = await call(`${url}${ROOM}/messages`, 'GET', { headers })
  return body.messages.map(({ name }: { name: string | null }) => name)
}

/** Says a word over a connection, and waits until it is told. */
async function say(url: string, headers: Record<string, string> = {}): Promise<void> {
  const client = await connect(url, { headers })
  client.send('hello')
  await client.next()
  await client.close()
}

function publish({ url }: StartedApp, query: string, headers: Record<string, string>) {
  return call(`${url}${ROOM}/messages${query}`, 'POST', { headers, body: 'hello' })
}

t.test('[C120] a message has the name of its sender, however it is published', async (t) => {
  const usher = await startApp(t)
  const { url } = usher
  const ann = await person(usher, 'Ann.B')
  await say(url + ROOM, ann.browser)
  await say(`${url}${ROOM}?ticket=${await ticketOf(usher, ann.bearer)}`)
  await publish(usher, '', ann.bearer)
  for (const info of [{ name: 'Bo', username: 'bo1' }, { username: `b${BIDI}o2` }, { name: 7 }]) {
    await say(`${url}${ROOM}?ticket=${await ticketOf(usher, asServer, { user: 'acme:1', info })}`)
  }
  await say(`${url}${ROOM}?ticket=${await ticketOf(usher, asServer, { user: 'acme:1' })}`)
  await publish(usher, `?user=acme:1&name=${encodeURIComponent(` Zo\u00eb${BIDI} `)}`, asServer)
  await publish(usher, '?user=acme:1', asServer)
  await publish(usher, '?name=Robot', asServer)
  const items = [{ room: 'chat:a', data: 1, user: 'acme:1', name: 'x'.repeat(70) }]
  await call(`${url}/messages`, 'POST', { headers: asServer, body: items })
  await usher.app.usher.publish('chat:a', 'hello', { name: 'Shop' })
  await usher.app.usher.publish('chat:a', 'hello', { name: '\u200b' })
  const byTickets = ['Bo', 'bo2', null, null]
  const byKey = ['Zo\u00eb', null, 'Robot', 'x'.repeat(64)]
  t.same(await namesIn(usher), [...Array(3).fill('Ann.B'), ...byTickets, ...byKey, 'Shop', null])
})

t.test('[C120] a token of another issuer gives its name claim', async (t) => {
  const { usher, tokenOf } = await setUp(t)
  for (const claims of [
    { name: 'Ann B.', preferred_username: 'annb' },
    { preferred_username: `ann${BIDI}b` },
    { name: { first: 'Ann' } },
  ]) {
    const headers = bearer(await tokenOf(old, claims))
    await publish(usher, '', headers)
    await say(`${usher.url}${ROOM}?ticket=${await ticketOf(usher, headers)}`)
  }
  t.same(await namesIn(usher), ['Ann B.', 'Ann B.', 'annb', 'annb', null, null])
})

t.test('[C120] only a server key gives a name', async (t) => {
  const usher = await startApp(t)
  const ann = await person(usher)
  const refused = await publish(usher, '?name=Bob', ann.bearer)
  t.match(refused, { status: 403, body: { code: 103 } })
  t.same(await namesIn(usher), [])
  t.equal((await publish(usher, `?name=${'x'.repeat(257)}`, asServer)).status, 400)
  await t.rejects(usher.app.usher.publish('chat:a', 'x', { name: 7 as never }), /name is a text/)
})

t.test('[C120] a follower is told the name, and a tombstone has none', async (t) => {
  const usher = await startApp(t)
  const { url } = usher
  const ann = await person(usher, 'ann')
  const envelope = await follow(`${url}${ROOM}?envelope=true`, ann.bearer)
  await publish(usher, '', ann.bearer)
  const [told = ''] = await envelope.data(1)
  t.match(JSON.parse(told), { user: ann.user, name: 'ann', kind: 'json', data: 'hello' })
  envelope.stop()
  await call(`${url}${ROOM}/messages/1`, 'DELETE', { headers: ann.bearer })
  const { body } = await call(`${url}${ROOM}/messages`, 'GET', { headers: ann.bearer })
  t.match(body.messages, [{ user: ann.user, name: null, data: null, redacted: true }])
})

const SECRET = 'what-only-the-server-may-know'
const INFO = { name: 'Ann', public: { team: SECRET }, email: SECRET }

/** An Usher that searches its own log for the secret, with all that its hooks are told. */
async function watched(t: Test, identity?: UsherOptions['identity']) {
  const hooked: (RoomMember | RoomMessage)[] = []
  const note = (event: RoomMember | RoomMessage) => hooked.push(event)
  const hooks = { joined: note, left: note, published: note }
  const usher = await startApp(t, {}, { hooks, identity })
  usher.keepSecret(SECRET)
  return { usher, hooked }
}

/** What others are told while a user joins with these headers, says a word and leaves. */
async function toldOfVisit({ url }: StartedApp, visit: string, headers: Record<string, string>) {
  const watch = await connect(url + ROOM, { headers: asServer })
  const envelope = await follow(`${url}${ROOM}?envelope=true`, asServer)
  await say(visit, headers)
  const told = [await watch.text(), ...(await envelope.data(1))]
  envelope.stop()
  await watch.close()
  return told
}

/** An answer in full, as text: its headers and its body. */
async function answered(url: string, method: string, headers: Record<string, string>) {
  const response = await fetch(url, { method, headers })
  return [...response.headers].join() + (await response.text())
}

function checkTold(t: Test, told: string[], hooked: (RoomMember | RoomMessage)[]): void {
  t.match(told.join(), /"name":"Ann"/)
  t.ok(hooked.some((event) => 'name' in event && event.name === 'Ann'))
  t.notMatch(told.join() + JSON.stringify(hooked), new RegExp(SECRET))
}

t.test('[S54] what travels with a user by a ticket stays on the server', async (t) => {
  const { usher, hooked } = await watched(t)
  const { url } = usher
  const order = { user: 'acme:1', info: INFO }
  const ticket = await ticketOf(usher, asServer, order)
  const told = await toldOfVisit(usher, `${url}${ROOM}?ticket=${ticket}`, {})
  for (const path of [ROOM, `${ROOM}/messages`, '/metrics']) {
    told.push(await answered(url + path, 'GET', asServer))
  }
  checkTold(t, told, hooked)
})

t.test('[S54] what travels with a user of the application stays on the server', async (t) => {
  const byHeaders = ({ headers }: { headers: Record<string, unknown> }) =>
    headers.authorization === undefined ? { user: 'acme:1', info: INFO } : null
  const { usher, hooked } = await watched(t, byHeaders)
  const { url } = usher
  const page = { origin: url }
  const told = await toldOfVisit(usher, url + ROOM, page)
  const ticket = await call(`${url}/tickets`, 'POST', { headers: page })
  told.push(JSON.stringify(ticket.body))
  told.push(...(await toldOfVisit(usher, `${url}${ROOM}?ticket=${ticket.body.ticket}`, {})))
  for (const path of [ROOM, `${ROOM}/messages`]) told.push(await answered(url + path, 'GET', page))
  for (const path of [`${ROOM}/messages/1`, '/sessions']) {
    told.push(await answered(url + path, 'DELETE', page))
  }
  checkTold(t, told, hooked)
})
