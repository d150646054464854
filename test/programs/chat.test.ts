// Three people at the chat in three browsers, one of them with a second device: the states of one
// message as they change, one offline and back, and a restart of the server in the middle.
// USHER_SCREENSHOTS names a folder for pictures of it, on a phone and a desk, light and dark.
import { join } from 'node:path'
import { type BrowserContext, devices, type Page } from 'playwright-core'
import { type Test, test } from 'tap'
import { Visitor } from '../public/chat/visitor.ts'
import { Relay } from '../public/relay.ts'
import { openBrowser } from '../support/browser.ts'
import { freePort } from '../support/free-port.ts'
import { addressOf, spawnServer } from '../support/server-process.ts'

const { USHER_SCREENSHOTS: pictures } = process.env

async function picture({ page }: { page: Page }, name: string): Promise<void> {
  if (pictures === undefined) return
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    await page.screenshot({ path: join(pictures, `${name}-${colorScheme}.png`) })
  }
}

/** The same server again, on the same port and folder. */
async function service(t: Test, origins: string) {
  const env = {
    ...{ PORT: String(await freePort()), USHER_DATA: t.testdir(), USHER_DRAIN_SECONDS: '1' },
    ...{ USHER_ORIGINS: origins, NODE_ENV: 'test' },
  }
  let server = spawnServer({ env })
  t.teardown(() => server.end('SIGTERM'))
  const url = await addressOf(server)
  const restart = async () => {
    await server.end('SIGTERM')
    server = spawnServer({ env })
    await addressOf(server)
  }
  return { url, restart }
}

/** What a screen shows of the room, from top to bottom. */
async function showTheSame(t: Test, people: readonly Visitor[], texts: string[]): Promise<void> {
  for (const [index, visitor] of people.entries()) {
    await visitor.sees(texts.at(-1) ?? '')
    t.same(await visitor.texts(), texts, `screen ${index}`)
  }
}

async function secondDevice(context: BrowserContext, of: Visitor, url: string): Promise<Visitor> {
  await context.addCookies(await of.page.context().cookies())
  const visitor = await Visitor.at(context, `${url}/#room=chat:trio`)
  await visitor.isInRoom('trio')
  return visitor
}

test('three people, four screens: nothing is lost, doubled, or out of order', async (t) => {
  const browser = await openBrowser(t)
  const relay = await new Relay().listen(t)
  const { url, restart } = await service(t, relay.url)
  relay.leadTo(url)
  const ada = await Visitor.signedUp(t, browser, { url, name: 'ada' })
  const phone = { width: 390, height: 844 }
  const bob = await Visitor.signedUp(t, browser, { url, name: 'bob', viewport: phone })
  const cleo = await Visitor.signedUp(t, browser, { url: relay.url, name: 'cleo' })
  const screens = [ada, bob, cleo]
  for (const visitor of screens) await visitor.join('trio')
  await ada.hasParticipants('trio', 3)

  await relay.cut()
  await bob.button('Back to the rooms').click()
  await ada.say('one')
  await ada.marked('one', 'sent')
  await picture(ada, 'desk-sent')
  await relay.mend()
  await ada.marked('one', 'delivered')
  await picture(ada, 'desk-delivered')
  await bob.room('trio').locator('.badge').waitFor()
  await picture(bob, 'phone-unread')
  await bob.room('trio').click()
  await ada.marked('one', 'read')
  await picture(ada, 'desk-read')
  await picture(bob, 'phone-read')
  await showTheSame(t, screens, ['one'])

  const second = await browser.newContext({ ...devices['Pixel 7'] })
  t.teardown(() => second.close())
  const tablet = await secondDevice(second, ada, url)
  await bob.say('two')
  await bob.marked('two', 'read')
  await relay.cut()
  await cleo.say('four')
  await cleo.marked('four', 'sending')
  await picture(cleo, 'desk-offline')
  await ada.say('three')
  await bob.sees('three')
  await restart()
  await relay.mend()
  await cleo.marked('four', 'read')
  await showTheSame(t, [...screens, tablet], ['one', 'two', 'three', 'four'])
  await tablet.say('five')
  await showTheSame(t, [...screens, tablet], ['one', 'two', 'three', 'four', 'five'])
  await ada.marked('five', 'read')
  await picture(ada, 'desk-end')
  await picture(tablet, 'phone-end')
  const complaints = [...screens, tablet].flatMap(({ complaints }) => complaints)
  t.same(complaints, [])
})
