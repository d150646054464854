// Signing up.
import t from 'tap'
import { startApp } from '../support/app.ts'
import { call, PASSWORD } from '../support/people.ts'

const { url } = await startApp(t)
const signUp = (username: unknown, password: unknown = PASSWORD) =>
  call(`${url}/accounts`, 'POST', { body: { username, password } })

t.test('[C10] an account gets a random id and keeps its name as it was typed', async (t) => {
  const { status, body } = await signUp('Ann.Other@example-1')
  t.equal(status, 201)
  t.match(body, { user: /^u_[\w-]{16}$/, username: 'Ann.Other@example-1' })
  t.same(Object.keys(body), ['user', 'username'])
  const other = await signUp('Ann.Other@example-2')
  t.not(other.body.user, body.user)
})

t.test('[C10] a name that differs only in letter case is taken', async (t) => {
  t.equal((await signUp('bob')).status, 201)
  for (const taken of ['bob', 'BOB', 'Bob']) {
    const { status, body } = await signUp(taken)
    t.match({ status, ...body }, { status: 409, error: 'conflict', code: 107 }, taken)
  }
})

t.test('[C10] of many who sign up with one name at once exactly one gets it', async (t) => {
  const all = await Promise.all(['Eve', 'eve', 'EVE', 'evE'].map((name) => signUp(name)))
  t.same(all.map(({ status }) => status).sort(), [201, 409, 409, 409])
})

t.test('[C10] names of other characters, too long or empty are a 400', async (t) => {
  for (const name of ['', 'a b', 'a:b', '\u0430nn', 'a\n', 'x'.repeat(65), null, ['ann']]) {
    t.equal((await signUp(name)).status, 400, JSON.stringify(name)?.replaceAll('\\', '_'))
  }
})

t.test('[S22] passwords have 8 to 256 characters of any kind', async (t) => {
  for (const bad of ['', '1234567', 'x'.repeat(257), 12_345_678]) {
    const { status, body } = await signUp('carl', bad)
    t.equal(status, 400)
    t.match(body.message, /password/)
    t.notMatch(body.message, /1234567|xxx/)
  }
  t.equal((await signUp('carl', '12345678')).status, 201)
  t.equal((await signUp('dora', '\u{1f3ad}'.repeat(128))).status, 201)
})

t.test('[C10] where sign-up is closed it is a 403', async (t) => {
  const { url } = await startApp(t, { signup: 'closed' })
  const body = { username: 'ann', password: PASSWORD }
  const answer = await call(`${url}/accounts`, 'POST', { body })
  t.match(answer, { status: 403, body: { error: 'forbidden', code: 103 } })
})

t.test('[S12] a page elsewhere may not sign a user up', async (t) => {
  const body = { username: 'fay', password: PASSWORD }
  const headers = { origin: 'https://evil.example' }
  t.equal((await call(`${url}/accounts`, 'POST', { body, headers })).status, 403)
  const site = { 'sec-fetch-site': 'cross-site' }
  t.equal((await call(`${url}/accounts`, 'POST', { body, headers: site })).status, 403)
  t.equal((await call(`${url}/accounts`, 'POST', { body, headers: { origin: url } })).status, 201)
})

t.test('[S23] a client that asks for taken names again and again is told to wait', async (t) => {
  const { url } = await startApp(t)
  const body = { username: 'gus', password: PASSWORD }
  const answers = []
  for (let n = 0; n < 13; n += 1) answers.push(await call(`${url}/accounts`, 'POST', { body }))
  const statuses = answers.map(({ status }) => status)
  t.same(statuses, [201, ...Array(11).fill(409), 429])
  t.equal(answers.at(-1)?.headers.get('retry-after'), '1')
})
