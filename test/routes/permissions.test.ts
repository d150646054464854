// Permissions are asked for each action, and the content of a room is for those who may join it.
import { test } from 'tap'
import { startApp } from '../support/app.ts'
import { connect, refused } from '../support/client.ts'
import { asServer, call, person, ticketOf } from '../support/people.ts'
import { ruled } from '../support/settings.ts'
import { until } from '../support/until.ts'

test('[S20] a withdrawn right is gone for the next message, at every endpoint', async (t) => {
  let allowed = true
  const authorize = (_identity: unknown, action: string): boolean => action === 'join' || allowed
  const usher = await startApp(t, {}, { authorize })
  const { bearer } = await person(usher)
  const room = `${usher.url}/rooms/chat:a`
  const ann = await connect(room, { headers: bearer })
  const bob = await connect(room, { headers: asServer })
  ann.send('while it may')
  t.equal(await bob.text(), 'while it may')
  const publish = () => call(`${room}/messages`, 'POST', { headers: bearer, body: 'by REST' })
  t.equal((await publish()).status, 201)
  t.equal(await bob.text(), '"by REST"')
  allowed = false
  t.equal((await publish()).status, 403)
  ann.send('when it may not')
  t.same(await ann.closed, { code: 3507, reason: 'permission denied' })
  t.same(bob.unread, [])
})

test('[S20] a withdrawn right to join is gone for the next join', async (t) => {
  let allowed = true
  const usher = await startApp(t, {}, { authorize: async () => allowed })
  const { bearer } = await person(usher)
  const room = `${usher.url}/rooms/chat:a`
  await (await connect(room, { headers: bearer })).close()
  const ticket = await ticketOf(usher, bearer)
  allowed = false
  t.equal((await refused(room, { headers: bearer })).status, 403)
  t.equal((await refused(`${room}?ticket=${ticket}`)).status, 403)
})

test('[S33] the content of a room is told to those who may join it, and to no other', async (t) => {
  const usher = await startApp(t, ruled({ match: 'staff:*', join: ['server'] }))
  const { bearer } = await person(usher)
  const ask = (path: string, headers = {}) => call(`${usher.url}${path}`, 'GET', { headers })
  t.match(await ask('/rooms/staff:a', asServer), { status: 200, body: { members: 0, users: 0 } })
  const refusals = [await ask('/rooms/staff:a', bearer), await ask('/rooms/none', bearer)]
  for (const { status, body } of refusals) {
    t.equal(status, 403)
    t.same(Object.keys(body).sort(), ['code', 'error', 'message'])
  }
  t.same(refusals[0]?.body, refusals[1]?.body, 'nor whether the room exists')
  t.equal((await ask('/rooms/staff:a')).status, 401)
})

test('[S32] the sender is what the server knows, whatever a message claims', async (t) => {
  const seen: (string | null)[] = []
  const published = ({ user }: { user: string | null }) => seen.push(user)
  const usher = await startApp(t, {}, { hooks: { published } })
  const { user, bearer } = await person(usher)
  const room = `${usher.url}/rooms/chat:a`
  const client = await connect(room, { headers: bearer })
  client.send(JSON.stringify({ user: 'u_other', time: 1, offset: 1, from: 'u_other' }))
  await client.text()
  const body = { user: 'u_other', sender: 'u_other', time: 1, offset: 1 }
  const answer = await call(`${room}/messages`, 'POST', { headers: bearer, body })
  t.equal(answer.status, 201)
  t.not(answer.body.time, 1)
  await until(() => seen.length === 2)
  t.same(seen, [user, user])
  const inName = `${room}/messages?user=u_other`
  t.equal((await call(inName, 'POST', { headers: bearer, body })).status, 403)
})
