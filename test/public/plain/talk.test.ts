// Two users talk in a room, by real clicks.
import { randomBytes } from 'node:crypto'
import { t as file, type Test, test } from 'tap'
import { startApp } from '../../support/app.ts'
import { openBrowser } from '../../support/browser.ts'
import { twoInRoom } from './visitor.ts'

const browser = await openBrowser(file)

async function twoPeople(t: Test, room: string) {
  const { url } = await startApp(t)
  return twoInRoom(t, browser, { url, room })
}

test('both talk, and text arrives byte for byte', async (t) => {
  const [ada, bob] = await twoPeople(t, 'chat:lobby')
  const texts = [
    'Hello, room!',
    '🎭👩‍👩‍👧 naïve Ωmega \u202e back',
    '"double" \'single\' `tick` & &amp; \\n %20',
    '<script>alert(1)</script><img src=x onerror=alert(1)>',
    '  two\n  lines,\n\n\tand a tab  ',
  ]
  for (const [index, text] of texts.entries()) {
    await ada.say(text)
    t.equal(await bob.textOf('received', index + 1), text)
    t.equal(await ada.textOf('sent', index + 1), text)
  }
  await bob.message.pressSequentially('typed')
  await bob.message.press('Shift+Enter')
  await bob.message.pressSequentially('in two lines')
  await bob.message.press('Enter')
  t.equal(await ada.textOf('received', 1), 'typed\nin two lines')
  t.equal(await bob.message.inputValue(), '', 'the input is cleared')

  await ada.areDelivered(texts.length)
  await bob.areDelivered(1)
  t.equal(await ada.lines('received').count(), 1, 'an echo is a mark, not a line')
  t.equal(await bob.lines('received').count(), texts.length)
  t.same([...ada.complaints, ...bob.complaints], [])
})

test('a small file arrives byte for byte; a big or an empty one is refused in words', async (t) => {
  const [ada, bob] = await twoPeople(t, 'chat:files')
  const bytes = randomBytes(20_000)
  await ada.sendFile({ name: 'cue sheet.dat', bytes })
  await ada.areDelivered(1)
  const link = bob.lines('received').getByRole('link')
  const received = await bob.download(link)
  t.ok(received.bytes.equals(bytes))
  t.match(received.name, /^received-\d{4}\.bin$/)
  t.match(await link.textContent(), '19.5 KB')
  const sent = await ada.download(ada.lines('sent').getByRole('link'))
  t.same(sent, { name: 'cue sheet.dat', bytes })

  const largest = randomBytes(65_536)
  await bob.sendFile({ name: 'largest.dat', bytes: largest })
  const largestLink = ada.lines('received').getByRole('link')
  t.ok((await ada.download(largestLink)).bytes.equals(largest))

  await ada.sendFile({ name: 'big.dat', bytes: randomBytes(65_537) })
  await ada.sees('note', /big\.dat.*too big: 65537 bytes.*64 KB/)
  await ada.sendFile({ name: 'empty.dat', bytes: Buffer.alloc(0) })
  await ada.sees('note', /empty\.dat.*empty/)
  await ada.say('é'.repeat(40_000))
  await ada.sees('note', /This message is too big: 78.1 KB/)
  t.equal((await ada.message.inputValue()).length, 40_000, 'the text is not lost')
  await ada.isIn('open')
  t.same([...ada.complaints, ...bob.complaints], [])
})

test('a picture is shown, by its bytes and not its name; a page never is', async (t) => {
  const [ada, bob] = await twoPeople(t, 'chat:pictures')
  const bytes = await ada.page.screenshot({ clip: { x: 0, y: 0, width: 60, height: 40 } })
  await ada.sendFile({ name: 'poster.txt', bytes })
  const preview = bob.lines('received').getByRole('img')
  await preview.waitFor()
  await preview.evaluate((image) => (image as unknown as { decode(): Promise<void> }).decode())
  t.match(await bob.lines('received').getByRole('link').textContent(), /\.png/)

  await ada.sendFile({ name: 'page.png', bytes: Buffer.from('<script>alert(1)</script>') })
  await bob.lines('received').nth(1).waitFor()
  t.equal(await bob.lines('received').getByRole('img').count(), 1)
  t.same([...ada.complaints, ...bob.complaints], [])
})

test('without a connection nothing is sent, and the page says so', async (t) => {
  const [ada, bob] = await twoPeople(t, 'chat:closing')
  await ada.say('')
  await ada.say('  \n ')
  await ada.button('Close').click()
  await ada.isIn('closed')
  await ada.say('anybody?')
  await ada.sees('note', /no connection/i)
  t.equal(await ada.message.inputValue(), 'anybody?', 'the text is not lost')
  await ada.sendFile({ name: 'a.dat', bytes: Buffer.from('a') })
  t.equal(await ada.lines('sent').count(), 0)

  await ada.button('Open').click()
  await ada.isIn('open')
  await ada.button('Send').click()
  t.equal(await bob.textOf('received', 1), 'anybody?', 'empty input never went out')
  t.same([...ada.complaints, ...bob.complaints], [])
})

test('opening again closes the first; another room starts on an empty page', async (t) => {
  const [ada, bob] = await twoPeople(t, 'chat:one')
  const opening = ada.page.waitForEvent('websocket')
  await ada.open('chat:one')
  const second = await opening
  await bob.say('once')
  await ada.sees('received', 'once')
  await bob.areDelivered(1)
  const closing = second.waitForEvent('close')
  await ada.open('chat:two')
  await closing
  t.equal(await ada.lines('received').count(), 0)
  await bob.say('not for ada')
  await bob.areDelivered(2)
  await bob.open('chat:two')
  await bob.say('hello again')
  t.equal(await ada.textOf('received', 1), 'hello again')
  t.equal(await ada.lines('received').count(), 1)
  t.same([...ada.complaints, ...bob.complaints], [])
})

test('a room that is forbidden, or has no valid name, is refused in words', async (t) => {
  const [ada] = await twoPeople(t, 'chat:lobby')
  const room = ada.page.getByLabel('Room', { exact: true })
  await room.fill('no spaces')
  await room.press('Enter')
  await ada.sentence.filter({ hasText: /room name/ }).waitFor()
  await ada.isIn('open')
  await room.fill('user:somebody-else')
  await room.press('Enter')
  await ada.isIn('closed')
  t.match(await ada.lines('note').last().textContent(), /\w+ \w+/)
  t.same(ada.complaints, [])
})

test('without echo a line has no mark and is there once', async (t) => {
  const [ada, bob] = await twoPeople(t, 'live:pointers')
  await ada.say('no echo')
  t.equal(await bob.textOf('received', 1), 'no echo')
  await bob.say('none here either')
  t.equal(await ada.textOf('received', 1), 'none here either')
  await ada.page.locator('#lines > [data-direction="sent"]:not([data-mark])').waitFor()
  await ada.button('Close').click()
  t.notMatch(await ada.lines('sent').textContent(), /confirmed|✓/)
  t.same([...ada.complaints, ...bob.complaints], [])
})

test('the page tells who is in the room', async (t) => {
  const [ada, bob] = await twoPeople(t, 'chat:names')
  const missing: string[] = []
  ada.page.on('response', (answer) => {
    if (answer.status() === 404) missing.push(answer.url())
  })
  await bob.page.getByText(/^2 here/).waitFor()
  await bob.button('Close').click()
  await bob.page.getByText(/^2 here/).waitFor({ state: 'hidden' })
  await ada.button('Close').click()
  await ada.button('Open').click()
  await ada.page.getByText(/^1 here/).waitFor()
  t.same(missing, [], 'it asks for nothing that the server does not have')
  t.same([...ada.complaints, ...bob.complaints], [])
})
