// Accounts in the hands of operators: listing, looking up, deleting, and new passwords.
import t, { type Test } from 'tap'
import { EVERY_SCOPE, type StartedApp, startApp } from '../support/app.ts'
import { refused } from '../support/client.ts'
import { connectEveryWay } from '../support/connect-every-way.ts'
import { asServer, call, person, ticketOf, whoAmI } from '../support/people.ts'

const LEAKED = 'a password of a leak'
const NEW_PASSWORD = 'a new password of ours'
const FORCED = { code: 3503, reason: 'forced' }

const usher = await startApp(t, EVERY_SCOPE, { breached: (password) => password === LEAKED })
const { url } = usher
/** A user to whom nothing happens that ends anything. */
const eve = await person(usher)

function ask(method: string, path: string, body?: object) {
  return call(`${url}/users${path}`, method, { headers: asServer, ...(body && { body }) })
}

function logIn(username: string, password: string) {
  return call(`${url}/session`, 'POST', { body: { username, password } })
}

/** Accounts that were made by an operator, whose password was hashed for another one. */
async function listed(t: Test, names: string[]): Promise<StartedApp> {
  const app = await startApp(t, EVERY_SCOPE)
  for (const [index, username] of names.entries()) {
    await app.app.engine.accounts.create({
      ...{ user: `u_${index}`, username, usernameKey: username.toLowerCase() },
      ...{ password: 'none', createdAt: 1_000 + index },
    })
  }
  return app
}

t.test('[C210] [S53] accounts are listed by name, page by page, with their bans', async (t) => {
  const { url } = await listed(t, ['carol', 'Bob', 'ann', 'dave'])
  const list = async (query = '') =>
    (await call(`${url}/users${query}`, 'GET', { headers: asServer })).body
  await call(`${url}/users/u_2/ban`, 'PUT', { headers: asServer })
  const { users, next } = await list('?limit=3')
  t.match(users, [
    { user: 'u_2', username: 'ann', createdAt: 1_002, bannedAt: Number },
    { user: 'u_1', username: 'Bob', createdAt: 1_001, bannedAt: null },
    { user: 'u_0', username: 'carol', createdAt: 1_000, bannedAt: null },
  ])
  t.same(Object.keys(users[0]), ['user', 'username', 'createdAt', 'bannedAt'], 'and no more')
  t.equal(next, 'carol')
  const rest = await list(`?limit=3&after=${next}`)
  t.match(rest, { users: [{ username: 'dave' }], next: null })
  t.same(await list('?after=DAVE'), { users: [], next: null })
  t.match(await list('?username=BOB'), { users: [{ user: 'u_1' }], next: null })
  t.same(await list('?username=bo'), { users: [], next: null }, 'a name is no beginning of one')
})

t.test('[C210] a list has 100 accounts if no limit is said, and 1,000 at most', async (t) => {
  const names = Array.from({ length: 1_001 }, (_, i) => `name${String(i).padStart(4, '0')}`)
  const { url } = await listed(t, names)
  for (const [query, count] of [
    ['', 100],
    ['?limit=1000', 1_000],
    ['?limit=5000', 1_000],
  ] as const) {
    const { body } = await call(`${url}/users${query}`, 'GET', { headers: asServer })
    t.same([body.users.length, body.next], [count, names[count - 1]], query)
  }
})

t.test('[C210] what a list cannot read is a 400', async (t) => {
  for (const query of ['?limit=0', '?limit=x', '?after=', '?username=a%20b', '?name=ann']) {
    t.match(await ask('GET', query), { status: 400, body: { error: 'bad_request' } }, query)
  }
})

t.test('[C211] an account is looked up by its id', async (t) => {
  const { user, username } = eve
  t.match(await ask('GET', `/${user}`), {
    ...{ status: 200, body: { user, username, createdAt: Number, bannedAt: null } },
  })
})

t.test('[C211] an unknown id is a 404 everywhere, and another method a 405', async (t) => {
  const unknown = { status: 404, body: { error: 'not_found', code: 104 } }
  t.match(await ask('GET', '/u_none'), unknown)
  t.match(await ask('DELETE', '/u_none'), unknown)
  t.match(await ask('PUT', '/u_none/password', { password: NEW_PASSWORD }), unknown)
  for (const [method, path, allow] of [
    ['POST', '', 'GET, HEAD'],
    ['PUT', '/u_none', 'DELETE, GET, HEAD'],
    ['GET', '/u_none/password', 'PUT'],
  ] as const) {
    const { status, headers } = await ask(method, path)
    t.same([status, headers.get('allow')], [405, allow], `${method} ${path}`)
  }
})

t.test('[C212] [S18] an operator who deletes an account ends all access of its user', async (t) => {
  const [ann, bob] = [await person(usher), await person(usher)]
  const ways = await connectEveryWay(usher, ann, 'chat:a')
  const stays = await connectEveryWay(usher, bob, 'chat:a')
  const ticket = await ticketOf(usher, asServer, { user: ann.user })
  t.equal((await ask('DELETE', `/${ann.user}`)).status, 204)
  for (const client of Object.values(ways).flat()) t.same(await client.closed, FORCED)
  for (const { ws } of Object.values(stays).flat()) t.equal(ws.readyState, ws.OPEN)
  for (const headers of [ann.bearer, ann.browser]) t.equal(await whoAmI(usher, headers), 401)
  t.equal((await refused(`${url}/rooms/chat:a?ticket=${ticket}`)).status, 401)
  t.equal((await ask('GET', `/${ann.user}`)).status, 404)
  t.equal((await ask('DELETE', `/${ann.user}`)).status, 404)
  const again = { username: ann.username, password: NEW_PASSWORD }
  t.equal((await call(`${url}/accounts`, 'POST', { body: again })).status, 409, 'for 90 days')
  t.match(usher.log(), new RegExp(`"audit":"administered"[^\n]*"path":"/users/${ann.user}"`))
})

t.test('[C213] [S18] a new password by an operator ends all access with the old', async (t) => {
  const ann = await person(usher)
  const ways = await connectEveryWay(usher, ann, 'chat:a')
  const ticket = await ticketOf(usher, asServer, { user: ann.user })
  const { status } = await ask('PUT', `/${ann.user}/password`, { password: NEW_PASSWORD })
  t.equal(status, 204)
  usher.keepSecret(NEW_PASSWORD)
  for (const client of Object.values(ways).flat()) t.same(await client.closed, FORCED)
  for (const headers of [ann.bearer, ann.browser]) t.equal(await whoAmI(usher, headers), 401)
  t.equal((await refused(`${url}/rooms/chat:a?ticket=${ticket}`)).status, 401)
  t.equal((await logIn(ann.username, ann.password)).status, 401)
  t.equal((await logIn(ann.username, NEW_PASSWORD)).status, 200)
})

t.test('[C213] [S22] an operator may set no password that is short or leaked', async (t) => {
  for (const body of [
    { password: LEAKED },
    { password: 'short' },
    {},
    { password: NEW_PASSWORD, x: 1 },
  ]) {
    t.equal((await ask('PUT', `/${eve.user}/password`, body)).status, 400)
  }
  t.equal(await whoAmI(usher, eve.bearer), 200, 'nothing has ended')
})

t.test('[C213] a user who changes the password meanwhile does not win', async (t) => {
  const ann = await person(usher)
  const { accounts } = usher.app.engine
  const { setPassword } = accounts
  t.teardown(() => Object.assign(accounts, { setPassword }))
  let calls = 0
  Object.assign(accounts, {
    async setPassword(user: string, password: string, former: string) {
      calls += 1
      if (calls === 1) await setPassword.call(accounts, user, 'of the user', former)
      return setPassword.call(accounts, user, password, former)
    },
  })
  const { status } = await ask('PUT', `/${ann.user}/password`, { password: NEW_PASSWORD })
  t.same([status, calls], [204, 2])
  t.equal((await logIn(ann.username, NEW_PASSWORD)).status, 200)
})
