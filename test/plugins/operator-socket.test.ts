// The socket in the data folder, in a running server: what `usher user` asks there happens there.
import { chmodSync, readdirSync, statSync } from 'node:fs'
import { type Test, test } from 'tap'
import { askServer } from '../../src/command/ask-server.ts'
import type { OperatorRequest } from '../../src/identity/operator.ts'
import { systemClock } from '../../src/time/system-clock.ts'
import { type StartedApp, startApp } from '../support/app.ts'
import { connect, refused } from '../support/client.ts'
import { call, PASSWORD, whoAmI } from '../support/people.ts'

interface Scene {
  usher: StartedApp
  folder: string
  ask(request: Partial<OperatorRequest> & Record<string, unknown>): Promise<unknown>
}

async function open(t: Test): Promise<Scene> {
  const folder = t.testdir({})
  chmodSync(folder, 0o755)
  const engine = { kind: 'sqlite', folder, lockWaitMs: 0 } as const
  const usher = await startApp(t, { engine, signup: 'closed' })
  const ask = (request: object) => askServer(folder, request as OperatorRequest, systemClock)
  return { usher, folder, ask }
}

const logIn = ({ url }: StartedApp, username: string, password: string) =>
  call(`${url}/session`, 'POST', { body: { username, password, client: 'app' } })

test('what an operator does to an account reaches its live connections', async (t) => {
  const { usher, ask } = await open(t)
  const { url, keepSecret } = usher
  const again = 'quite another password'
  keepSecret(PASSWORD, again)
  const closed = await call(`${url}/accounts`, 'POST', {
    body: { username: 'a', password: PASSWORD },
  })
  t.equal(closed.status, 403)
  const made = await ask({ operation: 'add', name: 'Ann', password: PASSWORD })
  t.match(made, { said: /^Ann has an account now: u_[\w-]{16}\.$/ })
  const taken = await ask({ operation: 'add', name: 'ann', password: PASSWORD })
  t.match(taken, { error: /taken/ })

  const { body: first } = await logIn(usher, 'ann', PASSWORD)
  const headers = { authorization: `Bearer ${first.accessToken}` }
  const member = await connect(`${url}/rooms/chat:a`, { headers })
  t.match(await ask({ operation: 'password', name: 'ann', password: again }), {
    said: /ann has the new/,
  })
  t.equal((await member.closed).code, 3503)
  t.equal(await whoAmI(usher, headers), 401)
  t.equal((await logIn(usher, 'ann', PASSWORD)).status, 401)

  const { body: second } = await logIn(usher, 'ann', again)
  const later = { headers: { authorization: `Bearer ${second.accessToken}` } }
  const back = await connect(`${url}/rooms/chat:a`, later)
  t.match(await ask({ operation: 'ban', name: second.user }), { said: /is banned/ }, 'by id')
  t.equal((await back.closed).code, 3503)
  t.equal((await refused(`${url}/rooms/chat:a`, later)).status, 401)
  t.equal((await logIn(usher, 'ann', again)).status, 401)
  t.match(await ask({ operation: 'unban', name: 'ANN' }), { said: /is not banned any more/ })
  t.equal((await logIn(usher, 'ann', again)).status, 200)
  const lines = usher
    .log()
    .match(/"audit":"operated","operation":"\w+","name":"[\w-]+","user":"u_/g)
  t.equal(lines?.length, 4, 'what was done stands in the audit log')
})

test('what is wrong is answered with a sentence, and never with a password', async (t) => {
  const { ask } = await open(t)
  const cases: [request: Record<string, unknown>, error: RegExp][] = [
    [{ operation: 'remove', name: 'ann' }, /^Do one of add, password, ban, unban\.$/],
    [{ operation: 'add', name: 'an n', password: PASSWORD }, /^That is no username/],
    [
      { operation: 'add', name: 'ann', password: 'short' },
      /^A password has 8 to 256 characters\.$/,
    ],
    [{ operation: 'add', name: 'ann' }, /^A password has 8 to 256 characters\.$/],
    [
      { operation: 'password', name: 'ann', password: PASSWORD },
      /^There is no account with the name/,
    ],
    [{ operation: 'ban', name: 'ann' }, /^There is no account with the name ann\.$/],
    [{ operation: 'ban', name: 'a b' }, /^That is no username/],
    [{}, /^Do one of/],
  ]
  for (const [request, error] of cases) t.match(await ask(request), { error })
  t.match(await ask({ operation: 'ban', name: 'jwt:ann' }), { said: /^jwt:ann is banned/ })
})

test('the socket is for the owner of the folder alone, and goes with the server', async (t) => {
  const { usher, folder, ask } = await open(t)
  t.equal(statSync(`${folder}/usher.sock`).mode & 0o777, 0o600)
  await usher.app.close()
  t.same(
    readdirSync(folder).filter((name) => name.includes('sock')),
    [],
  )
  t.equal(await ask({ operation: 'ban', name: 'ann' }), null)
})
