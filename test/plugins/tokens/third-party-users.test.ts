// What the users of another issuer may do here, for how long, and how their access ends.
import { PassThrough } from 'node:stream'
import t from 'tap'
import { connect } from '../../support/client.ts'
import { nothingLeft } from '../../support/nothing-left.ts'
import { pauseCalls } from '../../support/paused-calls.ts'
import { asServer, call, ticketOf } from '../../support/people.ts'
import { asked, bearer, old, setUp } from '../../support/third-party-scene.ts'
import { until } from '../../support/until.ts'

t.test('[C37] [C63] a connection ends with 3005, 25 s after its token', async (t) => {
  const { clock, usher, tokenOf } = await setUp(t)
  const { url } = usher
  const claims = { exp: Math.floor(clock.now() / 1_000) + 60 }
  const token = await tokenOf(old, claims)
  const direct = await connect(`${url}/rooms/chat:a`, { headers: bearer(token) })
  const ticket = await ticketOf(usher, bearer(token))
  const byTicket = await connect(`${url}/rooms/chat:a?ticket=${ticket}`)
  const first = await connect(`${url}/rooms/chat:a?auth=message`)
  first.send(JSON.stringify({ token }))
  const members = () => usher.app.rooms.counts('chat:a').members
  await until(() => members() === 3)
  await clock.advance(84_000)
  t.equal(members(), 3, 'it lives on for a while, to come back with a new token')
  t.equal((await asked(usher, token)).status, 401, 'but the token opens nothing any more')
  await clock.advance(2_000)
  const ended = { code: 3005, reason: 'session expired' }
  for (const { closed } of [direct, byTicket, first]) t.same(await closed, ended)
  await nothingLeft(usher.app)
})

t.test('[C37] a third-party user talks and publishes under that user id', async (t) => {
  const { usher, tokenOf } = await setUp(t, { prefix: 'acme:' })
  const token = await tokenOf(old, { sub: 'a|b', preferred_username: 'Ann' })
  const headers = bearer(token)
  const ann = await connect(`${usher.url}/rooms/chat:a`, { headers })
  const body = 'hello'
  const said = await call(`${usher.url}/rooms/chat:a/messages`, 'POST', { headers, body })
  t.equal(said.status, 201)
  t.equal(await ann.text(), '"hello"')
  t.match(usher.log(), /"user":"acme:a%7Cb"/)
  const ticket = await ticketOf(usher, headers)
  const { user, info } = await usher.app.tickets.inspect(ticket)
  t.same([user, info], ['acme:a%7Cb', '{"username":"Ann"}'])
  const foreign = await call(`${usher.url}/rooms/user:acme:a/messages`, 'POST', { headers, body })
  t.equal(foreign.status, 403)
  await ann.close()
  await nothingLeft(usher.app)
})

t.test('[C37] [S18] a ban reaches third-party users: connections, tickets, tokens', async (t) => {
  const { usher, tokenOf, status } = await setUp(t)
  const { url } = usher
  const headers = bearer(await tokenOf(old, { sub: 'a|b' }))
  const ann = await connect(`${url}/rooms/chat:a`, { headers })
  const ticket = await ticketOf(usher, headers)
  const ban = `${url}/users/${encodeURIComponent('jwt:a%7Cb')}/ban`
  t.equal((await call(ban, 'PUT', { headers: asServer })).status, 204)
  t.same(await ann.closed, { code: 3503, reason: 'forced' })
  t.equal((await call(`${url}/rooms/chat:a`, 'GET', { headers })).status, 401)
  await t.rejects(connect(`${url}/rooms/chat:a?ticket=${ticket}`), /401/)
  t.equal(await status(), 200, 'no other user is banned')
  t.equal((await call(ban, 'DELETE', { headers: asServer })).status, 204)
  t.equal((await call(`${url}/rooms/chat:a`, 'GET', { headers })).status, 200)
  await nothingLeft(usher.app)
})

t.test('[S18] a revocation reaches a connection that was proved and still sends', async (t) => {
  const { clock, usher, tokenOf } = await setUp(t)
  const { app } = usher
  const headers = {
    ...bearer(await tokenOf(old, { sub: 'ann' })),
    'content-type': 'application/json',
  }
  const proved = pauseCalls(app.engine.userStatus, 'of')
  const body = new PassThrough()
  const ordering = app.inject({ method: 'POST', url: '/tickets', headers, payload: body })
  await proved.reached
  await clock.advance(5_000)
  proved.release()
  body.write('{')
  const url = '/users/jwt:ann/connections?revoke'
  t.equal((await app.inject({ method: 'DELETE', url, headers: asServer })).statusCode, 204)
  body.end('}')
  t.equal((await ordering).statusCode, 401)
})

t.test('[C37] [S18] a revocation refuses what was issued before it', async (t) => {
  const { clock, usher, tokenOf } = await setUp(t)
  const { url } = usher
  const before = await tokenOf()
  const ann = await connect(`${url}/rooms/chat:a`, { headers: bearer(before) })
  await clock.advance(1_000)
  const path = `${url}/users/jwt:ann/connections`
  t.equal((await call(`${path}?revoke`, 'DELETE', { headers: asServer })).status, 204)
  t.equal((await ann.closed).code, 3503)
  t.equal((await asked(usher, before)).status, 401)
  await clock.advance(1_000)
  const after = await tokenOf()
  t.equal((await asked(usher, after)).status, 200)
  await clock.advance(1_000)
  const everywhere = await call(`${url}/sessions`, 'DELETE', { headers: bearer(after) })
  t.equal(everywhere.status, 204)
  t.equal((await asked(usher, after)).status, 401)
  await nothingLeft(usher.app)
})
