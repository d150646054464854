// The window itself: scrolling, phones, several windows, and a network that goes away.
import type { Page } from 'playwright-core'
import { t as file, test } from 'tap'
import { startApp } from '../../support/app.ts'
import { openBrowser, seatUser } from '../../support/browser.ts'
import { Relay } from '../relay.ts'
import { signedUp, twoInRoom, Visitor } from './visitor.ts'

const browser = await openBrowser(file)

const PHONE = { width: 360, height: 640 }

/** Settles when the line is visible, and never if it is not. */
const COMES_INTO_VIEW = `(line) => new Promise((seen) => {
  new IntersectionObserver(([entry]) => entry.isIntersecting && seen()).observe(line)
})`

/** The pixels of the log below the visible part. */
function hiddenBelow(page: Page): Promise<number> {
  const measure = 'log.scrollHeight - log.scrollTop - log.clientHeight'
  return page.evaluate(
    `(() => { const log = document.getElementById('log'); return ${measure} })()`,
  )
}

function overflow({ page }: Visitor): Promise<number> {
  return page.evaluate('document.documentElement.scrollWidth - innerWidth')
}

test('a reader at the end follows; one who scrolled up is told, and can come down', async (t) => {
  const { url } = await startApp(t)
  const seat = { url, viewport: PHONE, room: 'chat:scroll' }
  const [ada, bob] = await twoInRoom(t, browser, seat)
  for (let line = 1; line <= 20; line += 1) await bob.say(`line ${line}`)
  const last = await ada.sees('received', 'line 20')
  await last.evaluate(COMES_INTO_VIEW)
  t.ok((await hiddenBelow(ada.page)) < 48, 'it follows')

  await ada.page.locator('#log').hover()
  await ada.page.mouse.wheel(0, -2_000)
  await ada.lines('received').first().click()
  await bob.say('you missed this')
  await ada.button('1 new message').waitFor()
  t.ok((await hiddenBelow(ada.page)) > 48, 'the reader is left in peace')
  await ada.button('1 new message').click()
  await ada.page.locator('#newest').waitFor({ state: 'hidden' })
  await (await ada.sees('received', 'you missed this')).evaluate(COMES_INTO_VIEW)
  t.same([...ada.complaints, ...bob.complaints], [])
})

test('a phone sees everything without scrolling sideways', async (t) => {
  const { url } = await startApp(t)
  const ada = await Visitor.at(await seatUser(t, browser, PHONE), `${url}/plain/`)
  t.equal(await overflow(ada), 0)
  await ada.signUp('a-rather-long-name-of-32-letters')
  t.equal(await overflow(ada), 0)
  await ada.open('chat:lobby')
  await ada.say(`${'unbroken'.repeat(60)}\n${'words '.repeat(60)}`)
  await ada.sendFile({ name: `${'name'.repeat(40)}.dat`, bytes: Buffer.from('x') })
  await ada.areDelivered(2)
  t.equal(await overflow(ada), 0)
  for (const name of ['Open', 'Close', 'Send', 'Send a file', 'Log out']) {
    const box = await ada.button(name).boundingBox()
    t.ok(box && box.x >= 0 && box.x + box.width <= PHONE.width, `${name} is in sight`)
    t.ok(box && box.height >= 44 && box.width >= 44, `${name} is big enough for a thumb`)
  }
  const composer = await ada.message.boundingBox()
  t.ok(composer && composer.y + composer.height <= PHONE.height, 'one can write')
  t.same(ada.complaints, [])
})

test('two windows of one user hear each other', async (t) => {
  const { url } = await startApp(t)
  const first = await signedUp(t, browser, { url })
  await first.open('chat:desk')
  const second = await Visitor.at(first.page.context(), `${url}/plain/#chat:desk`)
  await second.isIn('open')
  await second.say('from the second')
  t.equal(await first.textOf('received', 1), 'from the second')
  await first.say('from the first')
  t.equal(await second.textOf('received', 1), 'from the first')
  t.equal(await first.page.title(), 'Usher')
  t.same([...first.complaints, ...second.complaints], [])
})

test('when the server goes away the page says so, and comes back with it', async (t) => {
  const relay = await new Relay().listen(t)
  const { url } = await startApp(t, { origins: [relay.url] })
  relay.leadTo(url)
  const seat = { url: relay.url, viewport: PHONE, room: 'chat:storm' }
  const [ada, bob] = await twoInRoom(t, browser, seat)
  await relay.cut()
  await ada.page.locator('#state', { hasText: /coming back\s+in \d+ s/ }).waitFor()
  await ada.sees('note', /cannot be reached/)
  t.equal(await overflow(ada), 0, 'the longest state fits a phone')
  await ada.say('into the void')
  await ada.sees('note', /no connection/i)
  await relay.mend()
  await ada.isIn('open')
  await ada.sees('note', /Back in chat:storm/)
  await bob.isIn('open')
  await ada.button('Send').click()
  t.equal(await bob.textOf('received', 1), 'into the void')
  await ada.areDelivered(1)
  t.same([...ada.complaints, ...bob.complaints], [])
})

test('when the network goes away the page asks at once, not after 30 s of silence', async (t) => {
  const { url } = await startApp(t)
  const ada = await signedUp(t, browser, { url })
  await ada.open('chat:tunnel')
  await ada.page.context().setOffline(true)
  await ada.sees('note', 'The server stopped answering.')
  await ada.page.context().setOffline(false)
  await ada.sees('note', /Back in chat:tunnel/)
  await ada.isIn('open')
  t.same(ada.complaints, [])
})

test('the page is sent with a policy that forbids everything inline and foreign', async (t) => {
  const { url } = await startApp(t)
  const answer = await fetch(`${url}/plain/`)
  const policy = answer.headers.get('content-security-policy') ?? ''
  for (const part of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"]) {
    t.match(policy, part)
  }
  t.notMatch(policy, /unsafe/)
  t.notMatch(await answer.text(), /<style|<script>|\sstyle=|\son[a-z]+=|https?:\/\//)
})

test('old lines are dropped, and their files with them', async (t) => {
  const { url } = await startApp(t)
  const ada = await Visitor.at(await seatUser(t, browser), `${url}/plain/`)
  const print = `
    import('/plain/message-list.js').then(({ MessageList }) => {
      const revoked = []
      URL.revokeObjectURL = (file) => revoked.push(file)
      const [scroller, list, newest] = ['div', 'ol', 'button'].map((name) =>
        document.createElement(name))
      const lines = new MessageList({ scroller, list, newest, linesMax: 3 })
      const print = (content) =>
        lines.print({ direction: 'received', content, time: new Date() })
      for (const byte of [1, 2, 3, 4]) print(new Uint8Array([byte]))
      print('text')
      const kept = list.childElementCount
      const dropped = revoked.length
      lines.clear()
      return [kept, dropped, list.childElementCount, new Set(revoked).size]
    })`
  t.same(await ada.page.evaluate(print), [3, 2, 0, 4])
  t.same(ada.complaints, [])
})
