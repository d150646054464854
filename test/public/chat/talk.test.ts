// People talk in the chat, by real clicks and keys.
import { randomBytes } from 'node:crypto'
import { t as file, test } from 'tap'
import { startApp } from '../../support/app.ts'
import { openBrowser } from '../../support/browser.ts'
import { until } from '../../support/until.ts'
import { Visitor } from './visitor.ts'

const browser = await openBrowser(file)

async function twoPeople(t: Parameters<typeof startApp>[0], room: string) {
  const { url } = await startApp(t)
  const ada = await Visitor.signedUp(t, browser, { url, name: 'ada' })
  const bob = await Visitor.signedUp(t, browser, { url, name: 'bob' })
  for (const visitor of [ada, bob]) await visitor.join(room)
  await bob.hasParticipants(room, 2)
  return { url, ada, bob }
}

test('two people talk: names, presence, typing, links, and marks that rise to read', async (t) => {
  const { ada, bob } = await twoPeople(t, 'kitchen')
  await ada.page.getByText('2 here: ada, bob').waitFor()
  await bob.message.pressSequentially('H')
  await ada.page.locator('#typing', { hasText: 'bob is typing…' }).waitFor()
  await bob.say('Have a look at https://example.org/menu.')
  const heard = await ada.sees('Have a look')
  t.equal(await heard.locator('.sender').textContent(), 'bob')
  t.equal(await heard.getByRole('link').getAttribute('href'), 'https://example.org/menu')
  await bob.marked('Have a look', 'read')

  await bob.page.locator('#room-list').waitFor()
  await bob.join('elsewhere')
  await ada.say('<b>bold</b> & مرحبا')
  await ada.marked('bold', 'delivered')
  const room = bob.room('kitchen')
  await room.locator('.badge', { hasText: '1' }).waitFor()
  t.match(await room.textContent(), 'ada: <b>bold</b> & مرحبا', 'the last message in the list')
  await room.click()
  await ada.marked('bold', 'read')
  await room.locator('.badge').waitFor({ state: 'detached' })
  t.same([...ada.complaints, ...bob.complaints], [])
})

test('a room by its link: history on scrolling up, and a refusal in words', async (t) => {
  const { url, app } = await startApp(t)
  const say = (number: number) => app.usher.publish('chat:long', { text: `line ${number}.` })
  for (let number = 1; number <= 130; number += 1) await say(number)
  const ada = await Visitor.signedUp(t, browser, { url, name: 'ada' })
  await ada.page.goto(`${url}/#room=chat:long`)
  await ada.sees('line 130.')
  await ada.page.locator('#log').hover()
  while ((await ada.messages('line 1.').count()) === 0) {
    await ada.page.mouse.wheel(0, -1_500)
    await ada.page.locator('#older').waitFor({ state: 'hidden' })
  }
  const expected = Array.from({ length: 130 }, (_, index) => `line ${index + 1}.`)
  t.same(await ada.texts(), expected, 'each once, in order')

  const first = ada.messages('line 1.').first()
  await ada.page.mouse.wheel(0, -20_000)
  // Not by waitForFunction: looking a second time it evaluates a text, which the page forbids.
  await until(() => ada.page.evaluate('document.querySelector("#log").scrollTop === 0'))
  const before = await first.boundingBox()
  await say(131)
  await ada.button('1 new message').waitFor()
  t.same(await first.boundingBox(), before)
  await ada.button('1 new message').click()
  await ada.page.locator('#newest').waitFor({ state: 'hidden' })

  await ada.page.goto(`${url}/#room=user:eve`)
  await ada.page.locator('#log-empty').getByText('You may not enter this room.').waitFor()
  await ada.page.goto(`${url}/#room=chat:long`)
  await ada.sees('line 131.')
  t.same(ada.complaints, [])
})

test('replies, taking back, pictures, files, and search', async (t) => {
  const { ada, bob } = await twoPeople(t, 'desk')
  await ada.say('the original')
  await bob.sees('the original')
  await bob.act('the original', 'Reply')
  await bob.say('an answer')
  t.match(await (await ada.sees('an answer')).locator('.quote').textContent(), 'adathe original')
  await ada.sees('an answer')

  await ada.act('the original', 'Take back')
  await bob.sees('This message was taken back')
  t.notOk((await bob.texts()).includes('the original'))

  const picture = await ada.page.screenshot()
  await ada.sendFile('stage.png', 'image/png', picture)
  await bob.page.getByRole('img', { name: 'Picture stage.png' }).waitFor()
  await ada.sendFile('cue.dat', 'application/octet-stream', randomBytes(30_000))
  await bob.page.locator('#messages').getByText('cue.dat').waitFor()
  await ada.sendFile('film.dat', 'application/octet-stream', randomBytes(60_000))
  await ada.page.getByText(/film\.dat.*at most 4\d KB can be sent/).waitFor()

  await bob.button('Search in this room').click()
  await bob.page.getByLabel('Search the loaded messages').fill('ANSWER')
  await bob.page.getByText('1 of 1').waitFor()
  t.same([...ada.complaints, ...bob.complaints], [])
})
