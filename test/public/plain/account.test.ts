// The account at the page: sign up, log in, reload, log out.
import { t as file, test } from 'tap'
import { startApp } from '../../support/app.ts'
import { openBrowser, seatUser } from '../../support/browser.ts'
import { PASSWORD, signedUp, Visitor } from './visitor.ts'

const browser = await openBrowser(file)

const isRefused = (field: unknown) =>
  (field as { matches(css: string): boolean }).matches(':invalid')

test('signing up logs in; a taken name is reported, and can be changed', async (t) => {
  const { url } = await startApp(t)
  const ada = await Visitor.at(await seatUser(t, browser), `${url}/plain/`)
  await ada.isLoggedOut()
  await ada.signUp('ada')
  t.equal(await ada.page.locator('#who').textContent(), 'ada')

  const other = await Visitor.at(await seatUser(t, browser), `${url}/plain/`)
  await other.button('Sign up').click()
  await other.enter('ada', 'short')
  await other.button('Sign up').click()
  t.equal(await other.page.getByLabel('Password').evaluate(isRefused), true, 'too short')
  await other.enter('ada', PASSWORD)
  await other.button('Sign up').click()
  await other.sentence.filter({ hasText: /taken/i }).waitFor()
  await other.page.getByLabel('Username').fill('bob')
  await other.button('Sign up').click()
  await other.isAtLogIn()
  t.same([...ada.complaints, ...other.complaints], [])
})

test('a wrong password is reported; the right one logs in; Enter is enough', async (t) => {
  const { url } = await startApp(t)
  const ada = await signedUp(t, browser, { url })
  await ada.button('Log out').click()
  await ada.isLoggedOut()

  await ada.logIn('ada', 'not the password')
  await ada.sentence.filter({ hasText: /\w+ .*\w+/ }).waitFor()
  t.equal(await ada.page.getByLabel('Room', { exact: true }).isVisible(), false)

  await ada.page.getByLabel('Password').fill(PASSWORD)
  await ada.page.getByLabel('Password').press('Enter')
  await ada.isAtLogIn()
  t.equal(await ada.page.getByLabel('Password').inputValue(), '', 'the password is not kept')
  t.same(ada.complaints, [])
})

test('a reload keeps one logged in and in the room; nothing is kept in storage', async (t) => {
  const { url } = await startApp(t)
  const ada = await signedUp(t, browser, { url })
  await ada.page.reload()
  await ada.isAtLogIn()
  await ada.open('chat:reload')
  await ada.page.reload()
  await ada.isIn('open')
  t.equal(new URL(ada.page.url()).hash, '#chat:reload')

  const kept = await ada.page.evaluate(
    '[localStorage.length, sessionStorage.length, document.cookie]',
  )
  t.same(kept, [0, 0, ''])
  await ada.button('Close').click()
  await ada.page.reload()
  await ada.isAtLogIn()
  await ada.isIn('closed')
  t.same(ada.complaints, [])
})

test('logging out closes every window of the session', async (t) => {
  const { url } = await startApp(t)
  const first = await signedUp(t, browser, { url })
  await first.open('chat:lobby')
  const second = await Visitor.at(first.page.context(), `${url}/plain/`)
  await second.isAtLogIn()
  await second.open('chat:lobby')

  await first.button('Log out').click()
  await first.isLoggedOut()
  await second.isLoggedOut()
  await second.sentence.filter({ hasText: /logged out/ }).waitFor()
  t.equal(await first.page.locator('#lines > li').count(), 0, 'nothing is left to read')
  await first.page.reload()
  await first.isLoggedOut()
  t.same([...first.complaints, ...second.complaints], [])
})

test('a server that does not answer at first leaves one logged in', async (t) => {
  const { url } = await startApp(t)
  const ada = await signedUp(t, browser, { url })
  const context = ada.page.context()
  await context.route('**/session', (route) => route.abort())
  await ada.page.reload()
  await ada.sentence.filter({ hasText: /cannot be reached/ }).waitFor()
  await context.unroute('**/session')
  await ada.isAtLogIn()
  t.equal(await ada.page.locator('#account').isVisible(), false)
  t.same(ada.complaints, [])
})
