// examples/chat: people of an application with its own log-in talk in Usher's chat.
import { resolve } from 'node:path'
import { t as file, type Test, test } from 'tap'
import { Visitor } from '../public/chat/visitor.ts'
import { openBrowser, seatUser } from '../support/browser.ts'
import { refused } from '../support/client.ts'
import { call, cookieOf } from '../support/people.ts'
import { startProgram } from '../support/program.ts'

const PASSWORD = 'open sesame'
const browser = await openBrowser(file)

async function startExample(t: Test): Promise<string> {
  const hooks = resolve('test/examples/source-package.ts')
  const command = [process.execPath, '--import', hooks, 'examples/chat/app.ts']
  const program = startProgram(t, { command, env: { PORT: '0', USHER_DATA: ':memory:' } })
  return (await program.shows(/listening at (http:\/\/127[^"\s]+)/))[1] ?? ''
}

async function logIn(t: Test, url: string, name: string): Promise<Visitor> {
  const visitor = await Visitor.at(await seatUser(t, browser), `${url}/chat/`)
  await visitor.page.locator('[name=user]').fill(name)
  await visitor.page.locator('[name=password]').fill(PASSWORD)
  await visitor.button('Log in').click()
  await visitor.isInRoom('red')
  return visitor
}

test('people log in to the application, and talk in the chat with marks', async (t) => {
  const url = await startExample(t)
  const ann = await logIn(t, url, 'ann')
  const ben = await logIn(t, url, 'ben')
  await ann.say('hello from the application')
  const heard = await ben.sees('hello from the application')
  t.equal(await heard.locator('.sender').textContent(), 'Ann')
  await ann.marked('hello from the application', 'read')
  t.same([...ann.complaints, ...ben.complaints], [])

  await ann.page.locator('#me').click()
  t.notOk(await ann.page.getByText('Change the password').isVisible(), 'no account of ours')
  await ann.button('Log out').click()
  await ann.page.locator('[name=user]').waitFor()
  t.equal(new URL(ann.page.url()).pathname, '/', 'the log-in is that of the application')
})

test('the application says who may be in which room', async (t) => {
  const url = await startExample(t)
  const body = { user: 'eve', password: PASSWORD }
  const { headers } = await call(`${url}/login`, 'POST', { body })
  const eve = { headers: { cookie: cookieOf(headers), origin: url } }
  t.equal((await refused(`${url}/chat/rooms/chat:red`, eve)).status, 403)
  const found = await call(`${url}/chat/session`, 'GET', eve)
  t.same(found.body, { user: 'eve', username: 'Eve', account: false })
  t.equal((await call(`${url}/login`, 'POST', { body: { ...body, password: 'x' } })).status, 401)
})
