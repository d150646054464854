// The room of one user, `user:<id>`: its name for any user id, and what it keeps.
import t from 'tap'
import { startApp } from '../support/app.ts'
import { connect, refused } from '../support/client.ts'
import { follow } from '../support/follow.ts'
import { asServer, call, ticketOf } from '../support/people.ts'

const usher = await startApp(t)
const { url } = usher
/** A subject of another issuer, and the longest there is. */
const IDS = ['jwt:a%7Cb', `jwt:${'%41'.repeat(41)}x`]
const pathOf = (room: string): string => `${url}/rooms/${encodeURIComponent(room)}`

function publish(room: string, body: string) {
  return call(`${pathOf(room)}/messages`, 'POST', { headers: asServer, body })
}

for (const user of IDS) {
  const room = `user:${user}`
  t.test(`[C270] the room of a user with ${user.length} characters and % in its id`, async (t) => {
    const order = { user, rooms: [room] }
    const { body } = await call(`${url}/tickets`, 'POST', { headers: asServer, body: order })
    const member = await connect(body.url)
    const stream = await follow(
      `${pathOf(room)}?ticket=${await ticketOf(usher, asServer, order)}`,
      {},
    )
    const said = await publish(room, 'hello')
    t.match(said, { status: 201, body: { room, offset: 1 } })
    const items = [{ room, data: 'again' }]
    const batch = await call(`${url}/messages`, 'POST', { headers: asServer, body: items })
    t.match(batch.body, [{ room, offset: 2 }])
    t.same([await member.text(), await member.text()], ['"hello"', 'again'])
    t.same(await stream.data(2), ['"hello"', 'again'])
    const state = await call(pathOf(room), 'GET', { headers: asServer })
    t.match(state, { status: 200, body: { room, offset: 2, members: 2, users: 1 } })
    stream.stop()
    await member.close()
  })
}

t.test('[C270] encoded once it is another name, and only personal rooms have %', async (t) => {
  const once = `${url}/rooms/user:${IDS[0]}`
  t.match(await refused(once, { headers: asServer }), { status: 400 })
  t.match(await call(once, 'GET', { headers: asServer }), { status: 400 })
  t.equal((await publish('chat:a%7Cb', 'x')).status, 400)
  t.equal((await publish(`user:${'x'.repeat(129)}`, 'x')).status, 400)
  const order = { user: 'ann', rooms: ['chat:%'] }
  t.equal((await call(`${url}/tickets`, 'POST', { headers: asServer, body: order })).status, 400)
})

t.test('[C270] the room of an id that means the same is another one', async (t) => {
  const ticket = await ticketOf(usher, asServer, { user: 'ann' })
  const other = `${pathOf('user:%61nn')}?ticket=${ticket}`
  t.match(await refused(other), { status: 403 })
  await (await connect(`${pathOf('user:ann')}?ticket=${ticket}`)).close()
})

t.test('[C271] a user who was away gets what was said to them, the newest 100', async (t) => {
  const items = Array.from({ length: 105 }, (_, data) => ({ room: 'user:ann', data }))
  await call(`${url}/messages`, 'POST', { headers: asServer, body: items.slice(0, 100) })
  await call(`${url}/messages`, 'POST', { headers: asServer, body: items.slice(100) })
  const ticket = await ticketOf(usher, asServer, { user: 'ann' })
  const member = await connect(`${pathOf('user:ann')}?replay=1000&ticket=${ticket}`)
  t.equal(await member.text(), '5')
  await member.close()
  const { body } = await call(`${pathOf('user:ann')}/messages?limit=1000`, 'GET', {
    headers: asServer,
  })
  t.same([body.offset, body.messages.length, body.messages[0].offset], [105, 100, 6])
})
