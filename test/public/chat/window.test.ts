// The window of the chat: what it weighs, for whom it works, on small screens and by keys alone.
import { readFileSync } from 'node:fs'
import { t as file, type Test, test } from 'tap'
import { startApp } from '../../support/app.ts'
import { openBrowser, seatUser } from '../../support/browser.ts'
import { Visitor } from './visitor.ts'

const browser = await openBrowser(file)
const AXE = readFileSync(
  new URL('../../../node_modules/axe-core/axe.min.js', import.meta.url),
  'utf8',
)
const SMALL = { width: 320, height: 568 }
const KB = 1024

/** What axe has against what is shown now. */
async function faults({ page }: Visitor): Promise<string[]> {
  await page.evaluate(AXE)
  const named =
    "({ id, nodes: [{ html, failureSummary }] }) => [id, html, failureSummary].join(' ')"
  return page.evaluate(`axe.run().then(({ violations }) => violations.map(${named}))`)
}

const overflow = ({ page }: Visitor): Promise<number> =>
  page.evaluate('document.documentElement.scrollWidth - innerWidth')

async function fits(t: Test, visitor: Visitor, view: string): Promise<void> {
  t.same(await faults(visitor), [], `${view}: axe`)
  t.equal(await overflow(visitor), 0, `${view}: no scrolling sideways`)
}

test('the first view is under 250 KB on the wire, the SDK included', async (t) => {
  const { url } = await startApp(t)
  const context = await seatUser(t, browser)
  let bytes = 0
  const hosts = new Set<string>()
  context.on('requestfinished', async (request) => {
    hosts.add(new URL(request.url()).host)
    // The worker asks again, for later.
    const sizes = request.serviceWorker() === null ? await request.sizes().catch(() => null) : null
    if (sizes !== null) bytes += sizes.responseBodySize + sizes.responseHeadersSize
  })
  const ada = await Visitor.at(context, url)
  await ada.isLoggedOut()
  await ada.page.waitForLoadState('networkidle')
  t.ok(bytes > 20 * KB && bytes < 250 * KB, `${Math.round(bytes / KB)} KB`)
  t.same([...hosts], [new URL(url).host], 'and nothing is asked from elsewhere')
  t.same(ada.complaints, [])
})

test('every view has no fault by axe and fits 320 px, light and dark', async (t) => {
  const { url } = await startApp(t)
  const ada = await Visitor.at(await seatUser(t, browser, SMALL), url)
  await ada.isLoggedOut()
  await fits(t, ada, 'log-in')
  const bob = await Visitor.signedUp(t, browser, { url, name: 'bob', viewport: SMALL })
  await fits(t, bob, 'rooms')
  await bob.button('Join a room').click()
  await fits(t, bob, 'joining')
  await bob.page.keyboard.press('Escape')
  await bob.join(`a-rather-long-name-${'of-a-room-'.repeat(8)}`)
  await bob.say(`${'unbroken'.repeat(60)}\n${'words '.repeat(60)}`)
  await bob.sendFile(`${'name'.repeat(30)}.dat`, 'text/plain', Buffer.from('x'))
  await bob.messages(/\.dat/).waitFor()
  await bob.act('unbroken', 'Reply')
  await fits(t, bob, 'room')
  await bob.page.emulateMedia({ colorScheme: 'dark' })
  await fits(t, bob, 'room in the dark')
  await bob.button('Search in this room').click()
  await bob.messages('unbroken').first().focus()
  await bob.page.keyboard.press('Enter')
  await fits(t, bob, 'search, and one message')
  await bob.page.keyboard.press('Escape')
  await bob.page.locator('#room-title').click()
  await fits(t, bob, 'people')
  await bob.button('Done').click()
  await bob.button('Back to the rooms').click()
  await bob.button('Your account').click()
  for (const name of ['Change the password', 'Delete the account']) {
    await bob.page.getByText(name).first().click()
  }
  await fits(t, bob, 'account')
  t.same([...ada.complaints, ...bob.complaints], [])
})

test('keys alone are enough: join, write, answer, take back, log out', async (t) => {
  const { url } = await startApp(t)
  const ada = await Visitor.signedUp(t, browser, { url, name: 'ada' })
  const { keyboard } = ada.page
  const tabTo = async (name: string) => {
    const there = `document.activeElement?.ariaLabel === '${name}'
      || document.activeElement?.textContent?.trim() === '${name}'`
    for (let presses = 0; presses < 30; presses += 1) {
      if (await ada.page.evaluate(there)) return
      await keyboard.press('Tab')
    }
    throw new Error(`${name} cannot be reached`)
  }
  await tabTo('Join a room')
  await keyboard.press('Enter')
  await keyboard.type('keys')
  await keyboard.press('Enter')
  await ada.isInRoom('keys')
  await keyboard.type('by keys')
  await keyboard.press('Enter')
  await ada.marked('by keys', 'sent')
  await keyboard.press('ArrowUp')
  await keyboard.press('Enter')
  await tabTo('Reply')
  await keyboard.press('Enter')
  await keyboard.type('an answer')
  await keyboard.press('Enter')
  await ada.marked('an answer', 'sent')
  await keyboard.press('ArrowUp')
  await keyboard.press('ArrowUp')
  await keyboard.press('Enter')
  await tabTo('Take back')
  await keyboard.press('Enter')
  await ada.sees('This message was taken back')
  await tabTo('Your account')
  await keyboard.press('Enter')
  await tabTo('Log out')
  await keyboard.press('Enter')
  await ada.isLoggedOut()
  t.same(ada.complaints, [])
})
