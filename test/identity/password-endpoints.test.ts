// Passwords over HTTP: what is stored, when a hash is raised, and what an answer does not tell.

import { createHook } from 'node:async_hooks'
import { test } from 'tap'
import { type StartedApp, startApp } from '../support/app.ts'
import { asServer, call, PASSWORD, person } from '../support/people.ts'
import { formerHash } from './former-hash.ts'

function logIn({ url }: StartedApp, username: string, password = PASSWORD) {
  return call(`${url}/session`, 'POST', { body: { username, password } })
}

async function storedHash({ app }: StartedApp, user: string): Promise<string> {
  return (await app.engine.accounts.byUser(user))?.password ?? ''
}

/** The number of password hashes computed meanwhile, and the answer. */
async function hashesOf<Answer>(ask: () => Promise<Answer>): Promise<[number, Answer]> {
  let count = 0
  const init = (_id: number, type: string): void => {
    if (type === 'ARGON2REQUEST') count += 1
  }
  const hook = createHook({ init }).enable()
  const answer = await ask()
  hook.disable()
  return [count, answer]
}

test('[S21] a hash of former parameters is raised by the next log-in, and once', async (t) => {
  const usher = await startApp(t)
  const { user, username } = await person(usher)
  const weak = formerHash(PASSWORD, { memory: 8_192, passes: 1 })
  await usher.app.engine.accounts.setPassword(user, weak, await storedHash(usher, user))
  t.equal((await logIn(usher, username, 'wrong password')).status, 401)
  t.equal(await storedHash(usher, user), weak, 'a wrong password raises nothing')
  const [first] = await hashesOf(() => logIn(usher, username))
  t.equal(first, 2, 'checked, and hashed again')
  const raised = await storedHash(usher, user)
  t.match(raised, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  const [second, { status }] = await hashesOf(() => logIn(usher, username))
  t.equal(status, 200)
  t.equal(second, 1)
  t.equal(await storedHash(usher, user), raised)
})

test('[S23] a banned user gets the answer of a wrong password, after the same work', async (t) => {
  const usher = await startApp(t)
  const { user, username } = await person(usher)
  await call(`${usher.url}/users/${user}/ban`, 'PUT', { headers: asServer })
  const [wrongWork, wrong] = await hashesOf(() => logIn(usher, username, 'wrong password'))
  const [bannedWork, banned] = await hashesOf(() => logIn(usher, username))
  const [unknownWork, unknown] = await hashesOf(() => logIn(usher, 'unknown-user'))
  t.same([wrongWork, bannedWork, unknownWork], [1, 1, 1])
  const names = ({ headers }: typeof wrong) => [...headers.keys()].join()
  for (const { status, body, headers } of [banned, unknown]) {
    t.equal(status, 401)
    t.same(body, wrong.body)
    t.equal([...headers.keys()].join(), names(wrong))
  }
})

test('[S22] an application may refuse passwords that are known from leaks', async (t) => {
  const asked: string[] = []
  const breached = async (password: string): Promise<boolean> => {
    asked.push(password)
    return password === 'password1'
  }
  const usher = await startApp(t, {}, { breached })
  const body = { username: 'ann', password: 'password1' }
  const refusal = await call(`${usher.url}/accounts`, 'POST', { body })
  t.match(refusal, { status: 400, body: { error: 'bad_request', message: /leak/ } })
  t.same(asked, ['password1'])
  const { username, bearer, password } = await person(usher)
  const change = (newPassword: string) =>
    call(`${usher.url}/account/password`, 'PUT', {
      headers: bearer,
      body: { password, newPassword },
    })
  t.match(await change('password1'), { status: 400, body: { message: /leak/ } })
  t.equal((await logIn(usher, username)).status, 200, 'the present one stays')
  t.equal((await change('a better password')).status, 204)
})
