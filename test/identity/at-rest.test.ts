// What a thief of the data folder finds in it, and what a new root secret does to tokens and
// tickets.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { digest } from '../../src/identity/secret.ts'
import type { RootSecrets } from '../../src/identity/settings.ts'
import { startApp } from '../support/app.ts'
import { connect, refused } from '../support/client.ts'
import { call, PASSWORD, person, ticketOf } from '../support/people.ts'

const OLD = 'the former root secret 0123456789'
const NEW = 'the present root secret 987654321'

function inFolder(t: Test, folder: string, secrets: RootSecrets) {
  return startApp(t, { engine: { kind: 'sqlite', folder, lockWaitMs: 5_000 }, secrets })
}

t.test('[S7] [S10] neither tickets, cookies nor passwords are in the store as such', async (t) => {
  const folder = t.testdir()
  const usher = await inFolder(t, folder, { current: OLD, previous: null })
  const { username, browser, bearer, refreshToken } = await person(usher)
  const ticket = await ticketOf(usher, bearer)
  const used = await ticketOf(usher, bearer)
  await (await connect(`${usher.url}/rooms/chat:a?ticket=${used}`)).close()
  const cookie = browser.cookie.split('=')[1] ?? ''
  const token = bearer.authorization.split(' ')[1] ?? ''
  // The socket of the operator is no file.
  const files = () => readdirSync(folder, { withFileTypes: true }).filter((it) => it.isFile())
  const look = () => files().map(({ name }) => readFileSync(join(folder, name), 'latin1'))
  const check = (bytes: string, when: string) => {
    for (const known of [username, digest(cookie)]) t.ok(bytes.includes(known), when)
    for (const secret of [ticket, used, cookie, PASSWORD, token, refreshToken, OLD]) {
      t.notOk(bytes.includes(secret), when)
      t.notOk(bytes.includes(secret.slice(-20)), `${when}, in part`)
    }
  }
  t.ok(readdirSync(folder).includes('usher.db'))
  check(look().join(), 'while it runs')
  await usher.app.close()
  t.ok(look().join().includes(digest(ticket)), 'left for the next process')
  check(look().join(), 'when it is closed')
})

t.test('[S16] tokens and tickets of the previous secret hold while it is named', async (t) => {
  const folder = t.testdir()
  const before = await inFolder(t, folder, { current: OLD, previous: null })
  const { browser, bearer } = await person(before)
  const first = await ticketOf(before, bearer)
  await before.app.close()

  const during = await inFolder(t, folder, { current: NEW, previous: OLD })
  t.equal((await call(`${during.url}/session`, 'GET', { headers: bearer })).status, 200)
  await (await connect(`${during.url}/rooms/chat:a?ticket=${first}`)).close()
  const newTicket = await ticketOf(during, bearer)
  await during.app.close()

  const after = await inFolder(t, folder, { current: NEW, previous: null })
  t.equal((await call(`${after.url}/session`, 'GET', { headers: bearer })).status, 401)
  const former = await refused(`${after.url}/rooms/chat:a?ticket=${first}`)
  t.match(former, { status: 401, body: { error: 'ticket_invalid' } }, 'it can tell no more')
  await (await connect(`${after.url}/rooms/chat:a?ticket=${newTicket}`)).close()
  const { cookie } = browser
  t.equal((await call(`${after.url}/session`, 'GET', { headers: { cookie } })).status, 200)
})
