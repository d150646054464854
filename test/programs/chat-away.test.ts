// The chat without a network: what is typed, what was missed, what is kept, and what is forgotten.
import { t as file, type Test, test } from 'tap'
import { Visitor } from '../public/chat/visitor.ts'
import { Relay } from '../public/relay.ts'
import { startApp } from '../support/app.ts'
import { openBrowser } from '../support/browser.ts'
import { asServer, call } from '../support/people.ts'
import { until } from '../support/until.ts'

const browser = await openBrowser(file)

/** Ada behind a network that can be cut, Bob beside the server. */
async function scene(t: Test) {
  const relay = await new Relay().listen(t)
  const { url } = await startApp(t, { origins: [relay.url] })
  relay.leadTo(url)
  const ada = await Visitor.signedUp(t, browser, { url: relay.url, name: 'ada' })
  const bob = await Visitor.signedUp(t, browser, { url, name: 'bob' })
  for (const visitor of [ada, bob]) await visitor.join('storm')
  await bob.hasParticipants('storm', 2)
  return { relay, url, ada, bob }
}

/** How much the browser keeps of each kind. */
const kept = ({ page }: Visitor): Promise<number[]> =>
  page.evaluate(`new Promise((resolve) => {
    indexedDB.open('usher-chat').onsuccess = ({ target: { result } }) => {
      const stores = result.transaction(['person', 'rooms', 'messages', 'waiting'])
      const counts = ['person', 'rooms', 'messages', 'waiting'].map((name) =>
        stores.objectStore(name).count())
      stores.oncomplete = () => resolve(counts.map(({ result }) => result))
    }
  })`)

/** Waits until the browser has kept a message. */
async function hasKept({ page }: Visitor, text: string): Promise<void> {
  const asked = `new Promise((resolve) => {
    indexedDB.open('usher-chat').onsuccess = ({ target: { result } }) => {
      const asked = result.transaction('messages').objectStore('messages').getAll()
      asked.onsuccess = () => resolve(JSON.stringify(asked.result))
    }
  })`
  await until(async () => (await page.evaluate<string>(asked)).includes(text))
}

test('after a cut nothing is lost or doubled, and what was typed meanwhile is said', async (t) => {
  const { relay, ada, bob } = await scene(t)
  await ada.say('before')
  await bob.sees('before')
  await relay.cut()
  await ada.page.locator('#link', { hasText: /\w/ }).waitFor()
  await ada.say('typed away, one')
  await ada.say('typed away, two')
  await ada.marked('two', 'sending')
  await bob.say('said meanwhile')
  await bob.marked('said meanwhile', 'sent')
  await relay.mend()
  await ada.marked('two', 'read')
  await ada.sees('said meanwhile')
  await bob.sees('two')
  const order = ['before', 'said meanwhile', 'typed away, one', 'typed away, two']
  t.same(await bob.texts(), order)
  t.same(await ada.texts(), order)
  t.equal(await ada.page.locator('#link').textContent(), '')
  t.same([...ada.complaints, ...bob.complaints], [])
})

test('opened without a network it shows the last messages, and sends later', async (t) => {
  const { relay, ada, bob } = await scene(t)
  await bob.say('remember me')
  await ada.sees('remember me')
  await bob.marked('remember me', 'read')
  await ada.page.evaluate('navigator.serviceWorker.ready.then(() => {})')
  await until(() => ada.page.evaluate('navigator.serviceWorker.controller !== null'))
  await hasKept(ada, 'remember me')
  await relay.cut()
  await ada.page.reload()
  await ada.sees('remember me')
  await ada.say('written offline')
  await ada.marked('written offline', 'sending')
  await ada.page.reload()
  await ada.marked('written offline', 'sending')
  await relay.mend()
  await ada.marked('written offline', 'read')
  t.same(await bob.texts(), ['remember me', 'written offline'])
  t.same(await ada.texts(), ['remember me', 'written offline'])
  t.same([...ada.complaints, ...bob.complaints], [])
})

test('[S39] a log-out, and an end by the server, leave nothing in the browser', async (t) => {
  const { url, ada, bob } = await scene(t)
  await ada.say('secret')
  await bob.sees('secret')
  await hasKept(bob, 'secret')
  const [person = 0, rooms = 0, messages = 0] = await kept(bob)
  t.ok(person === 1 && rooms > 0 && messages > 0, `${person}, ${rooms}, ${messages}`)
  const stored = '[document.cookie, JSON.stringify({ ...localStorage, ...sessionStorage })]'
  t.same(await bob.page.evaluate(stored), ['', '{}'], 'and never a credential')

  await ada.button('Your account').click()
  await ada.button('Log out').click()
  await ada.isLoggedOut()
  t.same(await kept(ada), [0, 0, 0, 0])
  t.equal(await ada.messages().count(), 0)

  const session = "fetch('session').then((said) => said.json())"
  const { user } = (await bob.page.evaluate(session)) as { user: string }
  const path = `${url}/users/${user}/connections?revoke`
  t.equal((await call(path, 'DELETE', { headers: asServer })).status, 204)
  await bob.isLoggedOut()
  await bob.page.getByText('You were logged out.').waitFor()
  t.same(await kept(bob), [0, 0, 0, 0])
  t.same([...ada.complaints, ...bob.complaints], [])
})

test('the account: a new password, log out everywhere, and deleting it', async (t) => {
  const { url } = await startApp(t)
  const ada = await Visitor.signedUp(t, browser, { url, name: 'ada' })
  const { page } = ada
  const says = (words: string) => page.locator('#me-sentence', { hasText: words }).waitFor()
  const change = async (now: string) => {
    await page.locator('#old-password').fill(now)
    await page.locator('#new-password').fill('battery staple horse')
    await ada.button('Change it').click()
  }
  await ada.button('Your account').click()
  await page.getByText('Change the password').click()
  await change('not the password')
  await says('password')
  await change('correct horse battery')
  await says('The password is changed')

  const other = await Visitor.at(page.context(), url)
  await other.isIn()
  await ada.button('Log out everywhere').click()
  await page.getByText('You are logged out on all devices.').waitFor()
  await other.isLoggedOut()
  await page.locator('#username').fill('ada')
  await page.locator('#password').fill('battery staple horse')
  await ada.button('Log in').click()
  await ada.isIn()

  await ada.button('Your account').click()
  await page.locator('summary', { hasText: 'Delete the account' }).click()
  await page.locator('#delete-name').fill('bob')
  await ada.button('Delete the account').click()
  await says('That is not your name')
  await page.locator('#delete-name').fill('ada')
  await ada.button('Delete the account').click()
  await page.getByText('Your account is deleted.').waitFor()
  t.same(await kept(ada), [0, 0, 0, 0])
  t.same([...ada.complaints, ...other.complaints], [])
})
