// The pages under a prefix, in a real browser, beside a page of the application itself.
import files from '@fastify/static'
import { t as file, test } from 'tap'
import { Visitor } from '../public/plain/visitor.ts'
import { openBrowser, openWindow, seatUser } from '../support/browser.ts'
import { startHost } from './host.ts'

const browser = await openBrowser(file)

const asked = (paths: string[]): boolean => paths.every((path) => path.startsWith('/rt'))

test('people talk on the page under /rt, and nothing is asked from elsewhere', async (t) => {
  const root = t.testdir({ 'index.html': 'theirs', 'app.js': 'throw new Error("theirs")' })
  const paths: string[] = []
  const { url, app } = await startHost(t, {
    before: async (app) => {
      app.addHook('onRequest', async (request) => void paths.push(request.url))
      await app.register(files, { root })
    },
  })
  const ada = await Visitor.at(await seatUser(t, browser), `${url}/rt/plain`)
  t.equal(new URL(ada.page.url()).pathname, '/rt/plain/', 'it was redirected to its files')
  const bob = await Visitor.at(await seatUser(t, browser), `${url}/rt/plain/`)
  await ada.signUp('ada')
  await bob.signUp('bob')
  await ada.open('chat:lobby')
  await bob.open('chat:lobby')
  await ada.say('hello')
  t.equal(await bob.textOf('received', 1), 'hello')
  await ada.areDelivered(1)
  await bob.page.getByText(/^2 here: ad/).waitFor()
  t.equal(new URL(ada.page.url()).pathname + new URL(ada.page.url()).hash, '/rt/plain/#chat:lobby')
  await app.usher.publish('chat:lobby', 'from the application')
  t.equal(await ada.textOf('received', 1), 'from the application')
  await ada.page.reload()
  await ada.isIn('open')
  await ada.button('Log out').click()
  await ada.isLoggedOut()
  t.ok(asked(paths), paths.filter((path) => !asked([path])).join())
  t.same([...ada.complaints, ...bob.complaints], [])
})

test('the page that explains the API stands under the prefix as well', async (t) => {
  const { url } = await startHost(t)
  const { page, complaints } = await openWindow(await seatUser(t, browser), `${url}/rt/docs`)
  await page.getByRole('heading', { name: /^Usher/ }).waitFor()
  await page.getByText('/rt/tickets').first().waitFor()
  t.same(complaints, [])
})

for (const ignoreTrailingSlash of [true, false]) {
  const how = ignoreTrailingSlash ? 'ignores' : 'minds'
  test(`/rt leads to /rt/ in an application that ${how} slashes`, async (t) => {
    const { url } = await startHost(t, { server: { routerOptions: { ignoreTrailingSlash } } })
    const ask = async (path: string) => {
      const { status, headers } = await fetch(url + path, { redirect: 'manual' })
      return { status, to: headers.get('location') }
    }
    t.same(await ask('/rt'), { status: 302, to: '/rt/' })
    t.same(await ask('/rt?a=//b'), { status: 302, to: '/rt/?a=//b' })
    t.same(await ask('/rt/'), { status: 200, to: null })
    t.same(await ask('/rt/plain'), { status: 302, to: '/rt/plain/' })
  })
}

test('pages: false leaves them out', async (t) => {
  const { url } = await startHost(t, { options: { pages: false } })
  for (const path of ['/rt', '/rt/', '/rt/chat/app.js', '/rt/docs', '/rt/docs/json']) {
    t.equal((await fetch(url + path)).status, 404, path)
  }
  t.equal((await fetch(`${url}/rt/health/live`)).status, 200)
})

test('pages: true stands at the root of an application that has none', async (t) => {
  const { url } = await startHost(t, { options: { prefix: '', pages: true } })
  t.match(await (await fetch(url)).text(), /<title>Usher<\/title>/)
})
